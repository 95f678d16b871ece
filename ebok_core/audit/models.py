"""The audit trail's two tables: the events, which only grow, and the one-row head that makes them a chain."""

from __future__ import annotations

from datetime import datetime

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
