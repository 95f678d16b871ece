"""Deliver a run of messages into `ebok_inbox`: one transaction there, recognised by primary key (reliability.md §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from ebok_core import clock
from ebok_core.contracts.tytan import Delivery, Envelope, Outcome


def deliver(connection: sa.Connection, inbox: sa.Table, envelopes: Sequence[Envelope], busy: Sequence[str]) -> Delivery:
    """Insert the messages in order and commit once.

    A key that exists is read back: the same hash means that the message was delivered before, another one is a
    conflict and nothing is overwritten. `busy` are the dialect's words or codes for locks.
    """
    committing = False
    try:
        left = list(envelopes)
        try:
            _insert(connection, inbox, left)
        except IntegrityError:
            connection.rollback()
            there = _hashes(connection, inbox, left)
            if not there:
                connection.rollback()
                return Delivery(outcome=Outcome.PERMANENT, code="constraint")
            if any(there.get(e.message_id, e.payload_sha256) != e.payload_sha256 for e in left):
                connection.rollback()
                return Delivery(outcome=Outcome.CONFLICT, code="other_payload")
            _insert(connection, inbox, [e for e in left if e.message_id not in there])
        committing = True
        connection.commit()
    except DBAPIError as error:
        return _failed(connection, error, committing, busy)
    return Delivery(outcome=Outcome.DELIVERED)


def _insert(connection: sa.Connection, inbox: sa.Table, envelopes: Sequence[Envelope]) -> None:
    if envelopes:
        connection.execute(inbox.insert(), [_row(envelope) for envelope in envelopes])


def _row(envelope: Envelope) -> Mapping[str, Any]:
    # TYTAN's instants are UTC without a zone.
    return {
        "message_id": envelope.message_id,
        "kind": envelope.kind,
        "version": envelope.version,
        "customer_code": envelope.customer_code,
        "stream_key": envelope.stream_key,
        "seq": envelope.seq,
        "payload": envelope.payload,
        "payload_sha256": envelope.payload_sha256,
        "accepted_at": envelope.accepted_at.replace(tzinfo=None),
        "delivered_at": clock.now_utc().replace(tzinfo=None),
    }


def _hashes(connection: sa.Connection, inbox: sa.Table, envelopes: Sequence[Envelope]) -> dict[str, str]:
    """Which of the messages are there, and the hashes of their payloads."""
    ids = [envelope.message_id for envelope in envelopes]
    statement = sa.select(inbox.c.message_id, inbox.c.payload_sha256).where(inbox.c.message_id.in_(ids))
    return {str(message).strip(): str(digest).strip() for message, digest in connection.execute(statement)}


def _failed(connection: sa.Connection, error: DBAPIError, committing: bool, busy: Sequence[str]) -> Delivery:
    """Classify a database error (reliability.md §4.6); whatever was begun is undone."""
    code = str(getattr(error.orig, "sqlstate", None) or type(error.orig).__name__)
    text = f"{code} {error.orig}".lower()
    lost = error.connection_invalidated or bool(getattr(error.orig, "connection_lost", False))
    if not lost and any(word.lower() in text for word in busy):
        outcome = Outcome.BUSY
    elif lost or committing or _timed_out(text):
        # Something was sent and no answer came: the message may be there.
        outcome = Outcome.AMBIGUOUS
    else:
        outcome = Outcome.PERMANENT
    _roll_back(connection)
    return Delivery(outcome=outcome, code=code)


def _timed_out(text: str) -> bool:
    return "57014" in text or "timeout" in text or "timed out" in text or "lost connection" in text


def _roll_back(connection: sa.Connection) -> None:
    try:
        connection.rollback()
    except DBAPIError:
        connection.invalidate()
