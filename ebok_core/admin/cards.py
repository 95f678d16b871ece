"""What the customer card shows: data, points, meters with their last states, people with access, what was sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.balance import service as money
from ebok_core.contracts.identity import Viewer
from ebok_core.customer import service as customer_service
from ebok_core.customer.rules import address_line
from ebok_core.customer.tytan import CustomerRow
from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.outbox.models import Message
from ebok_core.tytan import copy, reads, state

MOST_ROWS = 6

_p, _m = copy.service_points.c, copy.meters.c
_A, _ACCESS, _T = Account.__table__.c, CustomerAccess.__table__.c, Message.__table__.c


class PointRow(NamedTuple):
    """A service point; `total` is how many the customer has."""

    code: str
    name: str
    street: str | None
    house_no: str | None
    flat_no: str | None
    postal_code: str
    city: str
    status: str
    total: int

    @property
    def address(self) -> str:
        """The address of supply, on one line."""
        return address_line(self.street, self.house_no, self.flat_no, self.postal_code, self.city)


class MeterRow(NamedTuple):
    """A meter in use with its last state in m³; `total` is how many are in use."""

    meter_number: str
    point_code: str
    point_name: str
    last_read_on: date | None
    last_value: Decimal | None
    total: int


class Person(NamedTuple):
    """Somebody with access to the customer."""

    id: str
    login: str
    display_name: str
    email: str | None
    status: str
    role: str
    scope: str
    valid_to: date | None


class Sent(NamedTuple):
    """A message about the customer on its way to TYTAN or by mail, and where it stands."""

    kind: str
    subject_type: str
    target: str
    state: str
    accepted_at: datetime
    reason: str | None


_POINTS = (
    sa.select(*(_p[name] for name in PointRow._fields[:-1]), sa.func.count().over().label("total"))
    .order_by(_p.code)
    .limit(MOST_ROWS)
)
_METERS = (
    sa.select(
        _m.meter_number,
        _m.point_code,
        _p.name.label("point_name"),
        _m.last_read_on,
        _m.last_value,
        sa.func.count().over().label("total"),
    )
    .join_from(copy.meters, copy.service_points, _p.code == _m.point_code)
    .where(_m.active)
    .order_by(_m.last_read_on.desc(), _m.id)
    .limit(MOST_ROWS)
)
_PEOPLE = (
    sa.select(_A.id, _A.login, _A.display_name, _A.email, _A.status, _ACCESS.role, _ACCESS.scope, _ACCESS.valid_to)
    .join_from(CustomerAccess.__table__, Account.__table__, _A.id == _ACCESS.account_id)
    .where(
        _ACCESS.customer_code == sa.bindparam("code"),
        _ACCESS.revoked_at.is_(None),
        sa.or_(_ACCESS.valid_to.is_(None), _ACCESS.valid_to >= sa.bindparam("today", type_=sa.Date)),
    )
    .order_by(_ACCESS.created_at, _A.login_key)
    .limit(20)
)
_SENT = (
    sa.select(_T.kind, _T.subject_type, _T.target, _T.state, _T.accepted_at, _T.reason)
    .where(_T.customer_code == sa.bindparam("code"))
    .order_by(_T.accepted_at.desc(), _T.id.desc())
    .limit(MOST_ROWS)
)


@dataclass(frozen=True, kw_only=True)
class CustomerCard:
    """Everything that the card shows at a glance; `account` is None while no module deals in money."""

    customer: CustomerRow
    points: list[PointRow]
    meters: list[MeterRow]
    people: list[Person]
    sent: list[Sent]
    account: money.Account | None
    held: state.HeldBack | None

    @property
    def points_total(self) -> int:
        """How many service points there are."""
        return self.points[0].total if self.points else 0

    @property
    def meters_total(self) -> int:
        """How many meters are in use."""
        return self.meters[0].total if self.meters else 0


def reader(staff: Viewer, code: str) -> Viewer:
    """The member of staff, bound to this customer's rows of the copy."""
    return replace(staff, customer_codes=(code,), customer_code=code)


def customer(session: Session, staff: Viewer, code: str) -> CustomerRow:
    """The customer's own row. Raises `NotFound` for a code that the copy lacks."""
    return customer_service.customer(session, reader(staff, code))


def card(session: Session, staff: Viewer, code: str, *, with_money: bool) -> CustomerCard:
    """The customer at a glance. Raises `NotFound` for a code that the copy lacks."""
    own = reader(staff, code)
    row = customer(session, staff, code)
    values: dict[str, Any] = {"code": code, "today": clock.today()}
    return CustomerCard(
        customer=row,
        points=reads.rows(session, own, _POINTS, as_=PointRow),
        meters=reads.rows(session, own, _METERS, as_=MeterRow),
        people=[Person._make(row) for row in session.execute(_PEOPLE, values)],
        sent=[Sent._make(row) for row in session.execute(_SENT, {"code": code})],
        account=money.account(session, own, customer=row) if with_money else None,
        held=state.held_back(session, code),
    )
