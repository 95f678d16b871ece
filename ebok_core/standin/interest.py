"""Late-payment interest: rate tables and the way to count. Source: billing.md §8; pure, amounts in złoty."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import holidays

GROSZ = Decimal("0.01")
DAYS_A_YEAR = 365
SATURDAY = 5

Rates = tuple[tuple[date, Decimal], ...]


def _rates(text: str) -> Rates:
    pairs = (item.split() for item in text.split(";"))
    return tuple((date.fromisoformat(day), Decimal(percent)) for day, percent in pairs)


CONSUMER: Rates = _rates(
    "2008-12-15 13.00; 2014-12-23 8.00; 2016-01-01 7.00; 2020-03-18 6.50; 2020-04-09 6.00; 2020-05-29 5.60;"
    "2021-10-07 6.00; 2021-11-04 6.75; 2021-12-09 7.25; 2022-01-05 7.75; 2022-02-09 8.25; 2022-03-09 9.00;"
    "2022-04-07 10.00; 2022-05-06 10.75; 2022-06-09 11.50; 2022-07-08 12.00; 2022-09-08 12.25; 2023-09-07 11.50;"
    "2023-10-05 11.25; 2025-05-08 10.75; 2025-07-03 10.50; 2025-09-04 10.25; 2025-10-09 10.00; 2025-11-06 9.75;"
    "2025-12-04 9.50; 2026-03-05 9.25"
)
"""Percent a year from the day on, for consumers (§8.2)."""

COMMERCIAL: Rates = _rates(
    "2014-01-01 10.00; 2014-10-09 8.00; 2016-01-01 9.50; 2020-01-01 11.50; 2020-07-01 10.10; 2022-01-01 11.75;"
    "2022-07-01 16.00; 2023-01-01 16.75; 2024-01-01 15.75; 2025-07-01 15.25; 2026-01-01 14.00; 2026-07-01 13.75"
)
"""Percent a year from the day on, in commercial transactions (§8.3)."""


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
        """Principal × rate × days / 365, also in leap years (§8.4 rule 3)."""
        return self.principal * self.rate * self.days / (100 * DAYS_A_YEAR)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("PL", years=year))


@lru_cache(maxsize=4096)
def effective_due(due_on: date) -> date:
    """The due date, moved off Saturdays, Sundays and public holidays (art. 115 KC, §8.4 rule 1)."""
    while due_on.weekday() >= SATURDAY or due_on in _holidays(due_on.year):
        due_on += timedelta(days=1)
    return due_on


def rate_on(day: date, rates: Rates) -> Decimal:
    """Percent a year on a day; before the first entry of the table the first one holds."""
    return rates[max(bisect_right(rates, day, key=lambda entry: entry[0]) - 1, 0)][1]


def segments(
    principal: Decimal,
    due_on: date,
    until: date,
    *,
    rates: Rates = CONSUMER,
    payments: Iterable[tuple[date, Decimal]] = (),
    charged_to: date | None = None,
) -> list[Segment]:
    """Stretches of one rate and one principal between the due date and `until`, which counts too.

    `payments` are part payments (day, amount), which lower the principal from the next day (§8.4 rule 5); `charged_to`
    is the last day that an earlier note has charged.
    """
    first = max(effective_due(due_on), charged_to or date.min) + timedelta(days=1)
    paid = sorted((day, amount) for day, amount in payments if day < until)
    cuts = {first} | {day for day, _ in rates if first < day <= until}
    cuts |= {day + timedelta(days=1) for day, _ in paid if first <= day}
    starts = sorted(day for day in cuts if day <= until)
    found = []
    for start, following in zip(starts, [*starts[1:], until + timedelta(days=1)], strict=False):
        left = principal - sum((amount for day, amount in paid if day < start), Decimal(0))
        if left > 0:
            last = following - timedelta(days=1)
            found.append(Segment(first=start, last=last, rate=rate_on(start, rates), principal=left))
    return found


def rounded(parts: Sequence[Segment]) -> Decimal:
    """The interest of all segments, rounded once, half up, to the grosz (§8.4 rule 4)."""
    return sum((part.amount for part in parts), Decimal(0)).quantize(GROSZ, ROUND_HALF_UP)


def interest(principal: Decimal, due_on: date, paid_on: date, rates: Rates = CONSUMER) -> Decimal:
    """The interest on a principal in złoty that was due and was paid whole on these days."""
    return rounded(segments(principal, due_on, paid_on, rates=rates))
