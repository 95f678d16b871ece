"""Retention of closed messages, and what becomes of open ones after a restore from a backup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.tytan import Capability, OutboxTarget
from ebok_core.db import Database

from . import rules, service
from .models import Attempt, Instance, Message, Submission
from .rules import State

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

_UNSYNCHRONISED = {"synchronize_session": False}
STRIPPED: dict[str, Any] = {"payload": None, "reason": None, "actor_ref": None, "request_id": None, "last_code": None}
"""References stay: uniqueness and order hang on them. What a person wrote and who wrote it goes."""


def retain(runtime: Runtime) -> dict[str, int]:
    """Strip and delete what is past its time, in units of at most 500 rows (§4.8); returns how many rows of each."""
    now = clock.now_utc()
    closed_at = sa.func.coalesce(Message.status_at, Message.delivered_at, Message.accepted_at)
    is_payment = Message.kind.startswith(rules.PAYMENT_KINDS, autoescape=True)
    old = (~is_payment & (closed_at < now - rules.KEEP_PAYLOAD)) | (
        is_payment & (closed_at < now - rules.KEEP_PAYMENTS)
    )
    old &= ~Message.open & Message.payload.is_not(None)
    database = runtime.database
    return {
        "messages": _strip(database, old),
        "attempts": _delete(database, Attempt, Attempt.id, Attempt.started_at < now - rules.KEEP_ATTEMPTS),
        "submissions": _delete(
            database, Submission, Submission.token, Submission.created_at < now - rules.KEEP_SUBMISSIONS
        ),
    }


def _strip(database: Database, old: sa.ColumnElement[bool]) -> int:
    batch = sa.select(Message.id).where(old).limit(rules.RETENTION_BATCH)
    return _in_batches(database, sa.update(Message).where(Message.id.in_(batch)).values(**STRIPPED))


def _delete(database: Database, table: Any, key: Any, old: sa.ColumnElement[bool]) -> int:
    batch = sa.select(key).where(old).limit(rules.RETENTION_BATCH)
    return _in_batches(database, sa.delete(table).where(key.in_(batch)))


def _in_batches(database: Database, statement: Any) -> int:
    total = 0
    while True:
        with database.unit_of_work() as session:
            count = session.execute(statement, execution_options=_UNSYNCHRONISED).rowcount
        total += count
        if count < rules.RETENTION_BATCH:
            return total


def epoch(session: Session) -> tuple[int, datetime | None]:
    """The installation's epoch and the instant of its last restore."""
    row = session.execute(sa.select(Instance.epoch, Instance.restored_at)).one()
    return row.epoch, row.restored_at


def after_restore(session: Session, targets: Mapping[str, OutboxTarget]) -> int:
    """Raise the epoch, after a backup was restored; returns the new one.

    What was open in the backup may have been delivered since it was made. TYTAN recognises our ids, so its messages go
    on; a far side that can be asked is asked first; mails are not sent again; the rest waits for a person (R50).
    """
    now = clock.now_utc()
    for target in targets.values():
        waiting = [State.PENDING.value, State.LEASED.value, State.UNCERTAIN.value]
        statement = sa.update(Message).where(Message.target == target.key, Message.open, Message.state.in_(waiting))
        if target.key == "mail":
            _end(session, statement)
        elif target.capability is not Capability.PUT:
            _doubt(session, statement, now)
    session.execute(
        sa.update(Instance).values(epoch=Instance.epoch + 1, restored_at=now), execution_options=_UNSYNCHRONISED
    )
    number, _ = epoch(session)
    log.warning("outbox.epoch_raised", epoch=number)
    return number


_NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_owner": None, "lease_until": None}


def _end(session: Session, statement: Any) -> None:
    values = {"state": State.CANCELLED.value, "reason_code": "before_restore", "status_at": clock.now_utc()}
    ended = session.scalars(
        statement.values(**values, **rules.flags(State.CANCELLED), **_NO_LEASE).returning(Message.id),
        execution_options=_UNSYNCHRONISED,
    )
    service.fail_dependents(session, list(ended))


def _doubt(session: Session, statement: Any, now: datetime) -> None:
    # `blocking` stays as it was: whoever stepped aside once never blocks again.
    session.execute(
        statement.values(state=State.UNCERTAIN.value, uncertain_since=now, next_at=now, **_NO_LEASE),
        execution_options=_UNSYNCHRONISED,
    )
