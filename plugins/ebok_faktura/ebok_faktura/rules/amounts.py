"""Amounts by periods: months added up to quarters and years, without gaps (L147, L149)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

from .states import ZERO

Month = tuple[int, int]


class Step(Enum):
    """How long a period of a statement is; the value is its months."""

    MONTH = 1
    QUARTER = 3
    YEAR = 12


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A period of a statement, from its first month; `months` is its length."""

    year: int
    month: int
    months: int

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        following = self.year * 12 + self.month - 1 + self.months
        return date(following // 12, following % 12 + 1, 1) - timedelta(days=1)

    @property
    def quarter(self) -> int:
        """Which quarter of the year it begins in."""
        return (self.month - 1) // 3 + 1


def stretches(first: date, last: date, step: Step) -> list[Stretch]:
    """The periods from the one that holds the first day to the one that holds the last, oldest first."""
    length = step.value
    start = (first.year * 12 + first.month - 1) // length * length
    stop = last.year * 12 + last.month - 1
    return [Stretch(year=n // 12, month=n % 12 + 1, months=length) for n in range(start, stop + 1, length)]


def added_up(amounts: Mapping[Month, Decimal], periods: Iterable[Stretch]) -> list[Decimal]:
    """The amounts of months in each of the periods; 0.00 where there is none."""
    return [
        sum((amount for month, amount in amounts.items() if period.first <= date(*month, 1) <= period.last), ZERO)
        for period in periods
    ]


def months_back(today: date, months: int) -> date:
    """The first day of the month so many months before this one."""
    number = today.year * 12 + today.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
