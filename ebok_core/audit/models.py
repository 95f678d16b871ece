"""The audit trail's tables: events, which only grow, their head, the daily seals, the watch; and unexpected errors."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant


class AuditEvent(Base):
    """One event (security.md §10). Triggers refuse to change or delete it; `hash` covers the row and `prev_hash`.

    `before` and `after` are JSON texts, personal values in them hashed. `key_id` names the key of the hash.
    """

    __tablename__ = "core_audit_event"
    __table_args__ = (
        sa.Index(None, "at"),
        sa.Index(None, "actor", "seq"),
        sa.Index(None, "on_behalf_of", "seq"),
        sa.Index(None, "object_type", "object_id", "seq"),
    )

    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(sa.String(60))
    on_behalf_of: Mapped[str | None] = mapped_column(sa.String(60))
    action: Mapped[str] = mapped_column(sa.String(80))
    object_type: Mapped[str] = mapped_column(sa.String(60))
    object_id: Mapped[str] = mapped_column(sa.String(80))
    before: Mapped[str | None] = mapped_column(sa.Text)
    after: Mapped[str | None] = mapped_column(sa.Text)
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    user_agent_hash: Mapped[str | None] = mapped_column(sa.String(64))
    session_hash: Mapped[str | None] = mapped_column(sa.String(64))
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    key_id: Mapped[str] = mapped_column(sa.String(16))
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


class AuditHead(Base):
    """The last event's number and hash; locking this row puts all writers in one line."""

    __tablename__ = "core_audit_head"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    hash: Mapped[str] = mapped_column(sa.String(64))


class AuditSeal(Base):
    """The end of a day's chain: the last event's number and hash, sealed with the key that stands in no table (N03).

    `events` were added since the seal before; `hash` covers the row and `prev_hash`. Triggers refuse changes.
    """

    __tablename__ = "core_audit_seal"

    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    events: Mapped[int] = mapped_column(sa.BigInteger)
    head_hash: Mapped[str] = mapped_column(sa.String(64))
    sealed_at: Mapped[datetime] = mapped_column(Instant)
    key_id: Mapped[str] = mapped_column(sa.String(16))
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


class AuditWatch(Base):
    """What the watch over the chain knows, one row: the last event it saw, how far its round is, the first fault."""

    __tablename__ = "core_audit_watch"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    seen_seq: Mapped[int] = mapped_column(sa.BigInteger)
    seen_hash: Mapped[str] = mapped_column(sa.String(64))
    swept_seq: Mapped[int] = mapped_column(sa.BigInteger)
    swept_hash: Mapped[str] = mapped_column(sa.String(64))
    whole_at: Mapped[datetime | None] = mapped_column(Instant)
    fault_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    fault: Mapped[str | None] = mapped_column(sa.String(300))
    fault_at: Mapped[datetime | None] = mapped_column(Instant)


class PageError(Base):
    """An unexpected error of a page, found by the number that the customer reads out: nothing about a person.

    `address` is the page's pattern (`/faktury/<number>`), never the address itself, which may name a document.
    """

    __tablename__ = "core_page_error"
    __table_args__ = (sa.Index(None, "at"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(12))
    at: Mapped[datetime] = mapped_column(Instant)
    zone: Mapped[str | None] = mapped_column(sa.String(10))
    method: Mapped[str] = mapped_column(sa.String(10))
    address: Mapped[str] = mapped_column(sa.String(200))
    status: Mapped[int] = mapped_column(sa.Integer)
    error_class: Mapped[str] = mapped_column(sa.String(120))
