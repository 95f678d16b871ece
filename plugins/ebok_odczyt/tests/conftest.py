"""A small utility: customer A with a main, a garden and a radio-read meter at two points, customer B with one meter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from ebok_core import Viewer
from ebok_core.testing.databases import insert
from ebok_core.tytan import copy
from ebok_odczyt import plugin
from ebok_odczyt.permissions import SEE, SUBMIT

A, B = "1-01001", "1-02002"
M1, M2, M3, OLD, FOREIGN = "W1", "W2", "W3", "W0", "W9"
LAST = date(2026, 8, 31)


@pytest.fixture
def modules():
    """The portal under test has e-Odczyt alone."""
    return [plugin]


def viewer(code: str = A, **changes) -> Viewer:
    given = {
        "account_id": f"account-{code}",
        "kind": "customer",
        "login": code,
        "display_name": "Maria Zielińska",
        "permissions": frozenset({SEE.key, SUBMIT.key}),
        "customer_codes": (code,),
        "customer_code": code,
        "email": f"{code}@example.pl",
    }
    return Viewer(**{**given, **changes})


@pytest.fixture
def make_viewer():
    """Build a customer's viewer: `make_viewer("1-01001", email=None)`."""
    return viewer


@pytest.fixture
def viewer_a() -> Viewer:
    return viewer(A)


@pytest.fixture
def viewer_b() -> Viewer:
    return viewer(B)


@pytest.fixture
def put(runtime):
    """Put rows into the copy: `put.meter(…)`, `put.reading(…)`, `put.point(…)`; `put.change(view, id, **values)`."""

    def adds(view, build):
        return lambda *given, **changes: insert(runtime, view, [build(*given, **changes)])

    def change(view: str, key: str, **values) -> None:
        table = copy.copy_table(next(v for v in runtime.portal.copy_tables if v.view == view))
        with runtime.database.refresher.begin() as connection:
            connection.execute(sa.update(table).where(table.c[table.info["view"].key[0]] == key).values(**values))

    return SimpleNamespace(
        point=adds("ebok_service_points", point),
        meter=adds("ebok_meters", meter),
        reading=adds("ebok_readings", reading),
        change=change,
    )


def point(code: str, customer: str, **changes) -> dict:
    given = {
        "code": code,
        "customer_code": customer,
        "name": "Dom",
        "street": "ul. Lipowa",
        "house_no": "12",
        "flat_no": None,
        "postal_code": "62-999",
        "city": "Brzozowa Struga",
        "registered_on": date(2013, 4, 22),
        "status": "Aktywny",
        "changed_on": None,
        "service": "Woda i ścieki",
        "contract_number": None,
        "contract_valid_to": None,
        "search_text": code,
        "change_no": 1,
    }
    return {**given, **changes}


def meter(id_: str, number: str, point_code: str, customer: str = A, **changes) -> dict:
    given = {
        "id": id_,
        "meter_number": number,
        "point_code": point_code,
        "role": "main",
        "parent_id": None,
        "meter_group": None,
        "installed_on": date(2013, 4, 22),
        "installed_value": Decimal(0),
        "removed_on": None,
        "removed_value": None,
        "producer": None,
        "meter_type": None,
        "diameter_mm": 20,
        "digits": 5,
        "connection_owner": None,
        "legalization_year": None,
        "legalization_valid_to": None,
        "active": True,
        "status": "Aktywny",
        "changed_on": None,
        "seal_number": None,
        "radio_module_number": None,
        "radio_module_type": None,
        "last_read_on": None,
        "last_value": None,
        "customer_code": customer,
        "search_text": number,
        "change_no": 1,
    }
    return {**given, **changes}


def reading(
    id_: str, meter_id: str, read_on: date, value, point_code: str = "403-1001-0", customer: str = A, **changes
):
    given = {
        "id": id_,
        "meter_id": meter_id,
        "point_code": point_code,
        "customer_code": customer,
        "read_on": read_on,
        "reading_value": Decimal(value),
        "consumption_m3": None,
        "reading_method": "reader",
        "status": "settled",
        "reason": None,
        "invoice_number": None,
        "message_id": None,
        "change_no": 1,
    }
    return {**given, **changes}


POINTS = [
    point("403-1001-0", A),
    point("403-1001-1", A, name="Działka", street="ul. Nad Strugą", house_no="7"),
    point("403-2002-0", B),
]
METERS = [
    meter(M1, "12CB050038", "403-1001-0", legalization_valid_to="2018.12"),
    meter(
        M2,
        "21GR004417",
        "403-1001-0",
        role="garden",
        parent_id=M1,
        meter_group="Ogród",
        installed_on=date(2021, 4, 1),
        legalization_valid_to="2029.12",
    ),
    meter(
        M3,
        "19IZ118820",
        "403-1001-1",
        radio_module_number="R-1",
        last_read_on=date(2026, 11, 23),
        last_value=Decimal("87.345"),
    ),
    meter(FOREIGN, "15XX000001", "403-2002-0", B),
]
# M1 uses 36 m³ a year, in quarters; M2 30 m³ each summer.
READINGS = [
    *(
        reading(f"R1-{n}", M1, day, value, consumption_m3=Decimal(9), invoice_number=f"R. 2026/{n:06d}")
        for n, (day, value) in enumerate(
            [
                (date(2025, 2, 28), 367),
                (date(2025, 5, 31), 376),
                (date(2025, 8, 31), 385),
                (date(2025, 11, 30), 394),
                (date(2026, 2, 28), 403),
                (date(2026, 5, 31), 412),
                (LAST, 421),
            ],
            start=1,
        )
    ),
    reading("R2-1", M2, date(2025, 8, 31), 10),
    reading("R2-2", M2, LAST, 40),
    reading("R3-1", M3, date(2026, 11, 23), "87.345", "403-1001-1", reading_method="radio"),
    reading("R9-1", FOREIGN, LAST, 500, "403-2002-0", B),
]


@pytest.fixture
def world(runtime, clock):
    """The copy of the small utility, on 24 November 2026 at 9:00 in Warsaw: the reading window is open."""
    insert(runtime, "ebok_service_points", POINTS)
    insert(runtime, "ebok_meters", METERS)
    insert(runtime, "ebok_readings", READINGS)
    return runtime
