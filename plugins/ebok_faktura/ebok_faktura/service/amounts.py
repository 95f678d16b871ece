"""How much was charged and paid, by months: of one customer for the customer, of all for the office (L147, L149)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from ebok_core import Viewer, clock
from ebok_core.tytan import reads

from .. import rules
from ..rules import Family, Step, Stretch
from ..rules.states import ZERO
from . import selects
from .selects import MonthRow

# The statement's periods: how far back months and quarters go; years go over everything the copy holds.
MONTHS_BACK = {Step.MONTH: 11, Step.QUARTER: 35}
BEGINNING = date(2000, 1, 1)
OFFICE_MONTHS = 36
"""The office sees at most so many months at once (security.md S66)."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What was charged and what came in, in złoty, a value for each period; credits lower `bills`."""

    periods: tuple[Stretch, ...]
    bills: tuple[Decimal, ...]
    notes: tuple[Decimal, ...]
    paid: tuple[Decimal, ...]


def amounts(session: Session, viewer: Viewer, step: Step) -> Amounts:
    """A customer's statement by months (of a year), quarters (of three) or years (all). Two queries."""
    today = clock.today()
    first = rules.months_back(today, MONTHS_BACK[step]) if step in MONTHS_BACK else BEGINNING
    values = {"first": first, "last": today}
    charged = reads.rows(session, viewer, selects.CHARGED, as_=MonthRow, **values)
    received = reads.rows(session, viewer, selects.RECEIVED, as_=MonthRow, **values)
    return _amounts(charged, received, first, today, step)


def office_amounts(session: Session, step: Step, months: int) -> Amounts:
    """The whole utility's statement over the last months, at most `OFFICE_MONTHS`. Two queries; for the panel."""
    today = clock.today()
    first = rules.months_back(today, min(months, OFFICE_MONTHS) - 1)
    values = {"first": first, "last": today}
    charged = [MonthRow._make(row) for row in session.execute(selects.CHARGED, values)]
    received = [MonthRow._make(row) for row in session.execute(selects.RECEIVED, values)]
    return _amounts(charged, received, first, today, step)


def amounts_between(session: Session, first: date, until: date) -> Amounts:
    """The whole utility's amounts from a day to the day before another, as one period. Two queries; for the panel."""
    values = {"first": first, "last": until - timedelta(days=1)}
    charged = [MonthRow._make(row) for row in session.execute(selects.CHARGED, values)]
    received = [MonthRow._make(row) for row in session.execute(selects.RECEIVED, values)]
    found = _amounts(charged, received, first, values["last"], Step.MONTH)
    return Amounts(
        periods=found.periods[:1],
        bills=(sum(found.bills, ZERO),),
        notes=(sum(found.notes, ZERO),),
        paid=(sum(found.paid, ZERO),),
    )


def _amounts(charged: Sequence[MonthRow], received: Sequence[MonthRow], first: date, last: date, step: Step) -> Amounts:
    if step not in MONTHS_BACK:
        first = min((date(int(x.year), int(x.month), 1) for x in (*charged, *received)), default=last)
    periods = rules.stretches(first, last, step)
    late = (Family.INTEREST, Family.DEMAND)
    bills = _months(x for x in charged if rules.family_of(x.kind) not in late)
    notes = _months(x for x in charged if rules.family_of(x.kind) in late)
    paid = {month: -amount for month, amount in _months(received).items()}
    return Amounts(
        periods=tuple(periods),
        bills=tuple(rules.added_up(bills, periods)),
        notes=tuple(rules.added_up(notes, periods)),
        paid=tuple(rules.added_up(paid, periods)),
    )


def _months(rows: Iterable[MonthRow]) -> Mapping[tuple[int, int], Decimal]:
    found: dict[tuple[int, int], Decimal] = {}
    for row in rows:
        month = (int(row.year), int(row.month))
        found[month] = found.get(month, ZERO) + row.amount
    return found
