"""The history of sign-ins: what its owner sees for 12 months (identity.md §6.8), and what counts failures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.audit import current_request
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7

from . import rules
from .models import LoginEvent

_E = LoginEvent.__table__
# How a session's end is called in the history; a new token or a surplus session is not the person's act.
_RESULT_OF_END = {"idle": "expired", "absolute": "expired", "signed_out": "signed_out"}
_INSERT = sa.insert(_E)
_FAILURES = (
    sa.select(sa.func.count())
    .select_from(_E)
    .where(_E.c.login_digest == sa.bindparam("digest"), _E.c.result == "failed", _E.c.at > sa.bindparam("since"))
)
_SIGNED_IN = sa.select(_E.c.id).where(_E.c.account_id == sa.bindparam("account_id"), _E.c.result == "ok").limit(1)
_LAST = (
    sa.select(sa.func.max(_E.c.at))
    .where(_E.c.account_id == sa.bindparam("account_id"), _E.c.result == "ok")
    .where(_E.c.session_id != sa.bindparam("session_id"))
)


def write(
    session: Session,
    result: str,
    *,
    account_id: str | None,
    way: str = "password",
    login_digest: str | None = None,
    session_id: str | None = None,
    entry: str | None = None,
) -> None:
    """Add a line about this request; what was typed comes as its keyed hash, `entry` is the door that was tried."""
    meta = current_request()
    session.execute(
        _INSERT,
        {
            "id": uuid7(),
            "at": clock.now_utc(),
            "account_id": account_id,
            "login_digest": login_digest,
            "result": result,
            "way": way,
            "ip": meta.ip,
            "user_agent": meta.user_agent[: rules.MOST_USER_AGENT],
            "session_id": session_id,
            "acted_by": None,
            "entry": entry,
        },
    )


def write_endings(session: Session, reason: str, ended: Iterable[Any], by: str | None = None) -> None:
    """Add a line for each session that ended; rows have `id`, `account_id`, `ip` and `user_agent` of the session.

    `by` is the account of who ended them, where that was not their owner.
    """
    now = clock.now_utc()
    rows = [
        {
            "id": uuid7(),
            "at": now,
            "account_id": row.account_id,
            "login_digest": None,
            "result": _RESULT_OF_END.get(reason, "ended"),
            "way": "password",
            "ip": row.ip,
            "user_agent": row.user_agent,
            "session_id": row.id,
            "acted_by": by if by != row.account_id else None,
            "entry": None,
        }
        for row in ended
    ]
    if rows:
        session.execute(_INSERT, rows)


def failures_of(session: Session, login_digest: str, way: str | None = None) -> int:
    """How many tries with this typed login failed within the last 24 hours; `way` counts those of one way."""
    since = clock.now_utc() - rules.WARN_OWNER_WITHIN
    statement = _FAILURES if way is None else _FAILURES.where(_E.c.way == way)
    return int(session.execute(statement, {"digest": login_digest, "since": since}).scalar_one())


def has_signed_in(session: Session, account_id: str) -> bool:
    """Whether the account was ever signed in before, within what the history keeps."""
    return session.execute(_SIGNED_IN, {"account_id": account_id}).first() is not None


def last_sign_in(session: Session, viewer: Viewer) -> datetime | None:
    """When the viewer's account was signed in before this session."""
    values = {"account_id": viewer.account_id, "session_id": viewer.session_id or ""}
    found: datetime | None = session.execute(_LAST, values).scalar()
    return found
