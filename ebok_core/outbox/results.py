"""Feedback: what `ebok_results` says about a message moves it and is told to its sender (reliability.md §4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import audit
from ebok_core.contracts.tytan import Result

from . import rules, senders, service
from .models import Message
from .rules import State

if TYPE_CHECKING:
    from ebok_core.portal import Portal

log = structlog.get_logger(__name__)

_MESSAGE = sa.select(
    Message.id,
    Message.kind,
    Message.subject_type,
    Message.subject_id,
    Message.subject_rev,
    Message.state,
    Message.status_at,
).where(Message.id == sa.bindparam("message_id"))


def apply(session: Session, portal: Portal, row: Mapping[str, Any]) -> bool:
    """Take one row of `ebok_results` into the portal, in the caller's unit of work; True where something changed.

    The verdict may come before we knew of the delivery (a worker was killed in between): it closes the message all the
    same. The same row again changes nothing. A changed verdict is a named correction with an alarm. An id that we do
    not know is logged as D2, an unknown status as an alarm; neither stops the refresh (G12).
    """
    message_id, verdict = str(row["message_id"]), rules.VERDICTS.get(str(row["status"]))
    found = session.execute(_MESSAGE.with_for_update(), {"message_id": message_id}).first()
    if found is None:
        log.error("outbox.unknown_result", alarm=True, code="D2", message=message_id)
        return False
    if verdict is None:
        log.error("outbox.unknown_status", alarm=True, message=message_id, status=str(row["status"])[:20])
        return False
    status_at, state = _instant(row["status_at"]), State(found.state)
    if state is verdict:
        return False
    if state is State.CANCELLED or (state in _CLOSED_BY_VERDICT and status_at <= found.status_at):
        log.error("outbox.verdict_refused", alarm=True, message=message_id, state=state, verdict=verdict)
        return False
    result = _result(found, verdict, row, status_at)
    _close(session, state, result)
    (service.fail_dependents if verdict is State.REJECTED else service.free_dependents)(session, [message_id])
    senders.tell(session, portal, result)
    if state in _CLOSED_BY_VERDICT:
        log.error("outbox.verdict_changed", alarm=True, message=message_id, before=state, after=verdict)
        audit.record(
            session,
            "core.outbox.verdict_changed",
            actor=audit.SYSTEM,
            object_type="outbox_message",
            object_id=message_id,
            before={"state": state.value},
            after={"state": verdict.value},
        )
    return True


_CLOSED_BY_VERDICT = (State.APPLIED, State.REJECTED)


def _close(session: Session, state: State, result: Result) -> None:
    """The conditional update; where the message was open, its lease is broken, so that no worker moves it back."""
    session.execute(
        sa.update(Message)
        .where(Message.id == result.message_id, Message.state == state.value)
        .values(
            state=result.status,
            **rules.flags(State(result.status)),
            lease_token=None,
            lease_owner=None,
            lease_until=None,
            uncertain_since=None,
            delivered_at=sa.func.coalesce(
                Message.delivered_at, sa.bindparam("known_at", result.status_at, type_=Message.delivered_at.type)
            ),
            reason_code=result.reason_code,
            reason=result.reason,
            reference=result.reference,
            status_at=result.status_at,
        ),
        execution_options={"synchronize_session": False},
    )


def _result(found: Any, verdict: State, row: Mapping[str, Any], status_at: datetime) -> Result:
    return Result(
        message_id=found.id,
        kind=found.kind,
        subject_type=found.subject_type,
        subject_id=found.subject_id,
        subject_rev=found.subject_rev,
        status=verdict.value,
        reason_code=_short(row.get("reason_code"), 40),
        reason=_short(row.get("reason"), 500),
        reference=_short(row.get("reference"), 60),
        status_at=status_at,
    )


def _short(text: Any, size: int) -> str | None:
    return str(text)[:size] if text is not None else None


def _instant(value: datetime) -> datetime:
    """TYTAN's instants are UTC, with a zone or without one."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
