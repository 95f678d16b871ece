"""The outbox's invariants (reliability.md §10): run after every fault test, and read-only in production at night."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from . import leases, rules
from .models import Attempt, Message, Stream
from .rules import State

OVERDUE = timedelta(minutes=5)


class Violation(NamedTuple):
    """Something that can't be: the invariant's name, what it is about, and a sentence."""

    code: str
    subject: str
    text: str


class Arrival(NamedTuple):
    """A row of the far side, in the order in which it was written there."""

    message_id: str
    stream_key: str
    seq: int


_MESSAGES = sa.select(
    Message.id,
    Message.state,
    Message.open,
    Message.blocking,
    Message.payload,
    Message.payload_sha256,
    Message.lease_until,
    Message.depends_on,
).order_by(Message.id)
_BEYOND_COUNTER = (
    sa.select(Message.id)
    .join(Stream, Stream.stream_key == Message.stream_key, isouter=True)
    .where(Stream.next_seq.is_(None) | (Message.seq >= Stream.next_seq))
)
_ORPHANS = sa.select(Attempt.message_id).distinct().where(Attempt.message_id.not_in(sa.select(Message.id)))


def check(session: Session) -> list[Violation]:
    """I6, I7, I8, I12 and the outbox's part of I13, over every message; empty while all is well."""
    now = leases.now(session)
    rows = session.execute(_MESSAGES).all()
    states = {row.id: row.state for row in rows}
    found = [violation for row in rows for violation in _of_row(row, states, now)]
    found += [
        Violation("I13", i, "has a number that its stream did not give") for i in session.scalars(_BEYOND_COUNTER)
    ]
    found += [Violation("I13", i, "has attempts and no message") for i in session.scalars(_ORPHANS)]
    return found


def _of_row(row: sa.Row, states: dict[str, str], now: datetime) -> Iterator[Violation]:
    if row.state not in set(rules.State):
        yield Violation("I12", row.id, f"is in the unknown state {row.state}")
        return
    state = State(row.state)
    if state is State.LEASED and row.lease_until < now - OVERDUE:
        yield Violation("I6", row.id, f"is leased until {row.lease_until}")
    if row.open != (state in rules.OPEN) or row.blocking and state not in rules.MAY_BLOCK:
        yield Violation("I7", row.id, f"is {state} with open={row.open}, blocking={row.blocking}")
    if row.payload is not None and hashlib.sha256(row.payload.encode()).hexdigest() != row.payload_sha256:
        yield Violation("I8", row.id, "does not match its hash")
    dependency = states.get(row.depends_on) if row.depends_on else None
    if state is State.PENDING and dependency is not None and rules.initial(State(dependency))[0] is not State.PENDING:
        yield Violation("I7", row.id, f"waits for a message that is {dependency}")


def check_facts(session: Session, kind: str, subject_ids: Iterable[str]) -> list[Violation]:
    """I1: each accepted fact of a kind, named by its owner, has exactly one message, and each message its fact."""
    facts = Counter(subject_ids)
    messages = Counter(session.scalars(sa.select(Message.subject_id).where(Message.kind == kind)))
    found = [Violation("I1", i, f"has {messages[i]} messages of {kind}") for i in facts if messages[i] != 1]
    return found + [Violation("I1", i, f"has a message of {kind} and no fact") for i in messages if i not in facts]


def check_far_side(session: Session, target: str, arrivals: Iterable[Arrival]) -> list[Violation]:
    """I2 and I3 against what the far side has, in its own order: each id at most once, each delivered one there, and in
    each stream in the order of `seq`, but for messages that once stepped aside.
    """
    arrived = list(arrivals)
    counts = Counter(row.message_id for row in arrived)
    found = [Violation("I2", i, f"arrived {n} times") for i, n in counts.items() if n > 1]
    known = session.execute(
        sa.select(Message.id, Message.state, Message.reason_code).where(Message.target == target)
    ).all()
    done = {State.DELIVERED.value, State.APPLIED.value}
    found += [
        Violation("I2", r.id, "is delivered and not there") for r in known if r.state in done and r.id not in counts
    ]
    found += [Violation("I2", i, "is there and unknown here") for i in counts.keys() - {row.id for row in known}]
    return found + list(_out_of_order(arrived, _stepped_aside(session, target)))


def _stepped_aside(session: Session, target: str) -> set[str]:
    """Messages that may be out of order: a stopped, parked or retried one has left its place (§4.3)."""
    odd = sa.select(Message.id).where(Message.target == target, ~Message.blocking, Message.open)
    dead = sa.select(Message.id).where(Message.target == target, Message.state == State.DEAD.value)
    return set(session.scalars(odd)) | set(session.scalars(dead))


def _out_of_order(arrived: list[Arrival], excused: set[str]) -> Iterator[Violation]:
    last: dict[str, int] = {}
    for row in arrived:
        if row.message_id in excused:
            continue
        if row.seq < last.get(row.stream_key, 0):
            yield Violation("I3", row.message_id, f"arrived as number {row.seq} after {last[row.stream_key]}")
        last[row.stream_key] = max(row.seq, last.get(row.stream_key, 0))
