"""Buying and listing passes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import Viewer, clock, runtime_settings
from ebok_core.db import uuid7
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _

from . import rules
from .models import Pass
from .settings import PoolConfigSchema

NEWEST = 50


class PassRow(NamedTuple):
    """A pass as its list shows it; `price` in złoty."""

    id: str
    entries_left: int
    price: Decimal
    bought_at: datetime
    valid_to: date


_OWN = (
    sa.select(Pass.id, Pass.entries_left, Pass.price, Pass.bought_at, Pass.valid_to)
    .where(Pass.customer_code == sa.bindparam("customer_code"))
    .order_by(Pass.bought_at.desc(), Pass.id)
    .limit(NEWEST)
)
_ALL = sa.select(Pass.customer_code, sa.func.count(), sa.func.sum(Pass.entries_left)).group_by(Pass.customer_code)


def passes_of(session: Session, viewer: Viewer) -> list[PassRow]:
    """The newest passes of the customer whom the viewer acts for."""
    return [PassRow._make(row) for row in session.execute(_OWN, {"customer_code": viewer.customer_code})]


def passes_by_customer(session: Session) -> list[tuple[str, int, int]]:
    """Customer code, number of passes, entries left."""
    return [(code, count, left) for code, count, left in session.execute(_ALL.order_by(Pass.customer_code))]


def price_of(session: Session) -> Decimal:
    """What a pass costs now, in złoty."""
    price: Decimal = runtime_settings.get(session, PoolConfigSchema).price
    return price


def buy(session: Session, viewer: Viewer, seen_price: Decimal, valid_days: int) -> Pass:
    """Sell a pass at the price that the customer saw. Raises `Refused` when it has changed in the meantime."""
    price = price_of(session)
    if price != seen_price:
        raise Refused(_("The price has just changed. Look at it again."), code="price_changed")
    bought = Pass(
        id=uuid7(),
        customer_code=viewer.customer_code,
        account_id=viewer.account_id,
        entries_left=rules.ENTRIES,
        price=price,
        bought_at=clock.now_utc(),
        valid_to=rules.valid_to(clock.today(), valid_days),
    )
    session.add(bought)
    return bought


def delete_old(session: Session, before: date) -> int:
    """Delete passes that ended before a day; returns how many."""
    deleted = sa.delete(Pass).where(Pass.valid_to < before)
    return int(session.connection().execute(deleted).rowcount)
