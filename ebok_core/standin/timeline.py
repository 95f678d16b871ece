"""The six years that a generated history covers, cut into settlement periods. Days are ordinals."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

HISTORY_MONTHS = 72
SUMMER = range(4, 11)
"""The months in which gardens are watered."""


class Period(NamedTuple):
    """A settlement period: first and last day, the first days of its months, how many of them are summer months."""

    first: int
    last: int
    months: tuple[int, ...]
    summer: int


def month_start(number: int) -> date:
    """The first day of a month that is numbered year × 12 + month − 1."""
    return date(number // 12, number % 12 + 1, 1)


def month_number(day: date) -> int:
    """The number of the month in which a day lies: year × 12 + month − 1."""
    return day.year * 12 + day.month - 1


def period(month: int, cycle: int) -> Period:
    """The period of `cycle` months that begins with this month."""
    numbers = range(month, month + cycle)
    months = tuple(month_start(number).toordinal() for number in numbers)
    last = month_start(month + cycle).toordinal() - 1
    return Period(months[0], last, months, sum(number % 12 + 1 in SUMMER for number in numbers))


@lru_cache(maxsize=16)
def periods(as_of: date, cycle: int, phase: int) -> tuple[Period, ...]:
    """All periods of a cycle of 1 or 3 months from six years ago to the one that holds `as_of`, oldest first."""
    end = month_number(as_of)
    start = end - HISTORY_MONTHS
    start += (phase - start) % cycle
    return tuple(period(month, cycle) for month in range(start, end + 1, cycle))


def history_start(as_of: date) -> date:
    """The first day that any generated document can speak of."""
    return month_start(month_number(as_of) - HISTORY_MONTHS)


def days_before(as_of: date, days: int) -> date:
    """A day so many days ago."""
    return as_of - timedelta(days=days)
