"""The checklist that every module passes."""

from __future__ import annotations

from ebok_core.testing import ModuleConformance
from ebok_odczyt import plugin


class TestOdczyt(ModuleConformance):
    """e-Odczyt keeps the rules of modules."""

    module = plugin
