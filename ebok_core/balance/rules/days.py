"""Days on which a payment can be due: not a Saturday, a Sunday or a public holiday. Source: billing.md §8.4."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

SATURDAY = 5
CHRISTMAS_EVE_SINCE = 2025
# Month and day of the holidays that do not move.
_FIXED = ((1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 25), (12, 26))
# Days after Easter Sunday: itself, Monday, Pentecost, Corpus Christi.
_AFTER_EASTER = (0, 1, 49, 60)
# The day off for a hundred years of independence.
_ONCE = frozenset({date(2018, 11, 12)})


@lru_cache(maxsize=128)
def holidays_of(year: int) -> frozenset[date]:
    """The public holidays of Poland in a year from 2011 on, Sundays apart."""
    fixed = [*_FIXED, (12, 24)] if year >= CHRISTMAS_EVE_SINCE else _FIXED
    easter = _easter(year)
    moving = (easter + timedelta(days=days) for days in _AFTER_EASTER)
    once = (day for day in _ONCE if day.year == year)
    return frozenset({*(date(year, month, day) for month, day in fixed), *moving, *once})


@lru_cache(maxsize=4096)
def effective_due(due_on: date) -> date:
    """The day until which a payment is in time: the due date, or the next working day after it (art. 115 KC)."""
    while due_on.weekday() >= SATURDAY or due_on in holidays_of(due_on.year):
        due_on += timedelta(days=1)
    return due_on


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the anonymous algorithm of 1876."""
    century, rest = divmod(year, 100)
    golden = year % 19
    leap, leap_rest = divmod(century, 4)
    moon = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * leap_rest + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)
