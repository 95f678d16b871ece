"""The outbox's tables (reliability.md §4.2); state columns change by conditional update only, never by assignment."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant

from . import rules

STATES = ", ".join(f"'{state}'" for state in rules.State)
OPEN = ", ".join(f"'{state}'" for state in rules.State if state in rules.OPEN)
MAY_BLOCK = ", ".join(f"'{state}'" for state in rules.State if state in rules.MAY_BLOCK)


class Stream(Base):
    """The counter of a stream. The row lock that its upsert takes makes order of numbers the order of commits."""

    __tablename__ = "core_outbox_stream"

    stream_key: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    next_seq: Mapped[int] = mapped_column(sa.BigInteger)


class Message(Base):
    """A fact on its way to a far side. `open` and `blocking` exist for the partial indexes and follow from `state`.

    `attempts` rises when a worker claims, `abandoned` when a lease ran out without a recorded outcome. `held_status` is
    a verdict that `apply_result` failed to take; a job tries it again. `last_code` and `reason_code` hold no personal
    data, `reason` is the far side's own words.
    """

    __tablename__ = "core_outbox_message"
    __table_args__ = (
        sa.UniqueConstraint("stream_key", "seq"),
        sa.UniqueConstraint("kind", "subject_type", "subject_id", "subject_rev"),
        sa.CheckConstraint(f"state IN ({STATES})", name="state"),
        sa.CheckConstraint(f"open = (state IN ({OPEN}))", name="open"),
        sa.CheckConstraint(f"NOT blocking OR state IN ({MAY_BLOCK})", name="blocking"),
        sa.CheckConstraint("(state = 'leased') = (lease_token IS NOT NULL)", name="lease"),
        sa.CheckConstraint("payload IS NOT NULL OR NOT open", name="payload"),
        sa.Index(
            "ix_core_outbox_message_due",
            "target",
            "next_at",
            "id",
            sqlite_where=sa.text("open"),
            postgresql_where=sa.text("open"),
        ),
        sa.Index(
            "ix_core_outbox_message_blocking",
            "stream_key",
            "seq",
            sqlite_where=sa.text("blocking"),
            postgresql_where=sa.text("blocking"),
        ),
        sa.Index(
            "ix_core_outbox_message_dependents",
            "depends_on",
            sqlite_where=sa.text("open"),
            postgresql_where=sa.text("open"),
        ),
        sa.Index("ix_core_outbox_message_status_at", "status_at"),
        sa.Index(None, "target", "accepted_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    target: Mapped[str] = mapped_column(sa.String(40))
    customer_code: Mapped[str | None] = mapped_column(sa.String(20))
    stream_key: Mapped[str] = mapped_column(sa.String(60))
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[str] = mapped_column(sa.String(60))
    version: Mapped[int]
    subject_type: Mapped[str] = mapped_column(sa.String(80))
    subject_id: Mapped[str] = mapped_column(sa.String(160))
    subject_rev: Mapped[int]
    payload: Mapped[str | None] = mapped_column(sa.Text)
    payload_sha256: Mapped[str] = mapped_column(sa.String(64))
    accepted_at: Mapped[datetime] = mapped_column(Instant)
    actor_ref: Mapped[str | None] = mapped_column(sa.String(80))
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    depends_on: Mapped[str | None] = mapped_column(sa.String(36))
    state: Mapped[str] = mapped_column(sa.String(20))
    open: Mapped[bool]
    blocking: Mapped[bool]
    next_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    abandoned: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_owner: Mapped[str | None] = mapped_column(sa.String(80))
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    uncertain_since: Mapped[datetime | None] = mapped_column(Instant)
    last_class: Mapped[str | None] = mapped_column(sa.String(20))
    last_code: Mapped[str | None] = mapped_column(sa.String(80))
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    reason_code: Mapped[str | None] = mapped_column(sa.String(40))
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    reference: Mapped[str | None] = mapped_column(sa.String(60))
    status_at: Mapped[datetime | None] = mapped_column(Instant)
    held_status: Mapped[str | None] = mapped_column(sa.String(20))


class Attempt(Base):
    """One attempt, written once: `number` is the message's count at the time, `ms` how long the far side took."""

    __tablename__ = "core_outbox_attempt"
    __table_args__ = (sa.Index(None, "message_id"), sa.Index(None, "started_at"))

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    message_id: Mapped[str] = mapped_column(sa.String(36))
    number: Mapped[int]
    lease_token: Mapped[str] = mapped_column(sa.String(32))
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str] = mapped_column(sa.String(20))
    code: Mapped[str | None] = mapped_column(sa.String(80))
    ms: Mapped[int]


class Breaker(Base):
    """Failures in a row to reach a target, shared by all workers. Open from the fifth: `probe_at` lets one through."""

    __tablename__ = "core_outbox_breaker"

    target: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    failures: Mapped[int]
    opened_at: Mapped[datetime | None] = mapped_column(Instant)
    probe_at: Mapped[datetime | None] = mapped_column(Instant)


class Submission(Base):
    """A form or a device that sent a fact once. `result` is where the answer leads; a token belongs to one actor."""

    __tablename__ = "core_submission"
    __table_args__ = (sa.Index(None, "created_at"),)

    token: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    actor: Mapped[str] = mapped_column(sa.String(80))
    result: Mapped[str | None] = mapped_column(sa.String(500))
    created_at: Mapped[datetime] = mapped_column(Instant)


class Instance(Base):
    """This installation's one row: `epoch` rises with each restore from a backup, `restored_at` says when (R50)."""

    __tablename__ = "core_instance"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int]
    restored_at: Mapped[datetime | None] = mapped_column(Instant)
