"""How long a pass is good for."""

from __future__ import annotations

from datetime import date, timedelta

ENTRIES = 10


def valid_to(bought_on: date, days: int) -> date:
    """The last day of a pass; the day of the purchase counts."""
    return bought_on + timedelta(days=days - 1)


def is_usable(entries_left: int, last_day: date, today: date) -> bool:
    """Tell whether somebody may swim with the pass today."""
    return entries_left > 0 and today <= last_day
