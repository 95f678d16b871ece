"""What the care of the sign-in tables forgets here (identity.md §10.5)."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock

from . import codes, rules
from .models import Alarm, EmailChange

KEEP_ALARMS = timedelta(days=365)


def forget(session: Session) -> int:
    """Forget printable codes; delete changes, letters and alarms that ended long enough ago; returns how many."""
    now, change, alarm = clock.now_utc(), EmailChange.__table__, Alarm.__table__
    deleted = codes.forget(session)
    old = now - rules.KEEP_ENDED
    ended = sa.or_(change.c.confirmed_at.is_(None), change.c.confirmed_at < old)
    deleted += session.execute(sa.delete(change).where(change.c.expires_at < old, ended)).rowcount  # type: ignore[attr-defined]
    deleted += session.execute(sa.delete(alarm).where(alarm.c.handled_at < now - KEEP_ALARMS)).rowcount  # type: ignore[attr-defined]
    return deleted
