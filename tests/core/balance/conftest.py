"""The balance's pages beside a made-up module that deals in money; the reader of pages is that of the customer room."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_SOURCE = Path(__file__).parents[1] / "customer" / "conftest.py"
_spec = importlib.util.spec_from_file_location("customer_conftest", _SOURCE)
_customer = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _customer
_spec.loader.exec_module(_customer)

kasa, modules, read = _customer.kasa, _customer.modules, _customer.read
