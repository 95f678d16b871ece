"""Late-payment interest: per document days × rate × amount. Source: billing.md §8.4.

What is counted here is information: only a note of TYTAN makes interest a receivable (§8.4 rule 7).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from .days import effective_due
from .rates import Rates

GROSZ = Decimal("0.01")
DAYS_A_YEAR = 365
_DAY = timedelta(days=1)
# How notes call a day as a unit.
DAY_UNITS = frozenset({"dzień", "dni", "d", "doba"})


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Days `first` to `last`, both counted, at one rate on one principal; `amount` is exact, not rounded."""

    first: date
    last: date
    rate: Decimal
    principal: Decimal

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1

    @property
    def amount(self) -> Decimal:
        """Principal × rate × days / 365, also in leap years (rule 3)."""
        return self.principal * self.rate * self.days / (100 * DAYS_A_YEAR)


@dataclass(frozen=True, kw_only=True)
class Document:
    """An open document that bears interest.

    `payments` are part payments `(day, amount)`; `charged_days` how many days, counted from the first one, notes have
    charged already.
    """

    number: str
    amount: Decimal
    due_on: date
    payments: tuple[tuple[date, Decimal], ...] = ()
    charged_days: int = 0


@dataclass(frozen=True, kw_only=True)
class Accrual:
    """The interest that grew on a document and that no note has charged yet, in złoty."""

    document: Document
    segments: tuple[Segment, ...]
    amount: Decimal

    @property
    def days(self) -> int:
        """The days it grew."""
        return sum(segment.days for segment in self.segments)


def accrual_of(document: Document, until: date, rates: Rates) -> Accrual:
    """The interest on a document up to a day, that day counted."""
    charged_to = effective_due(document.due_on) + timedelta(days=document.charged_days)
    parts = segments(
        document.amount, document.due_on, until, rates=rates, payments=document.payments, charged_to=charged_to
    )
    return Accrual(document=document, segments=tuple(parts), amount=rounded(parts))


def segments(
    principal: Decimal,
    due_on: date,
    until: date,
    *,
    rates: Rates,
    payments: Iterable[tuple[date, Decimal]] = (),
    charged_to: date | None = None,
) -> list[Segment]:
    """Stretches of one rate and one principal from the day after the moved due date to `until`, which counts too.

    A part payment lowers the principal from the next day (rule 5); `charged_to` is the last day charged before.
    """
    start = max(effective_due(due_on), charged_to or due_on) + _DAY
    paid = sorted(payments)
    cuts = {start, *(day for day, _ in rates), *(day + _DAY for day, _ in paid)}
    starts = sorted(day for day in cuts if start <= day <= until)
    found = []
    for first, following in zip(starts, [*starts[1:], until + _DAY], strict=False):
        left = principal - sum((amount for day, amount in paid if day < first), Decimal(0))
        if left > 0:
            found.append(Segment(first=first, last=following - _DAY, rate=_rate_on(first, rates), principal=left))
    return found


def rounded(parts: Sequence[Segment]) -> Decimal:
    """The interest of all segments, rounded once, half up, to the grosz (rule 4)."""
    return sum((part.amount for part in parts), Decimal(0)).quantize(GROSZ, ROUND_HALF_UP)


def interest(principal: Decimal, due_on: date, paid_on: date, rates: Rates) -> Decimal:
    """The interest on a principal in złoty that was due and was paid whole on these days."""
    return rounded(segments(principal, due_on, paid_on, rates=rates))


def names(text: str, number: str) -> bool:
    """Whether a note's line is about a document: it holds the number, and no longer one around it."""
    before, found, after = text.partition(number)
    return bool(found) and not before[-1:].isalnum() and not (after[:1].isalnum() or after[:1] == "/")


def charged_days(number: str, lines: Iterable[tuple[str, str, Decimal]]) -> int:
    """How many days of a document the lines `(name, unit, quantity)` of interest notes charge."""
    return sum(int(quantity) for name, unit, quantity in lines if unit in DAY_UNITS and names(name, number))


def _rate_on(day: date, rates: Rates) -> Decimal:
    """Percent a year on a day; before the first entry of the table the first one holds."""
    return rates[max(bisect_right(rates, day, key=lambda entry: entry[0]) - 1, 0)][1]
