"""The utility's reading rules as it sets them, and the window in which readings count for the next bill (P15)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an administrator decides on the page *Reading rules*; the defaults are those of billing.md §10.4.

    Days of a month above its last mean its last; no `window_months` means each month; season months 0 mean all year.
    `outside_window` is `allow`, `question` or `stop`, `radio_meters` is `question` or `stop`.
    """

    window_from_day: int = 20
    window_to_day: int = 31
    window_months: tuple[int, ...] = ()
    outside_window: str = "question"
    remind_days_before: int = 3
    one_per_window: bool = True
    min_days_between: int = 0
    low_ratio: Decimal = Decimal("0.3")
    low_from_m3: int = 3
    high_ratio: Decimal = Decimal("2")
    high_excess_m3: int = 5
    very_high_ratio: Decimal = Decimal("5")
    very_high_excess_m3: int = 20
    daily_limit_m3: int = 20
    zero_after_days: int = 30
    zero_daily_m3: Decimal = Decimal("0.02")
    season_from_month: int = 0
    season_to_month: int = 0
    radio_meters: str = "stop"
    photo_required: bool = False


class Window(NamedTuple):
    """The days on which readings count for the next bill, both included."""

    opens: date
    closes: date

    def holds(self, day: date) -> bool:
        """Whether the window is open on the day."""
        return self.opens <= day <= self.closes


def window_at(day: date, limits: Limits) -> Window:
    """The window that is open on the day, or the next one.

    A window whose last day of the month lies before its first ends in the month after.
    """
    for number in range(day.year * 12 + day.month - 2, day.year * 12 + day.month + 14):
        if limits.window_months and number % 12 + 1 not in limits.window_months:
            continue
        later = number + (limits.window_to_day < limits.window_from_day)
        opens = last_of_month(number // 12, number % 12 + 1, limits.window_from_day)
        closes = last_of_month(later // 12, later % 12 + 1, limits.window_to_day)
        if closes >= day:
            return Window(opens, closes)
    raise ValueError("the months of the reading window are not between 1 and 12")


def in_season(day: date, limits: Limits) -> bool:
    """Whether garden meters count on the day; a season may go over the new year."""
    first, last = limits.season_from_month, limits.season_to_month
    if not first or not last:
        return True
    return first <= day.month <= last if first <= last else day.month >= first or day.month <= last


def last_of_month(year: int, month: int, day: int = 31) -> date:
    """The day of a month, or its last one when the month is shorter."""
    return date(year, month, min(day, monthrange(year, month)[1]))
