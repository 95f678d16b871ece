"""The copy as the customer's pages read it: small typed rows and the statements that fill them, built once.

Each NamedTuple's fields stand in the order of its statement's columns. `tytan.reads` adds the viewer's customers.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from ebok_core.db import at_most
from ebok_core.tytan import copy

from .rules import address_line

_c, _k, _p, _m = copy.customers.c, copy.contracts.c, copy.service_points.c, copy.meters.c
_r = copy.readings.c


class CustomerRow(NamedTuple):
    """A customer (`ebok_customers`); `balance` in złoty, positive is owed."""

    code: str
    name: str
    customer_type: str
    status: str
    street: str | None
    house_no: str | None
    flat_no: str | None
    postal_code: str
    city: str
    mailing_street: str | None
    mailing_house_no: str | None
    mailing_flat_no: str | None
    mailing_postal_code: str | None
    mailing_city: str | None
    email: str | None
    phone: str | None
    nip: str | None
    individual_account: str | None
    registered_on: date
    balance: Decimal

    @property
    def address(self) -> str:
        """The address of residence or of the seat, on one line."""
        return address_line(self.street, self.house_no, self.flat_no, self.postal_code, self.city)

    @property
    def mailing_address(self) -> str | None:
        """The address for letters on one line, where TYTAN keeps another one (L36)."""
        if not self.mailing_city:
            return None
        line = address_line(
            self.mailing_street,
            self.mailing_house_no,
            self.mailing_flat_no,
            self.mailing_postal_code or "",
            self.mailing_city,
        )
        return line if line != self.address else None


class ContractRow(NamedTuple):
    """A contract (`ebok_contracts`): one row a number."""

    number: str
    customer_code: str
    party: str
    name: str
    signed_on: date
    valid_from: date
    valid_to: date | None
    point_code: str
    point_name: str
    service: str
    individual_account: str | None
    recipient_type: str


class PointRow(NamedTuple):
    """A service point (`ebok_service_points`)."""

    code: str
    name: str
    street: str | None
    house_no: str | None
    flat_no: str | None
    postal_code: str
    city: str
    registered_on: date
    status: str
    changed_on: date | None
    service: str
    contract_number: str | None
    contract_valid_to: date | None

    @property
    def address(self) -> str:
        """The address of supply, on one line (L40)."""
        return address_line(self.street, self.house_no, self.flat_no, self.postal_code, self.city)


class MeterRow(NamedTuple):
    """A meter with its point (`ebok_meters`, `ebok_service_points`); states in m³."""

    id: str
    meter_number: str
    point_code: str
    point_name: str
    role: str
    parent_id: str | None
    meter_group: str | None
    installed_on: date
    installed_value: Decimal
    removed_on: date | None
    removed_value: Decimal | None
    producer: str | None
    meter_type: str | None
    diameter_mm: int | None
    digits: int
    connection_owner: str | None
    legalization_year: int | None
    legalization_valid_to: str | None
    active: bool
    status: str
    changed_on: date | None
    seal_number: str | None
    radio_module_number: str | None
    radio_module_type: str | None
    last_read_on: date | None
    last_value: Decimal | None


class PointName(NamedTuple):
    """A point as a filter offers it."""

    code: str
    name: str


class PointMeter(NamedTuple):
    """A meter as the list of service points shows it."""

    point_code: str
    id: str
    meter_number: str
    role: str
    status: str
    active: bool
    changed_on: date | None


class ContractRef(NamedTuple):
    """A contract as the start page links to it."""

    number: str
    valid_to: date | None


class ContractPoint(NamedTuple):
    """A point that a contract covers (L121-L123)."""

    code: str
    name: str
    service: str


class OldLegalization(NamedTuple):
    """A meter in use whose legalisation ends; `total` is how many there are."""

    id: str
    meter_number: str
    role: str
    legalization_valid_to: str
    total: int


class WaitingReading(NamedTuple):
    """A reading that TYTAN has and has not checked yet; the state in m³."""

    read_on: date
    reading_value: Decimal


def _columns(table: sa.Table, row: type) -> list[sa.Column]:
    return [table.c[name] for name in row._fields]  # type: ignore[attr-defined]


CUSTOMERS = sa.select(*_columns(copy.customers, CustomerRow)).order_by(_c.code)

ALL_CONTRACTS = sa.select(*_columns(copy.contracts, ContractRow))
CONTRACTS = ALL_CONTRACTS.order_by(_k.signed_on.desc(), _k.number)
CONTRACT_REFS = sa.select(*_columns(copy.contracts, ContractRef)).limit(at_most(2))
CONTRACT = ALL_CONTRACTS.where(_k.number == sa.bindparam("number"))
# The same as `rules.validity_of`, for filters; the parameters are `today` and `until`.
CONTRACT_ENDED = _k.valid_to < sa.bindparam("today", type_=sa.Date)
CONTRACT_RUNS = sa.or_(_k.valid_to.is_(None), _k.valid_to >= sa.bindparam("today", type_=sa.Date))
CONTRACT_ENDS = sa.and_(
    _k.valid_to >= sa.bindparam("today", type_=sa.Date), _k.valid_to <= sa.bindparam("until", type_=sa.Date)
)
CONTRACTS_ENDING = (
    sa.select(*_columns(copy.contracts, ContractRef)).where(CONTRACT_ENDS).order_by(_k.valid_to, _k.number)
)
POINTS_OF_CONTRACT = (
    sa.select(*_columns(copy.service_points, ContractPoint))
    .where(_p.contract_number == sa.bindparam("number"))
    .order_by(_p.code)
)

POINTS = sa.select(*_columns(copy.service_points, PointRow))
POINT = POINTS.where(_p.code == sa.bindparam("code"))
POINT_NAMES = sa.select(_p.code, _p.name).order_by(_p.code)
_METER_COLUMNS = [_p.name.label(name) if name == "point_name" else _m[name] for name in MeterRow._fields]
METERS = sa.select(*_METER_COLUMNS).join_from(copy.meters, copy.service_points, _m.point_code == _p.code)
_LISTED = (
    *("id", "meter_number", "point_code", "point_name", "role", "meter_group", "active", "status", "installed_on"),
    *("removed_on", "legalization_valid_to", "last_read_on", "last_value"),
)
METERS_OF_LIST = sa.select(*(_p.name.label(name) if name == "point_name" else _m[name] for name in _LISTED)).join_from(
    copy.meters, copy.service_points, _m.point_code == _p.code
)
METER = METERS.where(_m.id == sa.bindparam("id"))
_IN_USE_FIRST = (_m.active.desc(), _m.installed_on.desc(), _m.id)
METERS_OF_POINT = METERS.where(_m.point_code == sa.bindparam("code")).order_by(*_IN_USE_FIRST)
METERS_OF_POINTS = (
    sa.select(*_columns(copy.meters, PointMeter))
    .where(_m.point_code.in_(sa.bindparam("codes", expanding=True)))
    .order_by(_m.point_code, *_IN_USE_FIRST)
)
WAITING_READINGS = (
    sa.select(*_columns(copy.readings, WaitingReading))
    .where(_r.meter_id == sa.bindparam("id"), _r.status == "pending")
    .order_by(_r.read_on.desc(), _r.id)
)
RELATED_METERS = METERS.where(
    sa.or_(
        _m.point_code == sa.bindparam("code"), _m.id == sa.bindparam("parent_id"), _m.parent_id == sa.bindparam("id")
    )
).order_by(*_IN_USE_FIRST)
# The same as `rules.legalization_expired` for a meter in use; the parameter `month` is this month.
LEGALIZATION_RAN_OUT = sa.and_(
    _m.active,
    _m.removed_on.is_(None),
    # Written into the statement: SQLite compiles it anew each time a pattern is bound.
    _m.legalization_valid_to.like(sa.literal_column("'____.__'")),
    _m.legalization_valid_to < sa.bindparam("month", type_=sa.String),
)
OLD_LEGALIZATIONS = (
    sa.select(_m.id, _m.meter_number, _m.role, _m.legalization_valid_to, sa.func.count().over().label("total"))
    .where(LEGALIZATION_RAN_OUT)
    .order_by(_m.legalization_valid_to, _m.id)
    .limit(at_most(1))
)
