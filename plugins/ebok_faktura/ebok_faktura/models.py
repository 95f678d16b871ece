"""The module's tables: consents to e-invoices, notices of documents, the ladder of proof, addresses that fail."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Amount, Base, Instant

GIVEN, CHANGED, WITHDRAWN = CONSENT_KINDS = ("given", "changed", "withdrawn")
WAITING, APPLIED, REJECTED = VERDICTS = ("waiting", "applied", "rejected")
EMAIL, EMAIL_SMS, SMS = CHANNELS = ("email", "email_sms", "sms")
PAPER, HELD, QUEUED, ACCEPTED, BOUNCED = NOTICE_STATES = ("paper", "held", "queued", "accepted", "bounced")
_SMS_WAITS = sa.text("sms_state = 'queued'")


class ConsentText(Base):
    """A wording of the consent that somebody agreed to, kept as it was: `version` counts wordings from 1."""

    __tablename__ = "faktura_consent_text"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    text: Mapped[str] = mapped_column(sa.Text)
    first_used_at: Mapped[datetime] = mapped_column(Instant)


class Consent(Base):
    """What a customer decided about e-invoices, written once; the newest that was not rejected stands (identity §10.3).

    `status` is TYTAN's answer to the message that told it. `ip` and `user_agent` say from where it came.
    """

    __tablename__ = "faktura_consent"
    __table_args__ = (
        sa.CheckConstraint(f"kind IN {CONSENT_KINDS}", name="kind"),
        sa.CheckConstraint(f"status IN {VERDICTS}", name="status"),
        sa.Index("ix_faktura_consent_customer_code", "customer_code", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    account_id: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    display_name: Mapped[str | None] = mapped_column(sa.String(150))
    kind: Mapped[str] = mapped_column(sa.String(10))
    channel: Mapped[str | None] = mapped_column(sa.String(10))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    phone: Mapped[str | None] = mapped_column(sa.String(16))
    locale: Mapped[str] = mapped_column(sa.String(5))
    text_version: Mapped[int] = mapped_column(sa.ForeignKey("faktura_consent_text.version"))
    at: Mapped[datetime] = mapped_column(Instant)
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    user_agent: Mapped[str] = mapped_column(sa.String(200))
    message_id: Mapped[str] = mapped_column(sa.String(36), unique=True)
    status: Mapped[str] = mapped_column(sa.String(10))
    status_at: Mapped[datetime] = mapped_column(Instant)
    reason_code: Mapped[str | None] = mapped_column(sa.String(40))
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    reference: Mapped[str | None] = mapped_column(sa.String(60))


class Notice(Base):
    """A document that was issued after the installation, and how its customer was told. One row a document.

    `state`: paper (no consent, or `reason` says why not), held (nothing could be sent, `reason` says why), queued,
    accepted (by the mail server or the SMS gateway), bounced. It changes by conditional update only (G11).
    `message_id` and `sms_id` are the outbox's; the first is also the mail's Message-ID. `received_*` is the first
    strong event of billing.md §9.5, `handled_*` the clerk's tick at a bounce.
    """

    __tablename__ = "faktura_notice"
    __table_args__ = (
        sa.CheckConstraint(f"state IN {NOTICE_STATES}", name="state"),
        sa.Index("ix_faktura_notice_customer_code", "customer_code", "issued_on", "id"),
        sa.Index("ix_faktura_notice_state", "state", "queued_at"),
        sa.Index("ix_faktura_notice_created_at", "created_at", "id"),
        sa.Index("ix_faktura_notice_waiting_sms", "queued_at", sqlite_where=_SMS_WAITS, postgresql_where=_SMS_WAITS),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    document_number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[str] = mapped_column(sa.String(30))
    issued_on: Mapped[date]
    due_on: Mapped[date]
    gross: Mapped[Decimal] = mapped_column(Amount)
    channel: Mapped[str | None] = mapped_column(sa.String(10))
    state: Mapped[str] = mapped_column(sa.String(10))
    reason: Mapped[str | None] = mapped_column(sa.String(40))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    phone: Mapped[str | None] = mapped_column(sa.String(16))
    locale: Mapped[str] = mapped_column(sa.String(5))
    message_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    sms_id: Mapped[str | None] = mapped_column(sa.String(36), unique=True)
    sms_state: Mapped[str | None] = mapped_column(sa.String(10))
    created_at: Mapped[datetime] = mapped_column(Instant)
    queued_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    bounced_at: Mapped[datetime | None] = mapped_column(Instant)
    bounce_code: Mapped[str | None] = mapped_column(sa.String(40))
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
    handled_by: Mapped[str | None] = mapped_column(sa.String(150))
    fetched_at: Mapped[datetime | None] = mapped_column(Instant)
    received_at: Mapped[datetime | None] = mapped_column(Instant)
    received_how: Mapped[str | None] = mapped_column(sa.String(20))
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    confirmed_by: Mapped[str | None] = mapped_column(sa.String(150))


class Proof(Base):
    """One step of the ladder of billing.md §9.5 for one document, written once; `kind` names the step.

    `address` is where it went (empty for what happened in the portal), `audit_seq` the number of the audit event that
    seals a step which counts as receipt.
    """

    __tablename__ = "faktura_proof"
    __table_args__ = (
        sa.UniqueConstraint("document_number", "kind", "channel", "address"),
        sa.Index("ix_faktura_proof_customer_code", "customer_code", "document_number"),
        sa.Index("ix_faktura_proof_at", "at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    document_number: Mapped[str] = mapped_column(sa.String(40))
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[str] = mapped_column(sa.String(20))
    channel: Mapped[str] = mapped_column(sa.String(10))
    address: Mapped[str] = mapped_column(sa.String(254))
    at: Mapped[datetime] = mapped_column(Instant)
    message_id: Mapped[str | None] = mapped_column(sa.String(36))
    account_id: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    display_name: Mapped[str | None] = mapped_column(sa.String(150))
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    user_agent: Mapped[str | None] = mapped_column(sa.String(200))
    code: Mapped[str | None] = mapped_column(sa.String(40))
    audit_seq: Mapped[int | None] = mapped_column(sa.BigInteger)


class FailingAddress(Base):
    """An address from which a notice came back; gone when the customer gives another one or says that it works."""

    __tablename__ = "faktura_failing_address"

    customer_code: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254))
    since: Mapped[datetime] = mapped_column(Instant)
    code: Mapped[str | None] = mapped_column(sa.String(40))
    document_number: Mapped[str] = mapped_column(sa.String(40))


class Bounce(Base):
    """A report of a mail server that was read, by the hash of its bytes: reading the box again changes nothing."""

    __tablename__ = "faktura_bounce"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str] = mapped_column(sa.String(20))


class Progress(Base):
    """One row: from where documents are announced, and up to which state of the copy they were looked at.

    Only documents issued from `since` on and above the change number `change_no` count: what the copy held when the
    module was installed is never announced.
    """

    __tablename__ = "faktura_progress"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[date]
    change_no: Mapped[int] = mapped_column(sa.BigInteger)
    seen_change_no: Mapped[int | None] = mapped_column(sa.BigInteger)
    seen_compared_at: Mapped[datetime | None] = mapped_column(Instant)


WANTED, DONE = FETCH_STATES = ("wanted", "done")
KEPT, WRONG = FILE_STATES = ("kept", "wrong")


class Fetch(Base):
    """That TYTAN's files of a document were asked for. `revision` counts how often, `done_at` is the last answer."""

    __tablename__ = "faktura_fetch"
    __table_args__ = (sa.CheckConstraint(f"state IN {FETCH_STATES}", name="state"),)

    document_number: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    revision: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(10))
    wanted_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)


class InvoiceFile(Base):
    """A file that TYTAN gave for a document: `kind` is `fa3`, `pdf` or `upo`, `sha256` names the kept content.

    `state` wrong: it is not what its own hash or the invoice's names, is not kept and is never shown; `problem` says
    why, `seen_at` when it came.
    """

    __tablename__ = "faktura_file"
    __table_args__ = (
        sa.CheckConstraint(f"state IN {FILE_STATES}", name="state"),
        sa.Index("ix_faktura_file_state", "state", "seen_at"),
    )

    document_number: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(10))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    problem: Mapped[str | None] = mapped_column(sa.String(40))
    seen_at: Mapped[datetime] = mapped_column(Instant)


class CheckCode(Base):
    """The code that is printed on a document's PDFs and proves, with its number, that somebody holds it (N09)."""

    __tablename__ = "faktura_check_code"

    document_number: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(16))
    made_at: Mapped[datetime] = mapped_column(Instant)


class IssuedPdf(Base):
    """A PDF that was given out, by the hash of its bytes: one changed byte, and nobody knows it (N09)."""

    __tablename__ = "faktura_issued_pdf"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    document_number: Mapped[str] = mapped_column(sa.String(40), index=True)
    source: Mapped[str] = mapped_column(sa.String(10))
    issued_at: Mapped[datetime] = mapped_column(Instant)
