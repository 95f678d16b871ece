"""Sessions that their owner ends everywhere, and "that was not me" (identity.md §6.8): an alarm for the office."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.admin import WorkItem
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.identity import accounts, notices, sessions
from ebok_core.identity.factor import steps
from ebok_core.identity.models import Account, LoginEvent
from ebok_core.identity.permissions import RESET_STAFF
from ebok_core.identity.signin import DUTY_PASSWORD

from .models import Alarm

_L, _A, _E = Alarm.__table__, Account.__table__, LoginEvent.__table__
_SIGN_IN = sa.select(_E.c.id, _E.c.at, _E.c.ip, _E.c.user_agent).where(
    _E.c.account_id == sa.bindparam("account_id"), _E.c.id == sa.bindparam("event_id"), _E.c.result == "ok"
)
_HASH = sa.select(_A.c.password_hash).where(_A.c.id == sa.bindparam("account_id"))
_OPEN = (
    sa.select(_L.c.id, _L.c.account_id, _L.c.raised_at, _L.c.signed_in_at, _L.c.ip, _L.c.user_agent)
    .add_columns(_A.c.kind, _A.c.login, _A.c.display_name)
    .join_from(_L, _A, _A.c.id == _L.c.account_id)
    .where(_L.c.handled_at.is_(None))
    .order_by(_L.c.raised_at)
    .limit(200)
)


class SignIn(NamedTuple):
    """A sign-in of the history that its owner points at."""

    id: str
    at: datetime
    ip: str | None
    user_agent: str


class Raised(NamedTuple):
    """An alarm that nobody has dealt with, and the sign-in that was pointed at, where one was."""

    id: str
    account_id: str
    raised_at: datetime
    signed_in_at: datetime | None
    ip: str | None
    user_agent: str | None
    kind: str
    login: str
    display_name: str


def sign_in_of(session: Session, viewer: Viewer, event_id: str) -> SignIn | None:
    """One successful sign-in of the viewer's own history."""
    row = session.execute(_SIGN_IN, {"account_id": viewer.account_id, "event_id": event_id}).first()
    return SignIn._make(row) if row else None


def raise_alarm(session: Session, viewer: Viewer, event_id: str = "") -> bool:
    """That was not me: every other session ends, this one only changes the password, the office gets work.

    The password of now opens nothing any more but the page that changes it, for whoever knows it. Returns whether there
    is one: who signs in by login.gov.pl alone has no password to change.
    """
    pointed = sign_in_of(session, viewer, event_id) if event_id else None
    ended = sessions.end_other_sessions(session, viewer, "not_me")
    has_password = session.scalar(_HASH, {"account_id": viewer.account_id}) is not None
    if has_password:
        sessions.set_duty(session, viewer.session_id or "", DUTY_PASSWORD)
        accounts.spoil_password(session, viewer.account_id)
    accounts.void_links(session, viewer.account_id)
    steps.void(session, viewer.account_id)
    session.add(
        Alarm(
            id=uuid7(),
            account_id=viewer.account_id,
            raised_at=clock.now_utc(),
            signed_in_at=pointed.at if pointed else None,
            ip=pointed.ip if pointed else None,
            user_agent=pointed.user_agent if pointed else None,
        )
    )
    session.flush()
    notices.tell_owner(session, notices.ALARM, viewer.account_id)
    audit.record(
        session,
        "core.alarm.raised",
        actor=viewer,
        object_type="account",
        object_id=viewer.account_id,
        after={"ended": ended, "sign_in": pointed.id if pointed else None},
    )
    return has_password


def sign_out_everywhere(session: Session, viewer: Viewer) -> int:
    """End all sessions of the viewer, this one too; returns how many."""
    ended = sessions.end_all(session, viewer.account_id, "signed_out")
    notices.tell_owner(session, notices.EVERYWHERE, viewer.account_id)
    audit.record(
        session,
        "core.session.all_ended",
        actor=viewer,
        object_type="account",
        object_id=viewer.account_id,
        after={"ended": ended},
    )
    return ended


# The office


def raised(session: Session, viewer: Viewer, account_id: str | None = None) -> list[Raised]:
    """Alarms that wait, the oldest first: all that the viewer may look after, or those of one account."""
    found = [Raised._make(row) for row in session.execute(_OPEN)]
    return [
        one
        for one in found
        if (one.kind == "customer" or viewer.may(RESET_STAFF)) and account_id in (None, one.account_id)
    ]


def work_items(viewer: Viewer, session: Session) -> list[WorkItem]:
    """Alarms as the office's work (L03)."""
    return [
        WorkItem(
            key=f"core.alarm.{one.id}",
            kind="core.alarm",
            title=_("%(name)s (%(login)s) says: that was not me", name=one.display_name, login=one.login),
            since=one.raised_at,
            endpoint="admin.recovery.person",
            arguments=(("account_id", one.account_id),),
        )
        for one in raised(session, viewer)
    ]


def handle(session: Session, viewer: Viewer, account_id: str) -> None:
    """The office has cleared the alarms of an account up. Raises `NotFound` where none waits."""
    done = session.execute(
        sa.update(_L)
        .where(_L.c.account_id == account_id, _L.c.handled_at.is_(None))
        .values(handled_at=clock.now_utc(), handled_by=viewer.account_id)
    )
    if not done.rowcount:
        raise NotFound(_("There is no such alarm."))
    audit.record(session, "core.alarm.handled", actor=viewer, object_type="account", object_id=account_id)
