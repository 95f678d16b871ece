"""Rules of access: kinds of groups, where a delegation stands, how long it may last, when its end is told."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

# The three kinds of groups (identity.md §8.4, features.md L153); their words are kept apart.
ACCESS_GROUP, RIGHTS_GROUP, RECIPIENTS_GROUP = GROUP_KINDS = ("access", "rights", "recipients")

# Where an access comes from: the source of `core_customer_access`.
DELEGATION, ADDED = "delegation", "registration"

# Where a delegation stands.
OFFERED, ACCEPTED, DECLINED, REVOKED, LEFT, LAPSED = "offered", "accepted", "declined", "revoked", "left", "lapsed"
OPEN = (OFFERED, ACCEPTED)

MOST_MONTHS = 24
OFFER_LIVES = timedelta(hours=72)
# How many days before its end an access is spoken of, the longest first.
REMIND_DAYS = (30, 7)
# With more customers than that the header leads to a page with a search.
MOST_IN_HEADER = 8
MOST_POINTS = 2000

_BETWEEN = re.compile(r"[\s,;]+")


def latest_end(today: date) -> date:
    """The last day that a delegation may have: 24 months from today, the month's last day where it is shorter.

    >>> latest_end(date(2026, 2, 28)), latest_end(date(2024, 2, 29))
    (datetime.date(2028, 2, 28), datetime.date(2026, 2, 28))
    """
    year = today.year + MOST_MONTHS // 12
    return date(year, today.month, min(today.day, calendar.monthrange(year, today.month)[1]))


def reminder_due(today: date, valid_to: date, reminded: int | None) -> int | None:
    """Which reminder of an end is to be sent today: 30, 7, or None; a reminder that was missed is not made up for.

    >>> today = date(2026, 11, 24)
    >>> reminder_due(today, date(2026, 12, 24), None), reminder_due(today, date(2026, 12, 1), 30)
    (30, 7)
    """
    left = (valid_to - today).days
    if left < 0:
        return None
    due = min((days for days in REMIND_DAYS if left <= days), default=None)
    return due if due is not None and (reminded is None or due < reminded) else None


def codes_of(typed: str) -> list[str]:
    """What was typed or pasted as a list, each once and in its order: between lines, spaces, commas, semicolons.

    >>> codes_of("1-00096; 1-00007\\n1-00096,")
    ['1-00096', '1-00007']
    """
    return list(dict.fromkeys(part for part in _BETWEEN.split(typed) if part))
