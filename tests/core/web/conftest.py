"""The web layer's portal: the made-up module, a filled copy of two customers, and who is signed in."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from ebok_core import Viewer
from ebok_core.db import Database, search_key
from ebok_core.tytan import copy
from ebok_core.tytan import state as copy_state

HERE = Path(__file__).parent


def _load(name: str) -> ModuleType:
    """A file beside this one; importlib mode keeps test folders off sys.path."""
    if f"web_tests_{name}" not in sys.modules:
        spec = importlib.util.spec_from_file_location(f"web_tests_{name}", HERE / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[f"web_tests_{name}"] = module
        spec.loader.exec_module(module)
    return sys.modules[f"web_tests_{name}"]


MARIA = Viewer(
    account_id="a",
    kind="customer",
    login="maria",
    display_name="Maria Zielińska",
    permissions=frozenset({"probe.read"}),
    customer_codes=("1-01001",),
    customer_code="1-01001",
)
EWA = Viewer(account_id="e", kind="staff", login="ewa", display_name="Ewa Kurek", permissions=frozenset({"probe.read"}))


@pytest.fixture
def maria_viewer() -> Viewer:
    return MARIA


@pytest.fixture
def ewa() -> Viewer:
    """A clerk."""
    return EWA


@pytest.fixture
def probe() -> ModuleType:
    """The made-up module's file."""
    return _load("probe")


@pytest.fixture
def modules(probe: ModuleType) -> list[Any]:
    return [probe.probe()]


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Viewer | None], None]:
    """Say who is signed in: `signed_in(MARIA)`."""

    def sign_in(viewer: Viewer | None) -> None:
        for place in ("zones", "errors"):
            monkeypatch.setattr(f"ebok_core.web.{place}.signed_in_viewer", lambda: viewer)

    sign_in(MARIA)
    return sign_in


@pytest.fixture
def filled(database: Database, clock: Any) -> Iterator[Database]:
    """The copy: A with 45 documents, three a day so that orders have ties, B with one; taken an hour ago."""
    customer = {"customer_type": "Osoba fizyczna", "status": "Normalny", "house_no": "1", "postal_code": "62-999"}
    customer |= {
        "city": "Brzozowa Struga",
        "registered_on": date(2015, 1, 1),
        "balance": Decimal("29.20"),
        "search_text": "",
        "change_no": 1,
    }
    with database.refresher.begin() as connection:
        connection.execute(
            copy.customers.insert(),
            [
                {**customer, "code": "1-01001", "name": "Maria Zielińska"},
                {**customer, "code": "1-01002", "name": "Piotr Łęcki"},
                {**customer, "code": "1-01003", "name": "Lucyna Zet"},
            ],
        )
        connection.execute(copy.invoices.insert(), [_invoice(n, "1-01001") for n in range(45)])
        connection.execute(copy.invoices.insert(), [_invoice(900, "1-01002")])
        connection.execute(copy_state.state.delete())
        moment = clock.now_utc() - timedelta(hours=1)
        connection.execute(copy_state.state.insert(), {"id": 1, "as_of": moment, "attempted_at": moment})
    yield database


def _invoice(n: int, code: str) -> dict[str, Any]:
    number = f"R. 2026/{n:06}"
    return {
        "number": number,
        "customer_code": code,
        "kind": "interest" if n % 5 == 0 else "invoice",
        "issued_on": date(2026, 11, 20) - timedelta(days=n // 3 * 30),
        "due_on": date(2026, 12, 4),
        "net": Decimal("100.00"),
        "vat": Decimal("8.00"),
        "gross": Decimal("1234.50") + n,
        "to_pay": Decimal("10.97") if n < 4 else Decimal(0),
        "corrected_invoice": f"R. 2025/{n:06}" if n % 7 == 0 else None,
        "has_xml": False,
        "seller_name": "Wodociągi",
        "seller_nip": "1234563218",
        "seller_address": "ul. Źródlana 5",
        "buyer_name": "Maria Zielińska",
        "buyer_address": "ul. Lipowa 12",
        "search_text": search_key(number),
        "change_no": n + 1,
    }


@pytest.fixture
def maria(app: Flask, signed_in: Any, filled: Database) -> Any:
    """Maria's browser on the filled portal; the form token has its own tests."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()
