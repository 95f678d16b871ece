"""Sessions as rows: who a token belongs to, how long it lives, what its owner sees and ends (identity.md §6.4)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.audit import current_request
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.privacy import duties

from . import history, rules
from .access import reach
from .factor import steps as factor
from .models import Account, AccountRole, SignInSession

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime
    from ebok_core.settings import CoreSettings

_S, _A = SignInSession.__table__, Account.__table__
_ROLE = AccountRole.__table__

_ROLES = sa.select(sa.func.aggregate_strings(_ROLE.c.role, ",")).where(_ROLE.c.account_id == _A.c.id).scalar_subquery()
ACTING_CODE = sa.func.coalesce(_S.c.customer_code, reach.FIRST)
"""The customer that a session most probably acts for: a guess for joins, `Viewer.customer_code` is the truth."""
FIND = (
    sa.select(
        _S.c.id,
        _S.c.created_at,
        _S.c.last_activity_at,
        _S.c.auth_level,
        _S.c.authenticated_at,
        _S.c.customer_code,
        _S.c.duty,
        _A.c.id.label("account_id"),
        _A.c.kind,
        _A.c.login,
        _A.c.display_name,
        _A.c.email,
        _A.c.locale,
        _A.c.status,
        _A.c.status_reason,
        _ROLES.label("roles"),
        *reach.COLUMNS,
        _S.c.factor_at,
        factor.HAS_TOTP.label("has_totp"),
        factor.HAS_PASSKEY.label("has_passkey"),
    )
    .join_from(_S, _A, _A.c.id == _S.c.account_id)
    .where(_S.c.token_hash == sa.bindparam("token_hash"), _S.c.ended_at.is_(None))
)
"""A token's open session with its account; callers may join and add columns, which come back in `LiveSession.row`."""
_ENDED = (
    sa.select(_S.c.created_at, _S.c.last_activity_at, _S.c.ended_reason, _A.c.kind)
    .join_from(_S, _A, _A.c.id == _S.c.account_id)
    .where(_S.c.token_hash == sa.bindparam("token_hash"))
)
_OPEN = (
    sa.select(_S.c.id, _S.c.created_at, _S.c.last_activity_at, _S.c.ip, _S.c.user_agent)
    .where(_S.c.account_id == sa.bindparam("account_id"), _S.c.ended_at.is_(None))
    .order_by(_S.c.last_activity_at.desc(), _S.c.id.desc())
)
_TOUCH = (
    sa.update(_S)
    .where(_S.c.id == sa.bindparam("of_id"), _S.c.ended_at.is_(None), _S.c.last_activity_at < sa.bindparam("now"))
    .values(last_activity_at=sa.bindparam("now"))
)
_BEGIN = sa.insert(_S)
_SURPLUS = (
    sa.select(_S.c.id)
    .where(_S.c.account_id == sa.bindparam("account_id"), _S.c.ended_at.is_(None), _S.c.id != sa.bindparam("id"))
    .order_by(_S.c.created_at.desc(), _S.c.id.desc())
    .offset(rules.MOST_SESSIONS - 1)
)


def _ending(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    return (
        sa.update(_S)
        .where(_S.c.ended_at.is_(None), *conditions)
        .values(ended_at=sa.bindparam("now"), ended_reason=sa.bindparam("reason"))
        .returning(_S.c.id, _S.c.account_id, _S.c.ip, _S.c.user_agent)
    )


_OF_ACCOUNT = _S.c.account_id == sa.bindparam("of_account")
_OF_KIND = _S.c.account_id.in_(sa.select(_A.c.id).where(_A.c.kind == sa.bindparam("kind")))
_END_ONE = _ending(_OF_ACCOUNT, _S.c.id == sa.bindparam("of_id"))
_END_OTHERS = _ending(_OF_ACCOUNT, _S.c.id != sa.bindparam("but"))
_END_ALL = _ending(_OF_ACCOUNT)
_END_KIND = _ending(_OF_KIND, _S.c.id != sa.bindparam("but"))
_END_OLD = _ending(_OF_KIND, _S.c.created_at <= sa.bindparam("before"))
_END_IDLE = _ending(_OF_KIND, _S.c.last_activity_at <= sa.bindparam("before"))


class LiveSession(NamedTuple):
    """A session that lives: the viewer, what the web needs to know about the row, and the row itself."""

    viewer: Viewer
    last_activity_at: datetime
    auth_level: str
    authenticated_at: datetime
    duty: str | None
    row: Any = None
    factor_at: datetime | None = None
    has_totp: bool = False
    has_passkey: bool = False
    is_admin: bool = False

    @property
    def has_factor(self) -> bool:
        """Whether the account has a second factor of sign-in."""
        return self.has_totp or self.has_passkey


class Ending(NamedTuple):
    """Why a session is over, and how long a session of its kind may rest."""

    reason: str
    idle_minutes: int


class OpenSession(NamedTuple):
    """One row of "Aktywne sesje"."""

    id: str
    created_at: datetime
    last_activity_at: datetime
    ip: str | None
    user_agent: str
    is_current: bool


def token_hash(token: str) -> str:
    """What the row stores of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """A session token: 32 random bytes."""
    return secrets.token_urlsafe(32)


def idle_limit(settings: CoreSettings, kind: str) -> timedelta:
    """How long a session of this kind may rest."""
    return timedelta(minutes=settings.idle_minutes_staff if kind == "staff" else settings.idle_minutes_customer)


def session_of(
    session: Session | sa.Connection, runtime: Runtime, token: str, statement: sa.Select[Any] = FIND
) -> LiveSession | None:
    """The live session of a token, in one query, or None when it has ended or its account is blocked.

    `statement` is `FIND`, or `FIND` with what else the caller wants to know in the same query.
    """
    row = session.execute(statement, {"token_hash": token_hash(token), "today": clock.today()}).first()
    if row is None or row.status == "blocked":
        return None
    over = rules.end_of_session(
        clock.now_utc(),
        created_at=row.created_at,
        last_activity_at=row.last_activity_at,
        idle=idle_limit(runtime.settings, row.kind),
        absolute=rules.ABSOLUTE[row.kind],
    )
    if over:
        return None
    is_admin = row.kind == "staff" and "admin" in (row.roles or "").split(",")
    known = (row.factor_at, row.has_totp, row.has_passkey, is_admin)
    return LiveSession(_viewer(row, runtime), *row[2:5], row.duty, row, *known)


def viewer_of(session: Session, runtime: Runtime, token: str) -> Viewer | None:
    """The viewer of a session token, or None when the session has ended."""
    live = session_of(session, runtime, token)
    return live.viewer if live else None


def why_ended(session: Session, runtime: Runtime, token: str) -> Ending | None:
    """Why a token's session is over: the reason in its row, or `idle` or `absolute` by the clock; None for no row."""
    row = session.execute(_ENDED, {"token_hash": token_hash(token)}).first()
    if row is None:
        return None
    idle = idle_limit(runtime.settings, row.kind)
    reason = row.ended_reason or rules.end_of_session(
        clock.now_utc(),
        created_at=row.created_at,
        last_activity_at=row.last_activity_at,
        idle=idle,
        absolute=rules.ABSOLUTE[row.kind],
    )
    return Ending(reason, int(idle.total_seconds() // 60)) if reason else None


def needs_touch(live: LiveSession) -> bool:
    """Whether the last activity is old enough to be written again: at most once a minute."""
    return clock.now_utc() - live.last_activity_at >= rules.TOUCH_EVERY


def touch(session: Session, session_id: str) -> None:
    """Write the last activity; the only write that a GET may make, in a unit of its own."""
    session.execute(_TOUCH, {"of_id": session_id, "now": clock.now_utc()})


def open_session(
    session: Session, account_id: str, *, level: str = "password", duty: str | None = None, by_factor: bool = False
) -> tuple[str, str]:
    """Begin a session and return its token and id; of more than ten the oldest end.

    `by_factor`: a second factor was given. The caller has locked the account's row, so that sign-ins in parallel keep
    the limit.
    """
    now, meta, token, session_id = clock.now_utc(), current_request(), new_token(), uuid7()
    row = {
        "id": session_id,
        "token_hash": token_hash(token),
        "account_id": account_id,
        "created_at": now,
        "last_activity_at": now,
        "auth_level": level,
        "authenticated_at": now,
        "ip": meta.ip,
        "user_agent": meta.user_agent[: rules.MOST_USER_AGENT],
        "customer_code": None,
        "duty": duty or duties.duty_of(session, account_id),
        "factor_at": now if by_factor else None,
    }
    session.execute(_BEGIN, row)
    surplus = session.scalars(_SURPLUS, {"account_id": account_id, "id": session_id}).all()
    for surplus_id in surplus:
        end_one(session, account_id, surplus_id, "too_many")
    return token, session_id


def open_sessions(session: Session, runtime: Runtime, viewer: Viewer) -> list[OpenSession]:
    """The viewer's live sessions, the most recently used first."""
    idle, absolute, now = idle_limit(runtime.settings, viewer.kind), rules.ABSOLUTE[viewer.kind], clock.now_utc()
    rows = session.execute(_OPEN, {"account_id": viewer.account_id}).all()
    return [
        OpenSession(*row, row.id == viewer.session_id)
        for row in rows
        if not rules.end_of_session(
            now, created_at=row.created_at, last_activity_at=row.last_activity_at, idle=idle, absolute=absolute
        )
    ]


def end_session(session: Session, viewer: Viewer, session_id: str) -> None:
    """End one of the viewer's own sessions. Raises `NotFound` for anybody else's, or one that has ended."""
    if not end_one(session, viewer.account_id, session_id, "ended"):
        raise NotFound(_("There is no such session."))
    audit.record(session, "core.session.ended", actor=viewer, object_type="session", object_id=session_id)


def end_other_sessions(session: Session, viewer: Viewer, reason: str = "ended") -> int:
    """End every session of the viewer but this one; returns how many."""
    ended = _end(session, _END_OTHERS, reason, of_account=viewer.account_id, but=viewer.session_id or "")
    if ended:
        audit.record(
            session,
            "core.session.others_ended",
            actor=viewer,
            object_type="account",
            object_id=viewer.account_id,
            after={"ended": ended, "why": reason},
        )
    return ended


def end_one(session: Session, account_id: str, session_id: str, reason: str) -> bool:
    """End a session of an account, if it is open."""
    return _end(session, _END_ONE, reason, of_account=account_id, of_id=session_id) > 0


def end_all(session: Session, account_id: str, reason: str, *, by: str | None = None) -> int:
    """End every session of an account (a new password by a link, a block); returns how many.

    `by` is the account of who ended them for its owner, who reads so in the history.
    """
    return _end(session, _END_ALL, reason, by=by, of_account=account_id)


def end_of_kinds(session: Session, kinds: Iterable[str], reason: str, *, by: str, but: str | None = None) -> int:
    """End the sessions of every account of these kinds, but one; returns how many. `by` is as in `end_all`."""
    return sum(_end(session, _END_KIND, reason, by=by, kind=kind, but=but or "") for kind in kinds)


def set_duty(session: Session, session_id: str, duty: str) -> None:
    """From the next request on a session does nothing but this (a password that must be changed)."""
    session.execute(sa.update(_S).where(_S.c.id == session_id, _S.c.ended_at.is_(None)).values(duty=duty))


def end_lapsed(session: Session, settings: CoreSettings) -> int:
    """End the sessions whose time is over by the clock; returns how many."""
    now, ended = clock.now_utc(), 0
    for kind in rules.KINDS:
        ended += _end(session, _END_OLD, "absolute", kind=kind, before=now - rules.ABSOLUTE[kind])
        ended += _end(session, _END_IDLE, "idle", kind=kind, before=now - idle_limit(settings, kind))
    return ended


def _end(session: Session, statement: sa.Update, reason: str, *, by: str | None = None, **values: Any) -> int:
    """End the open sessions that match; each leaves a line in its owner's history."""
    ended = session.execute(statement, {"now": clock.now_utc(), "reason": reason, **values}).all()
    history.write_endings(session, reason, ended, by)
    return len(ended)


def renew_token(session: Session, session_id: str, *, keeps_duty: bool = False) -> str:
    """Give a session a new token, its old one is dead at once (S09): after the person proved who they are again."""
    token, now = new_token(), clock.now_utc()
    values = {"token_hash": token_hash(token), "authenticated_at": now, "last_activity_at": now}
    session.execute(
        sa.update(_S)
        .where(_S.c.id == session_id, _S.c.ended_at.is_(None))
        .values(values if keeps_duty else {**values, "duty": duties.next_duty(session, session_id)})
    )
    return token


def switch_customer(session: Session, viewer: Viewer, customer_code: str) -> None:
    """Act for another of the viewer's customers. Raises `NotFound` for one that is not the viewer's."""
    if customer_code not in viewer.customer_codes or viewer.session_id is None:
        raise NotFound(_("There is no such customer."))
    act_for(session, viewer, customer_code)


def act_for(session: Session, viewer: Viewer, customer_code: str) -> None:
    """Let the session act for a customer that the account has just got; one it has not changes nothing."""
    session.execute(sa.update(_S).where(_S.c.id == viewer.session_id).values(customer_code=customer_code))


def _viewer(row: Any, runtime: Runtime) -> Viewer:
    found = reach.reach_of(row.own, row.shared, row.points)
    codes = tuple(sorted(found.roles))
    acting = row.customer_code if row.customer_code in found.roles else next(iter(codes), None)
    role = found.roles[acting] if acting else (rules.OWNER if row.kind == "customer" else "")
    held = (row.roles or "").split(",") if row.kind == "staff" else [role]
    return Viewer(
        account_id=row.account_id,
        kind=row.kind,
        login=row.login,
        display_name=row.display_name,
        permissions=rules.permissions_of(row.kind, held, runtime.portal.permissions, (row.rights or "").split(",")),
        customer_codes=codes,
        customer_code=acting,
        role=role,
        narrowed=found.narrowed,
        email=row.email,
        locale=row.locale,
        session_id=row.id,
        status=row.status,
    )
