"""The tables of changed and lost credentials: changes of an address, letters with a code, alarms of owners."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant


class EmailChange(Base):
    """A new address that waits for its mailbox to say yes: the token's SHA-256, until when; one that counts at most.

    `former_email` is the address that was left, kept for the notices of the days after the change (identity.md §6.3).
    """

    __tablename__ = "core_email_change"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "account_id", "created_at"),
        sa.Index(None, "expires_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(sa.String(254))
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    voided_at: Mapped[datetime | None] = mapped_column(Instant)
    former_email: Mapped[str | None] = mapped_column(sa.String(254))


class LetterCode(Base):
    """A printed letter with a code that leads to a new password (identity.md §8.2): a keyed hash of the code.

    `sealed_code` is the code encrypted, for printing, and is forgotten soon; `tries` are the wrong ones.
    `customer_code` is whose correspondence address the letter goes to.
    """

    __tablename__ = "core_letter_code"
    __table_args__ = (
        sa.Index(None, "account_id", "created_at"),
        sa.Index(None, "customer_code"),
        sa.Index(None, "expires_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    code_digest: Mapped[str] = mapped_column(sa.String(64))
    sealed_code: Mapped[str | None] = mapped_column(sa.Text)
    tries: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(sa.String(36))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    voided_at: Mapped[datetime | None] = mapped_column(Instant)


class Alarm(Base):
    """An owner said "that was not me" (identity.md §6.8): work for the office until `handled_at`.

    `signed_in_at`, `ip` and `user_agent` are of the sign-in that was pointed at, where one was.
    """

    __tablename__ = "core_alarm"
    __table_args__ = (sa.Index(None, "handled_at", "raised_at"), sa.Index(None, "account_id"))

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    raised_at: Mapped[datetime] = mapped_column(Instant)
    signed_in_at: Mapped[datetime | None] = mapped_column(Instant)
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    user_agent: Mapped[str | None] = mapped_column(sa.String(200))
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
    handled_by: Mapped[str | None] = mapped_column(sa.String(36))
