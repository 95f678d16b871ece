"""The tables of second factors: the app, passkeys, recovery codes, a sign-in between its two steps, lost factors."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant


class Totp(Base):
    """The app that shows codes, at most one of an account. `secret` is base32, encrypted with the settings' keys.

    `last_step` is the last time step whose code was used (Unix seconds // 30): each step works once.
    """

    __tablename__ = "core_totp"

    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(sa.String(300))
    last_step: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Passkey(Base):
    """A passkey: the browser's or phone's key, by the name that its owner gave it.

    `credential_id` and `public_key` are base64url. `challenged_at` is when the last challenge it answered was made:
    an answer to that one or an older one works no more. `sign_count` is the key's own counter, 0 for keys without one.
    """

    __tablename__ = "core_passkey"
    __table_args__ = (sa.UniqueConstraint("credential_id"), sa.Index(None, "account_id", "created_at"))

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(60))
    credential_id: Mapped[str] = mapped_column(sa.String(1400))
    public_key: Mapped[str] = mapped_column(sa.Text)
    sign_count: Mapped[int] = mapped_column(sa.BigInteger)
    challenged_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class RecoveryCode(Base):
    """One of a set of recovery codes, as an argon2id hash; a new set takes the place of the old one."""

    __tablename__ = "core_recovery_code"
    __table_args__ = (sa.Index(None, "account_id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(sa.String(255))
    created_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class SignInStep(Base):
    """A sign-in whose password was right and whose second step is to come; it opens nothing by itself.

    The browser carries a token, the row its SHA-256. `duty` is what the session will have to do first.
    """

    __tablename__ = "core_sign_in_step"
    __table_args__ = (sa.UniqueConstraint("token_hash"), sa.Index(None, "account_id"), sa.Index(None, "expires_at"))

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    login_digest: Mapped[str] = mapped_column(sa.String(64))
    duty: Mapped[str | None] = mapped_column(sa.String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class FactorRemoval(Base):
    """The office is asked to take a lost second factor off an account: one of the staff asks, another confirms.

    `proof` says how the person showed who they are. Open while neither `confirmed_at` nor `withdrawn_at` is set and
    `expires_at` is to come.
    """

    __tablename__ = "core_factor_removal"
    __table_args__ = (sa.Index(None, "account_id"), sa.Index(None, "expires_at"))

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    proof: Mapped[str] = mapped_column(sa.String(500))
    asked_by: Mapped[str] = mapped_column(sa.String(36))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_by: Mapped[str | None] = mapped_column(sa.String(36))
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
