"""What the worker does for access every day: both sides hear of an end that is near, what lapsed is closed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.background import Every, Job
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import ngettext
from ebok_core.identity.models import CustomerAccess

from . import mails, rules
from .models import Delegation

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

_D, _C = Delegation.__table__, CustomerAccess.__table__


def remind(runtime: Runtime) -> str | None:
    """Write to both sides 30 and 7 days before an access ends by itself, each once; close what lapsed."""
    told = tell_of_ends(runtime)
    return ngettext("%(n)s reminder of an end", "%(n)s reminders of ends", told) if told else None


def tell_of_ends(runtime: Runtime) -> int:
    """Write to both sides 30 and 7 days before an access ends by itself; close what lapsed. Returns how many mails."""
    today = clock.today()
    with runtime.database.unit_of_work() as session:
        _close_lapsed(session, today)
        near = sa.select(CustomerAccess).where(
            _C.c.revoked_at.is_(None),
            _C.c.valid_to >= today,
            _C.c.valid_to <= date.fromordinal(today.toordinal() + max(rules.REMIND_DAYS)),
        )
        told = 0
        for access in session.scalars(near.order_by(_C.c.id)):
            due = rules.reminder_due(today, access.valid_to or today, access.reminded_days)
            if due is not None:
                access.reminded_days = due
                told += _tell_of_end(session, access)
        return told


def _tell_of_end(session: Session, access: CustomerAccess) -> int:
    person = mails.person(session, access.account_id)
    is_given = access.source == rules.DELEGATION and access.granted_by is not None
    giver = mails.person(session, access.granted_by or "") if is_given else None
    for to, path in ((person, ""), (giver, mails.GIVEN_PATH)):
        if to is not None:
            mails.tell(
                session,
                mails.ENDS,
                to,
                ("core.access", access.id),
                path=path,
                person=person.display_name,
                code=access.customer_code,
                last_day=access.valid_to,
            )
    return 1 if giver is None else 2


def _close_lapsed(session: Session, today: date) -> None:
    lapsed = sa.or_(
        sa.and_(_D.c.state == rules.OFFERED, _D.c.expires_at <= clock.now_utc()),
        sa.and_(_D.c.state == rules.ACCEPTED, _D.c.valid_to < today),
    )
    session.execute(
        sa.update(_D)
        .where(lapsed)
        .values(state=rules.LAPSED, token_hash=None, ended_at=clock.now_utc())
        .execution_options(synchronize_session=False)
    )


JOBS = (
    Job(
        key="core.access_ends",
        title=_("Remind of accesses that end soon"),
        run=remind,
        schedule=Every(interval=timedelta(hours=6)),
    ),
)
