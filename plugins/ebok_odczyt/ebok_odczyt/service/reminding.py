"""Who still owes a reading while the window closes soon (P15). No viewer: for workers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import notifications
from ebok_core.tytan import copy

from .. import rules
from ..models import LIVE, Reading
from .facts import limits_of
from .sending import SUBMIT

_m, _r, _own, _p = copy.meters.c, copy.readings.c, Reading.__table__.c, notifications.PEOPLE.c
_UNREAD = sa.and_(
    _m.active,
    _m.removed_on.is_(None),
    _m.radio_module_number.is_(None),
    ~sa.exists().where(
        _r.customer_code == _m.customer_code,
        _r.meter_id == _m.id,
        _r.read_on >= sa.bindparam("opens"),
        _r.status != "rejected",
    ),
    ~sa.exists().where(_own.meter_id == _m.id, _own.read_on >= sa.bindparam("opens"), _own.status.in_(LIVE)),
)
_DUE = (
    sa.select(_p.account_id, _p.email, _p.locale, _p.customer_code, sa.func.count())
    .join_from(notifications.PEOPLE, copy.meters, _m.customer_code == _p.customer_code)
    .where(_p.email.is_not(None), _UNREAD)
    .group_by(_p.account_id, _p.email, _p.locale, _p.customer_code)
    .order_by(_p.customer_code, _p.account_id)
)


class Reminder(NamedTuple):
    """Somebody to remind: how many meters of the customer have no reading in the window that closes on `closes`."""

    account_id: str
    email: str
    locale: str
    customer_code: str
    count: int
    closes: date


def reminders_due(session: Session, today: date) -> list[Reminder]:
    """Everybody to be reminded today; nobody while the window is not about to close."""
    limits = limits_of(session)
    window = rules.window_at(today, limits)
    from_day = window.closes - timedelta(days=limits.remind_days_before)
    if not limits.remind_days_before or not window.holds(today) or today < from_day:
        return []
    rows = session.execute(_DUE, {"today": today, "opens": window.opens})
    return [Reminder(*row, window.closes) for row in rows]


def remind(session: Session, due: list[Reminder]) -> int:
    """Write the mails, one for each person, customer and window however often it is asked for; returns how many."""
    written = 0
    for reminder in due:
        sent = notifications.enqueue(
            session,
            "odczyt.window_closes",
            recipient=reminder.email,
            context={"count": reminder.count, "closes": reminder.closes, "path": SUBMIT},
            subject_type="odczyt.window",
            subject_id=f"{reminder.customer_code}/{reminder.closes.isoformat()}",
            locale=reminder.locale,
            customer_code=reminder.customer_code,
        )
        written += sent is not None
    return written
