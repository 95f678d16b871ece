"""The care of the sign-in tables: what is over is closed, what is old is deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.background import Every, Job
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _

from . import rules, sessions
from .factor import rules as factor
from .factor.models import FactorRemoval, SignInStep
from .models import DelayCounter, LoginEvent, OneTimeLink, Registration, SignInSession
from .recovery import jobs as recovery
from .registration import rules as registration

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


def close_and_forget(runtime: Runtime) -> str | None:
    """Close sessions whose time is over, so that their owners see it; delete what is kept long enough (§10.5)."""
    now = clock.now_utc()
    with runtime.database.unit_of_work() as session:
        closed = sessions.end_lapsed(session, runtime.settings)
        deleted = 0
        for table, column, kept in (
            (SignInSession.__table__, "ended_at", rules.KEEP_SESSIONS),
            (LoginEvent.__table__, "at", rules.KEEP_LOGINS),
            (DelayCounter.__table__, "updated_at", rules.KEEP_COUNTERS),
            (OneTimeLink.__table__, "expires_at", rules.KEEP_LINKS),
            (SignInStep.__table__, "expires_at", timedelta(0)),
            (FactorRemoval.__table__, "expires_at", factor.KEEP_REMOVALS),
        ):
            deleted += session.execute(sa.delete(table).where(table.c[column] < now - kept)).rowcount
        deleted += _care_for_registrations(session) + recovery.forget(session)
    if not closed and not deleted:
        return None
    return gettext("Sessions closed: %(closed)s, old entries deleted: %(deleted)s", closed=closed, deleted=deleted)


def _care_for_registrations(session: Session) -> int:
    """Close those whose link lapsed, which forgets what was typed; delete the unfinished after seven days (§10.5)."""
    now, table = clock.now_utc(), Registration.__table__
    session.execute(
        sa.update(table)
        .where(table.c.state == registration.MAIL_SENT, table.c.expires_at <= now)
        .values(state=registration.EXPIRED, token_hash=None, proof=None)
    )
    old = sa.delete(table).where(
        table.c.state.in_(registration.UNFINISHED), table.c.started_at < now - registration.KEEP_UNFINISHED
    )
    return int(session.execute(old).rowcount)  # type: ignore[attr-defined]


JOBS = (
    Job(
        key="core.sign_in_care",
        title=_("Close ended sessions, delete old sign-in data"),
        run=close_and_forget,
        schedule=Every(interval=timedelta(minutes=10)),
    ),
)
