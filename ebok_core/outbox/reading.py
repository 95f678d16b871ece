"""One message with its attempts, for the page on which a clerk decides about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from .models import Attempt, Message


class Try(NamedTuple):
    """One attempt: when, how it ended, the far side's code, how long it took in milliseconds."""

    number: int
    started_at: datetime
    outcome: str
    code: str | None
    ms: int


_M = Message.__table__
_ONE = sa.select(_M).where(_M.c.id == sa.bindparam("of_id"))
_TRIES = (
    sa.select(*(Attempt.__table__.c[name] for name in Try._fields))
    .where(Attempt.message_id == sa.bindparam("of_id"))
    .order_by(Attempt.started_at.desc(), Attempt.number.desc())
    .limit(100)
)
_SEVERAL = sa.select(_M.c.id, _M.c.target, _M.c.kind, _M.c.customer_code, _M.c.state, _M.c.accepted_at).where(
    _M.c.id.in_(sa.bindparam("ids", expanding=True))
)


def message(session: Session, message_id: str) -> Any | None:
    """The message's row with all columns, or None."""
    return session.execute(_ONE, {"of_id": message_id[:36]}).first()


def tries(session: Session, message_id: str) -> list[Try]:
    """The message's last attempts, the newest first."""
    return [Try._make(row) for row in session.execute(_TRIES, {"of_id": message_id[:36]})]


def several(session: Session, ids: Sequence[str]) -> list[Any]:
    """The named messages, the oldest first, without their contents; those that are gone are left out."""
    return sorted(session.execute(_SEVERAL, {"ids": list(ids)}), key=lambda row: (row.accepted_at, row.id))
