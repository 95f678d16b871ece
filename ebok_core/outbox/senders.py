"""Tell the sender of a message what became of it: delivered, applied, rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core.contracts.tytan import Result

from .models import Message
from .rules import State

if TYPE_CHECKING:
    from ebok_core.portal import Portal
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

_HELD = (
    sa.select(
        Message.id,
        Message.kind,
        Message.subject_type,
        Message.subject_id,
        Message.subject_rev,
        Message.held_status,
        Message.reason_code,
        Message.reason,
        Message.reference,
        Message.status_at,
        Message.delivered_at,
        Message.accepted_at,
    )
    .where(Message.held_status.is_not(None))
    .order_by(Message.accepted_at)
    .limit(500)
)


def tell(session: Session, portal: Portal, result: Result) -> bool:
    """Call what the message type declares for this status, behind a savepoint; False where that failed.

    The message's own state stands even then: `held_status` keeps the news, an alarm is logged, a job tells it again.
    """
    kind = portal.messages.get(result.kind)
    if kind is None:
        return True
    callback = kind.apply_delivery if result.status == State.DELIVERED else kind.apply_result
    if callback is None:
        return True
    try:
        with session.begin_nested():
            callback(session, result)
    except Exception:
        log.exception("outbox.sender_failed", alarm=True, kind=result.kind, message=result.message_id)
        _hold(session, result.message_id, result.status)
        return False
    return True


def tell_again(runtime: Runtime) -> int:
    """Tell what a sender failed to take, each in a unit of work of its own; returns how many took it now."""
    with runtime.database.snapshot() as session:
        rows = session.execute(_HELD).all()
    told = 0
    for row in rows:
        result = Result(
            message_id=row.id,
            kind=row.kind,
            subject_type=row.subject_type,
            subject_id=row.subject_id,
            subject_rev=row.subject_rev,
            status=row.held_status,
            reason_code=row.reason_code,
            reason=row.reason,
            reference=row.reference,
            status_at=row.status_at or row.delivered_at or row.accepted_at,
        )
        with runtime.database.unit_of_work() as session:
            if _hold(session, row.id, None, was=row.held_status):
                told += tell(session, runtime.portal, result)
    return told


def _hold(session: Session, message_id: str, status: str | None, *, was: str | None = None) -> bool:
    statement = sa.update(Message).where(Message.id == message_id).values(held_status=status)
    if was is not None:
        statement = statement.where(Message.held_status == was)
    held = session.execute(statement, execution_options={"synchronize_session": False})
    return bool(held.rowcount)  # type: ignore[attr-defined]
