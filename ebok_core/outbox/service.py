"""Enqueue, retry, cancel, look up: the outbox for everybody who accepts a fact or watches over one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog
from marshmallow import Schema
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.tytan import OutboxMessage
from ebok_core.db import uuid7
from ebok_core.db.work import in_unit_of_work
from ebok_core.errors import EbokError, NotFound, Refused
from ebok_core.i18n import gettext as _

from . import leases, nudges, rules
from .models import Message, Stream
from .rules import State

log = structlog.get_logger(__name__)

_UNSYNCHRONISED = {"synchronize_session": False}


class AlreadyQueued(EbokError):
    """The same fact (kind, subject, revision) is in the outbox already; `message_id` is the first one's."""

    def __init__(self, message: OutboxMessage, message_id: str) -> None:
        super().__init__(f"{message.kind} of {message.subject_type} {message.subject_id} is queued already")
        self.message_id = message_id


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

_DEPENDENCY = sa.select(Message.id, Message.state).where(Message.id.in_(sa.bindparam("ids", expanding=True)))
_SAME_FACT = sa.select(Message.id).where(
    Message.kind == sa.bindparam("kind"),
    Message.subject_type == sa.bindparam("subject_type"),
    Message.subject_id == sa.bindparam("subject_id"),
    Message.subject_rev == sa.bindparam("subject_rev"),
)


def enqueue(session: Session, message: OutboxMessage, depends_on: str | None = None) -> str:
    """Write a fact into the outbox, in the unit of work that stores the fact itself; returns the message's id.

    The id is the confirmation number that the customer sees. Raises `AlreadyQueued` for the same fact again, and
    `ValueError` for a payload that its schema refuses (a programmer's mistake, never a customer's).
    """
    if depends_on is not None and message.depends_on not in (None, depends_on):
        raise ValueError("the message names another dependency")
    return _enqueue(session, [(message, depends_on or message.depends_on)])[0]


def enqueue_many(session: Session, messages: Iterable[OutboxMessage]) -> list[str]:
    """Write many facts at once, streams taken in sorted order so that two such calls can't block each other (§4.2).

    Returns the ids in the order given.
    """
    return _enqueue(session, [(message, message.depends_on) for message in messages])


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
    _sweep(
        session,
        Message.depends_on.in_(ids) & (Message.state == State.PARKED),
        state=State.PENDING,
        **rules.flags(State.PENDING, stepped_aside=True),
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


def _enqueue(session: Session, items: Sequence[tuple[OutboxMessage, str | None]]) -> list[str]:
    if not in_unit_of_work():
        raise RuntimeError("enqueue outside a unit of work: the fact and its message must be stored together")
    # The dependency's row before the stream's: whoever moves a message may enqueue, and must not wait for us meanwhile.
    dependencies = _dependencies(session, {on for _message, on in items if on})
    due = leases.now_expression(session) if len(items) == 1 else leases.now(session)
    rows: list[dict[str, Any]] = []
    for position, (message, on) in sorted(enumerate(items), key=lambda item: item[1][0].stream_key):
        rows.append(_row(message, on, dependencies) | {"position": position, "next_at": due})
    numbers = _numbers(session, [row["stream_key"] for row in rows])
    ids = [""] * len(rows)
    for row, seq in zip(rows, numbers, strict=True):
        ids[row.pop("position")] = row["id"]
        row["seq"] = seq
    _insert(session, rows, [message for message, _on in items])
    for target in sorted({row["target"] for row in rows}):
        nudges.after_commit(session, target)
    return ids


def _insert(session: Session, rows: Sequence[Mapping[str, Any]], messages: Sequence[OutboxMessage]) -> None:
    """One message by a statement that tells a repeated fact; many by the driver's batch, where one is an error."""
    if len(rows) > 1:
        session.execute(sa.insert(Message), list(rows))
        return
    statement = _dialect_insert(session)(Message).values(rows[0])
    statement = statement.on_conflict_do_nothing(
        index_elements=[Message.kind, Message.subject_type, Message.subject_id, Message.subject_rev]
    ).returning(Message.id)
    if session.execute(statement).first() is None:
        first = session.execute(_SAME_FACT, {name: rows[0][name] for name in _FACT}).scalar_one()
        raise AlreadyQueued(messages[0], first)


_FACT = ("kind", "subject_type", "subject_id", "subject_rev")


def _row(message: OutboxMessage, depends_on: str | None, dependencies: Mapping[str, State]) -> dict[str, Any]:
    payload = canonical(message.payload)
    problems = _schema(type(message).payload_schema).validate(message.payload)
    if problems:
        raise ValueError(f"{message.kind}: the payload does not fit its schema: {sorted(problems)}")
    if not message.stream_key or not message.subject_id:
        raise ValueError(f"{message.kind}: stream and subject can't be empty")
    state, reason_code = rules.initial(dependencies[depends_on] if depends_on else None)
    return {
        "id": message.id or uuid7(),
        "target": message.target,
        "customer_code": message.customer_code,
        "stream_key": message.stream_key,
        "kind": message.kind,
        "version": message.version,
        "subject_type": message.subject_type,
        "subject_id": message.subject_id,
        "subject_rev": message.subject_rev,
        "payload": payload,
        "payload_sha256": sha256(payload),
        "accepted_at": clock.now_utc(),
        "actor_ref": message.actor_ref,
        "request_id": audit.current_request().request_id,
        "depends_on": depends_on,
        "state": state.value,
        "reason_code": reason_code,
        "attempts": 0,
        "abandoned": 0,
        **rules.flags(state),
    }


def _dependencies(session: Session, ids: set[str]) -> dict[str, State]:
    """Lock what new messages depend on, so that none of it dies unseen between this look and our commit."""
    if not ids:
        return {}
    statement = _DEPENDENCY.order_by(Message.id).with_for_update(read=True)
    found = {row.id: State(row.state) for row in session.execute(statement, {"ids": sorted(ids)})}
    missing = ids - found.keys()
    if missing:
        raise ValueError(f"no message {min(missing)} to depend on")
    return found


def _numbers(session: Session, stream_keys: Sequence[str]) -> list[int]:
    """The next numbers of sorted streams, taken by one upsert a stream, which also locks it until the commit."""
    numbers: list[int] = []
    start = 0
    while start < len(stream_keys):
        key = stream_keys[start]
        count = stream_keys.count(key) if len(stream_keys) > 1 else 1
        last = next_seq(session, key, count)
        numbers += range(last - count + 1, last + 1)
        start += count
    return numbers


def next_seq(session: Session, stream_key: str, count: int = 1) -> int:
    """Take `count` numbers of a stream; returns the last of them. The first number of a stream is 1."""
    statement = _dialect_insert(session)(Stream).values(stream_key=stream_key, next_seq=1 + count)
    statement = statement.on_conflict_do_update(
        index_elements=[Stream.stream_key], set_={"next_seq": Stream.next_seq + count}
    ).returning(Stream.next_seq)
    return int(session.execute(statement).scalar_one()) - 1


def _dialect_insert(session: Session) -> Any:
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert


def canonical(payload: Mapping[str, Any]) -> str:
    """Canonical JSON: sorted keys, UTF-8, no spaces. Raises `ValueError` for floats and for what JSON does not know."""
    _refuse_inexact(payload)
    return json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def sha256(payload: str) -> str:
    """The hash that travels with a payload, hex, over its bytes."""
    return hashlib.sha256(payload.encode()).hexdigest()


def _refuse_inexact(value: Any) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str):
                raise ValueError(f"a payload's keys are texts, not {type(name).__name__}")
            _refuse_inexact(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_inexact(item)
    elif value is not None and not isinstance(value, str | int):
        raise ValueError(f"a payload holds no {type(value).__name__}: write amounts and dates as text")


@lru_cache(maxsize=256)
def _schema(schema: type[Schema]) -> Schema:
    return schema()
