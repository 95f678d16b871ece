"""The tables of privacy: documents in versions, what people accepted, consents, own-data files, deletions, the diary.

Evidence names a person by `subject_id`: the account's id while it lives, a random one after it was erased (§10.6), at
`subject_ended_at`; from then on its years are counted.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant


class LegalDocument(Base):
    """One version of a document, never changed once it is there (triggers refuse it); `body` is Markdown.

    `published_by` is None for the text that e-BOK ships, frozen when somebody first agreed to it. `requires_reaccept`:
    customers are asked about it after their next sign-in. `summary` says in plain words what has changed.
    """

    __tablename__ = "core_legal_document"
    __table_args__ = (sa.UniqueConstraint("kind", "version"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(30))
    version: Mapped[int]
    lang: Mapped[str] = mapped_column(sa.String(5))
    title: Mapped[str] = mapped_column(sa.String(150))
    body: Mapped[str] = mapped_column(sa.Text)
    summary: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    valid_from: Mapped[date] = mapped_column(sa.Date)
    requires_reaccept: Mapped[bool]
    published_by: Mapped[str | None] = mapped_column(sa.String(36))
    published_at: Mapped[datetime] = mapped_column(Instant)


class DocumentAcceptance(Base):
    """Somebody agreed to a version, or confirmed to have read it: when, from where, on which page (`way`)."""

    __tablename__ = "core_document_acceptance"
    __table_args__ = (sa.UniqueConstraint("subject_id", "document_id"), sa.Index(None, "subject_ended_at"))

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    subject_id: Mapped[str] = mapped_column(sa.String(36))
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("core_legal_document.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    user_agent: Mapped[str | None] = mapped_column(sa.String(200))
    way: Mapped[str] = mapped_column(sa.String(20))
    subject_ended_at: Mapped[datetime | None] = mapped_column(Instant)


class ConsentEvent(Base):
    """A consent given or withdrawn; the last event of a subject and consent says how it stands (§10.3)."""

    __tablename__ = "core_consent_event"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('given', 'withdrawn')", name="kind"),
        sa.Index(None, "subject_id", "consent", "id"),
        sa.Index(None, "subject_ended_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    consent: Mapped[str] = mapped_column(sa.String(30))
    subject_id: Mapped[str] = mapped_column(sa.String(36))
    kind: Mapped[str] = mapped_column(sa.String(10))
    document_id: Mapped[str] = mapped_column(sa.ForeignKey("core_legal_document.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    way: Mapped[str] = mapped_column(sa.String(20))
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    subject_ended_at: Mapped[datetime | None] = mapped_column(Instant)


class DataExport(Base):
    """A wish to have one's own data as a file: asked, then ready until `expires_at`, then over.

    `sha256` names the kept content, `missing` the parts that failed, separated by spaces.
    """

    __tablename__ = "core_data_export"
    __table_args__ = (
        sa.CheckConstraint("state IN ('asked', 'ready', 'over')", name="state"),
        sa.Index(None, "account_id", "id"),
        sa.Index(None, "state"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(sa.String(10))
    built_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    size: Mapped[int | None] = mapped_column(sa.BigInteger)
    missing: Mapped[str] = mapped_column(sa.Text, default="")


class AccountDeletion(Base):
    """A deletion of an account: waiting until `due_at`, undone, or done, after which `account_id` is gone.

    `way` is `own` or `office`, `reason` a key of `deletion.rules.REASONS`; `status_before` comes back on undoing.
    """

    __tablename__ = "core_account_deletion"
    __table_args__ = (
        sa.CheckConstraint("state IN ('waiting', 'undone', 'done')", name="state"),
        sa.CheckConstraint("(state = 'done') = (account_id IS NULL)", name="account"),
        sa.UniqueConstraint("token_hash"),
        sa.Index(
            "uq_core_account_deletion_waiting",
            "account_id",
            unique=True,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.Index(None, "state", "due_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str | None] = mapped_column(sa.String(36))
    way: Mapped[str] = mapped_column(sa.String(10))
    reason: Mapped[str] = mapped_column(sa.String(20))
    asked_by: Mapped[str | None] = mapped_column(sa.String(36))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    status_before: Mapped[str] = mapped_column(sa.String(20))
    token_hash: Mapped[str | None] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(sa.String(10))
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    erased_rows: Mapped[int | None]


class Sight(Base):
    """Somebody else looked at a customer's data, or used them (N19): who, what, when; no name is kept here.

    `viewer_kind` is `staff`, `delegate`, `module` or `token`; `viewer_id` the account's id, or the module's name.
    """

    __tablename__ = "core_sight"
    __table_args__ = (sa.Index(None, "customer_code", "at", "id"), sa.Index(None, "viewer_id"), sa.Index(None, "at"))

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    viewer_kind: Mapped[str] = mapped_column(sa.String(10))
    viewer_id: Mapped[str] = mapped_column(sa.String(36))
    what: Mapped[str] = mapped_column(sa.String(60))
