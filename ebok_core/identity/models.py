"""The tables of people: accounts, their roles and customers, sessions, sign-ins, delays, links, registrations."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant

from . import rules


class Account(Base):
    """A person's portal user. `login_key` and `email_key` are what is typed at sign-in (`rules.login_key`).

    `password_spoiled_at`: since then others may know the password, so it opens nothing but the page that changes it.

    `password_hash` is None until the person sets a password by a one-time link. `status` is what the header shows
    (L06), `status_reason` why it is not the usual one; only a blocked account can't enter. `password_changed_at` counts
    for the utility's expiry policy (L24).
    """

    __tablename__ = "core_account"
    __table_args__ = (
        sa.UniqueConstraint("login_key"),
        sa.UniqueConstraint("kind", "email_key"),
        sa.CheckConstraint("kind IN ('customer', 'staff')", name="kind"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    login: Mapped[str] = mapped_column(sa.String(254))
    login_key: Mapped[str] = mapped_column(sa.String(254))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    email_key: Mapped[str | None] = mapped_column(sa.String(254))
    display_name: Mapped[str] = mapped_column(sa.String(150))
    password_hash: Mapped[str | None] = mapped_column(sa.String(255))
    password_changed_at: Mapped[datetime | None] = mapped_column(Instant)
    password_spoiled_at: Mapped[datetime | None] = mapped_column(Instant)
    status: Mapped[str] = mapped_column(sa.String(20))
    status_reason: Mapped[str | None] = mapped_column(sa.String(500))
    locale: Mapped[str] = mapped_column(sa.String(5))
    created_at: Mapped[datetime] = mapped_column(Instant)


class AccountRole(Base):
    """A ready-made role of a member of staff (P75). A customer's rights come with the kind and need no row."""

    __tablename__ = "core_account_role"
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(20), primary_key=True)


class CustomerAccess(Base):
    """Which customer of TYTAN an account may act for, in which role, scope and period (identity.md §8.4).

    `valid_to` is the last day, `reminded_days` how near it was when we last wrote of it; the points of the scope
    "points" stand in `core_access_point`. At most one access of an account to a customer is not revoked.
    """

    __tablename__ = "core_customer_access"
    __table_args__ = (
        sa.Index(
            "uq_core_customer_access_live",
            "account_id",
            "customer_code",
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
        sa.Index(None, "customer_code"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    role: Mapped[str] = mapped_column(sa.String(20))
    scope: Mapped[str] = mapped_column(sa.String(10))
    source: Mapped[str] = mapped_column(sa.String(20))
    granted_by: Mapped[str | None] = mapped_column(sa.String(36))
    valid_from: Mapped[date] = mapped_column(sa.Date)
    valid_to: Mapped[date | None] = mapped_column(sa.Date)
    reminded_days: Mapped[int | None] = mapped_column(sa.Integer)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    created_at: Mapped[datetime] = mapped_column(Instant)


class SignInSession(Base):
    """A session: the cookie carries a token, the row its SHA-256, and the row decides at each request.

    `auth_level` is how the person proved who they are, `authenticated_at` when last, `factor_at` when last with a
    second factor; `duty` is what must be done before anything else (a lapsed password), `customer_code` the customer
    acted for.
    """

    __tablename__ = "core_session"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index(
            "ix_core_session_open",
            "account_id",
            "created_at",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index(None, "ended_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_activity_at: Mapped[datetime] = mapped_column(Instant)
    auth_level: Mapped[str] = mapped_column(sa.String(20))
    authenticated_at: Mapped[datetime] = mapped_column(Instant)
    factor_at: Mapped[datetime | None] = mapped_column(Instant)
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    user_agent: Mapped[str] = mapped_column(sa.String(rules.MOST_USER_AGENT))
    customer_code: Mapped[str | None] = mapped_column(sa.String(20))
    duty: Mapped[str | None] = mapped_column(sa.String(20))
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_reason: Mapped[str | None] = mapped_column(sa.String(20))


class LoginEvent(Base):
    """A sign-in, a try, a sign-out, the end of a session: the person's own history for 12 months (identity.md §6.8).

    `account_id` is None for a login that belongs to nobody: what was typed is kept as a keyed hash only. `acted_by` is
    the account that acted for this one, if another did. `entry` is the door of a failed try: `customer` or `staff`.
    """

    __tablename__ = "core_login_event"
    __table_args__ = (
        sa.Index(None, "account_id", "at", "id"),
        sa.Index(None, "login_digest", "at"),
        sa.Index(None, "at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    account_id: Mapped[str | None] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    login_digest: Mapped[str | None] = mapped_column(sa.String(64))
    result: Mapped[str] = mapped_column(sa.String(20))
    way: Mapped[str] = mapped_column(sa.String(20))
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    user_agent: Mapped[str] = mapped_column(sa.String(rules.MOST_USER_AGENT))
    session_id: Mapped[str | None] = mapped_column(sa.String(36))
    acted_by: Mapped[str | None] = mapped_column(sa.String(36))
    entry: Mapped[str | None] = mapped_column(sa.String(10))


class DelayCounter(Base):
    """Failures counted against one key: a typed login, a device, an address, a network (identity.md §6.2).

    `failures` since `since`; before `next_allowed_at` no try is looked at. Only keyed hashes of logins are kept.
    """

    __tablename__ = "core_delay_counter"
    __table_args__ = (sa.Index(None, "updated_at"),)

    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    failures: Mapped[int] = mapped_column(sa.Integer)
    since: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    next_allowed_at: Mapped[datetime | None] = mapped_column(Instant)


class OneTimeLink(Base):
    """A link that works once (S10): the token's SHA-256, what it is for, whose it is, until when."""

    __tablename__ = "core_one_time_link"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "account_id"),
        sa.Index(None, "expires_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    purpose: Mapped[str] = mapped_column(sa.String(20))
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(sa.String(60))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Registration(Base):
    """A person's way from a paper bill to an account (identity.md §8.2); `state` is one of `registration.rules`.

    `proof` is what was typed, as JSON, kept until the account is made or the link's time is over: the match is checked
    again then. `customer_code` is the matched customer. `reason` is TYTAN's, when it rejects the account afterwards;
    `handled_at` tells that the office has dealt with that. `bounced_at`: the mailbox refused our mail.
    """

    __tablename__ = "core_registration"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "state", "started_at"),
        sa.Index(None, "account_id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(20))
    verifier: Mapped[str] = mapped_column(sa.String(60))
    proof: Mapped[str | None] = mapped_column(sa.Text)
    locale: Mapped[str] = mapped_column(sa.String(5))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    revision: Mapped[int] = mapped_column(sa.Integer)
    customer_code: Mapped[str | None] = mapped_column(sa.String(20))
    account_id: Mapped[str | None] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    token_hash: Mapped[str | None] = mapped_column(sa.String(64))
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    started_at: Mapped[datetime] = mapped_column(Instant)
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    bounced_at: Mapped[datetime | None] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    reason_code: Mapped[str | None] = mapped_column(sa.String(40))
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
    handled_by: Mapped[str | None] = mapped_column(sa.String(36))
