"""Accepting a fact: number, payload, hash and dependency in the unit of work that stores the fact itself."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.tytan import OutboxMessage
from ebok_core.db import uuid7
from ebok_core.db.work import in_unit_of_work
from ebok_core.errors import EbokError

from . import leases, nudges, rules
from .models import Message, Stream
from .rules import State


class AlreadyQueued(EbokError):
    """The same fact (kind, subject, revision) is in the outbox already; `message_id` is the first one's."""

    def __init__(self, message: OutboxMessage, message_id: str) -> None:
        super().__init__(f"{message.kind} of {message.subject_type} {message.subject_id} is queued already")
        self.message_id = message_id


_M, _S = Message.__table__, Stream.__table__
_FACT = ("kind", "subject_type", "subject_id", "subject_rev")
_SAME_FACT = sa.select(_M.c.id).where(*(_M.c[name] == sa.bindparam(name) for name in _FACT))
_DEPENDENCIES = (
    sa.select(_M.c.id, _M.c.state)
    .where(_M.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_M.c.id)
    .with_for_update(read=True)
)
_BOUNDED = ("stream_key", "subject_type", "subject_id", "customer_code", "kind")
_SIZES = {name: _M.c[name].type.length for name in _BOUNDED}


def _next(insert: Any) -> Any:
    """The upsert that gives the next numbers of a stream and locks it until the commit (§4.2)."""
    statement = insert(_S).values(stream_key=sa.bindparam("key"), next_seq=sa.bindparam("first"))
    taken = {"next_seq": _S.c.next_seq + sa.bindparam("count", type_=sa.BigInteger)}
    return statement.on_conflict_do_update(index_elements=[_S.c.stream_key], set_=taken).returning(_S.c.next_seq)


def _one(insert: Any, **next_at: Any) -> Any:
    """The insert of one message that gives no row where the fact is there already."""
    values = {name: sa.bindparam(name, type_=_M.c[name].type) for name in (*_WRITTEN, "seq", "next_at")}
    statement = insert(_M).values(values | next_at)
    return statement.on_conflict_do_nothing(index_elements=[_M.c[name] for name in _FACT]).returning(_M.c.id)


_WRITTEN = (
    *("id", "target", "customer_code", "stream_key", *_FACT, "version", "payload", "payload_sha256", "accepted_at"),
    *("actor_ref", "request_id", "depends_on", "state", "open", "blocking", "reason_code", "attempts", "abandoned"),
)
_NEXT = {"sqlite": _next(sqlite.insert), "postgresql": _next(postgresql.insert)}
_ONE = {"sqlite": _one(sqlite.insert), "postgresql": _one(postgresql.insert)}
_ONE_BY_ITS_CLOCK = _one(postgresql.insert, next_at=leases.DATABASE_NOW)
_MANY = _M.insert()


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


def _enqueue(session: Session, items: Sequence[tuple[OutboxMessage, str | None]]) -> list[str]:
    if not in_unit_of_work():
        raise RuntimeError("enqueue outside a unit of work: the fact and its message must be stored together")
    # The dependency's row before the stream's: whoever moves a message may enqueue, and must not wait for us meanwhile.
    dependencies = _dependencies(session, {on for _message, on in items if on})
    rows = [_row(message, on, dependencies) for message, on in items]
    by_stream = sorted(rows, key=lambda row: row["stream_key"])
    for stream_key, group in itertools.groupby(by_stream, key=lambda row: row["stream_key"]):
        members = list(group)
        last = next_seq(session, stream_key, len(members))
        for row, seq in zip(members, range(last - len(members) + 1, last + 1), strict=True):
            row["seq"] = seq
    if len(rows) == 1:
        _insert_one(session, rows[0], items[0][0])
    elif rows:
        due = leases.now(session)
        session.execute(_MANY, [row | {"next_at": due} for row in rows])
    for target in sorted({row["target"] for row in rows}):
        nudges.after_commit(session, target)
    return [row["id"] for row in rows]


def _insert_one(session: Session, row: dict[str, Any], message: OutboxMessage) -> None:
    """Tells a repeated fact and leaves the unit of work usable; where many are written, one is an error."""
    if leases.by_database(session):
        inserted = session.execute(_ONE_BY_ITS_CLOCK, row)
    else:
        inserted = session.execute(_ONE[session.get_bind().dialect.name], row | {"next_at": clock.now_utc()})
    if inserted.first() is None:
        first = session.execute(_SAME_FACT, {name: row[name] for name in _FACT}).scalar_one()
        raise AlreadyQueued(message, first)


def _row(message: OutboxMessage, depends_on: str | None, dependencies: Mapping[str, State]) -> dict[str, Any]:
    payload = canonical(message.payload)
    problems = _schema(type(message).payload_schema).validate(message.payload)
    if problems:
        raise ValueError(f"{message.kind}: the payload does not fit its schema: {sorted(problems)}")
    for name, size in _SIZES.items():
        text = getattr(message, name)
        if text == "" or text is not None and len(text) > size:
            raise ValueError(f"{message.kind}: {name} has from 1 to {size} characters")
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
    found = {row.id: State(row.state) for row in session.execute(_DEPENDENCIES, {"ids": sorted(ids)})}
    missing = ids - found.keys()
    if missing:
        raise ValueError(f"no message {min(missing)} to depend on")
    return found


def next_seq(session: Session, stream_key: str, count: int = 1) -> int:
    """Take `count` numbers of a stream; returns the last of them. The first number of a stream is 1."""
    values = {"key": stream_key, "first": count + 1, "count": count}
    return int(session.execute(_NEXT[session.get_bind().dialect.name], values).scalar_one()) - 1


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
