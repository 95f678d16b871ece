"""Look up, retry, cancel, and what happens to dependents: the outbox for everybody who watches over a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _

from . import leases, nudges, rules
from .models import Message
from .rules import State

log = structlog.get_logger(__name__)

_T = Message.__table__
_UNSYNCHRONISED = {"synchronize_session": False}


class MessageState(NamedTuple):
    """Where a message stands, for the overlay on a page (reliability.md §6)."""

    id: str
    state: str
    accepted_at: datetime
    delivered_at: datetime | None
    reason_code: str | None
    reason: str | None
    reference: str | None


_STATES = sa.select(
    Message.id,
    Message.state,
    Message.accepted_at,
    Message.delivered_at,
    Message.reason_code,
    Message.reason,
    Message.reference,
).where(Message.id.in_(sa.bindparam("ids", expanding=True)))


def states_of(session: Session, ids: Iterable[str]) -> dict[str, MessageState]:
    """Where the named messages stand; an id that does not exist is left out. Any session will do."""
    wanted = sorted(set(ids))
    found: dict[str, MessageState] = {}
    for start in range(0, len(wanted), 500):
        for row in session.execute(_STATES, {"ids": wanted[start : start + 500]}):
            found[row.id] = MessageState._make(row)
    return found


def retry(session: Session, message_id: str, *, actor: Viewer | str, reason: str) -> None:
    """Let a dead or uncertain message go again, under the same id; it no longer holds anybody back. Audited.

    Raises `Refused` where no reason is given, the message is in another state, or what it depends on failed. Asking
    for the permission `core.outbox_retry` is the page's.
    """
    state, dependency = _state_for_update(session, message_id)
    blocked = _state_for_update(session, dependency)[0] if dependency else None
    if blocked in rules.FAILED:
        raise Refused(_("What this message depends on was refused or cancelled."), code="dependency_failed")
    to, _code = rules.initial(blocked)
    fresh: dict[str, Any] = dict.fromkeys(("uncertain_since", "reason_code", "last_class", "last_code"))
    fresh |= {"attempts": 0, "abandoned": 0, "next_at": leases.now(session)}
    _move(session, message_id, state, to, reason, rules.RETRIABLE, fresh)
    nudges.after_commit(session, _target_of(session, message_id))
    _audit(session, "core.outbox.retried", message_id, actor, state, to, reason)


def cancel(session: Session, message_id: str, *, actor: Viewer | str, reason: str) -> None:
    """Give a message up for good; what depends on it becomes dead. Audited; `reason` is kept with the message.

    Raises `Refused` where no reason is given or the message is on its way or closed. Asking for the permission
    `core.outbox_cancel` is the page's.
    """
    state, _dependency = _state_for_update(session, message_id)
    closed = {"reason_code": "cancelled", "reason": reason[:500], "status_at": clock.now_utc()}
    _move(session, message_id, state, State.CANCELLED, reason, rules.CANCELLABLE, closed)
    fail_dependents(session, [message_id])
    _audit(session, "core.outbox.cancelled", message_id, actor, state, State.CANCELLED, reason)


def _move(
    session: Session,
    message_id: str,
    state: State,
    to: State,
    reason: str,
    allowed: frozenset[State],
    values: dict[str, Any],
) -> None:
    """A clerk's conditional update; a reason is required (§4.4)."""
    if not reason.strip():
        raise Refused(_("Write why."), code="reason_missing")
    statement = sa.update(Message).where(Message.id == message_id, Message.state == state.value)
    statement = statement.values(state=to.value, **rules.flags(to, stepped_aside=True), **values)
    if state not in allowed or session.execute(statement, execution_options=_UNSYNCHRONISED).rowcount != 1:
        raise Refused(_("The message has moved on in the meantime. Look at it again."), code="moved_on")


def _audit(
    session: Session, action: str, message_id: str, actor: Viewer | str, state: State, to: State, reason: str
) -> None:
    states = {"before": {"state": state.value}, "after": {"state": to.value}}
    audit.record(
        session, action, actor=actor, object_type="outbox_message", object_id=message_id, reason=reason, **states
    )


def send_again(session: Session, ids: Sequence[str]) -> list[str]:
    """Requeue under the same ids what the far side was given and no longer has (reconciliation, D1); returns which."""
    moved = session.scalars(
        sa.update(Message)
        .where(
            Message.id.in_(ids),
            Message.state.in_((State.DELIVERED.value, State.APPLIED.value)),
            Message.payload.is_not(None),
        )
        .values(
            state=State.PENDING.value,
            **rules.flags(State.PENDING, stepped_aside=True),
            next_at=leases.now(session),
            attempts=0,
            delivered_at=None,
        )
        .returning(Message.id),
        execution_options=_UNSYNCHRONISED,
    )
    found = list(moved)
    log.error("outbox.sent_again", alarm=True, code="D1", count=len(found))
    return found


def park_dependents(session: Session, ids: Sequence[str]) -> None:
    """What depends on a dead message steps aside, and what depends on that, and so on (§4.3)."""
    while ids:
        ids = _sweep(
            session,
            Message.depends_on.in_(ids) & (Message.state == State.PENDING),
            state=State.PARKED,
            **rules.flags(State.PARKED),
        )


def free_dependents(session: Session, ids: Sequence[str]) -> None:
    """What was parked behind a message that arrived after all goes on, without holding others back."""
    session.execute(_FREE, {"ids": list(ids)})


_FREE = (
    sa.update(_T)
    .where(_T.c.open, _T.c.depends_on.in_(sa.bindparam("ids", expanding=True)), _T.c.state == State.PARKED.value)
    .values(state=State.PENDING.value, **rules.flags(State.PENDING, stepped_aside=True))
)


def fail_dependents(session: Session, ids: Sequence[str]) -> None:
    """What depends on a cancelled or rejected message is dead, and what depends on that is parked."""
    dead = _sweep(
        session,
        Message.depends_on.in_(ids) & Message.state.in_((State.PENDING, State.PARKED, State.UNCERTAIN)),
        state=State.DEAD,
        reason_code="dependency_failed",
        **rules.flags(State.DEAD),
    )
    park_dependents(session, dead)


def _sweep(session: Session, condition: sa.ColumnElement[bool], **values: Any) -> list[str]:
    statement = sa.update(Message).where(Message.open, condition).values(**values).returning(Message.id)
    return list(session.scalars(statement, execution_options=_UNSYNCHRONISED))


def _state_for_update(session: Session, message_id: str) -> tuple[State, str | None]:
    statement = sa.select(Message.state, Message.depends_on).where(Message.id == message_id).with_for_update()
    row = session.execute(statement).first()
    if row is None:
        raise NotFound(_("There is no such message."))
    return State(row.state), row.depends_on


def _target_of(session: Session, message_id: str) -> str:
    return session.execute(sa.select(Message.target).where(Message.id == message_id)).scalar_one()
