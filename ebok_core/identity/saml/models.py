"""The tables of external identities: flows under way, identities, assertions seen, the office's tasks, hub sessions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant


class SamlFlow(Base):
    """One way to the hub and back (identity.md §2.5), kept for a day.

    Of RelayState, browser secret and handle only hashes are kept. `answer` is who came back, as encrypted JSON without
    the personal number; it is emptied when the flow is over. `failure` is a word of `flow.FAILURES`. `account_id` and
    `session_id` are whose wish it was, where somebody was signed in.
    """

    __tablename__ = "core_saml_flow"
    __table_args__ = (
        sa.UniqueConstraint("relay_hash"),
        sa.UniqueConstraint("handle_hash"),
        sa.Index(None, "browser_hash"),
        sa.Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    intent: Mapped[str] = mapped_column(sa.String(10))
    state: Mapped[str] = mapped_column(sa.String(10))
    request_id: Mapped[str] = mapped_column(sa.String(60))
    relay_hash: Mapped[str] = mapped_column(sa.String(64))
    browser_hash: Mapped[str] = mapped_column(sa.String(64))
    handle_hash: Mapped[str | None] = mapped_column(sa.String(64))
    handle_expires_at: Mapped[datetime | None] = mapped_column(Instant)
    account_id: Mapped[str | None] = mapped_column(sa.String(36))
    session_id: Mapped[str | None] = mapped_column(sa.String(36))
    answer: Mapped[str | None] = mapped_column(sa.Text)
    failure: Mapped[str | None] = mapped_column(sa.String(40))
    verdict: Mapped[str | None] = mapped_column(sa.String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class SamlAssertion(Base):
    """An assertion that was used; kept until it is a day out of date, so that it works once (V13)."""

    __tablename__ = "core_saml_assertion"
    __table_args__ = (sa.Index(None, "keep_until"),)

    id_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    keep_until: Mapped[datetime] = mapped_column(Instant)


class ExternalIdentity(Base):
    """A person as an identity provider names them, and the account that is theirs.

    The key is the issuer with the HMAC of the identifier and the id of the HMAC's key (identity.md §5); the number
    itself is nowhere.
    """

    __tablename__ = "core_external_identity"
    __table_args__ = (
        sa.UniqueConstraint("issuer", "key_id", "hmac"),
        sa.UniqueConstraint("account_id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    issuer: Mapped[str] = mapped_column(sa.String(200))
    key_id: Mapped[str] = mapped_column(sa.String(16))
    hmac: Mapped[str] = mapped_column(sa.String(64))
    is_pesel: Mapped[bool] = mapped_column(sa.Boolean)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("core_account.id", ondelete="CASCADE"))
    authority: Mapped[str] = mapped_column(sa.String(80))
    level: Mapped[str] = mapped_column(sa.String(20))
    linked_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime] = mapped_column(Instant)


class ExternalTask(Base):
    """Something of a sign-in that the office or an administrator must look at; `kind` is a key of `tasks.TITLES`.

    `about` makes the same open task unique. `person` and `contact` are what the person lets the office know.
    """

    __tablename__ = "core_external_task"
    __table_args__ = (
        sa.Index(
            "uq_core_external_task_open",
            "kind",
            "about",
            unique=True,
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        ),
        sa.Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    about: Mapped[str] = mapped_column(sa.String(100))
    customer_code: Mapped[str | None] = mapped_column(sa.String(20))
    person: Mapped[str | None] = mapped_column(sa.String(300))
    contact: Mapped[str | None] = mapped_column(sa.String(254))
    note: Mapped[str | None] = mapped_column(sa.String(1000))
    created_at: Mapped[datetime] = mapped_column(Instant)
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
    handled_by: Mapped[str | None] = mapped_column(sa.String(36))


class HubSession(Base):
    """What ends a person's session at the hub: its names for them, encrypted, while our session lives (§2.12)."""

    __tablename__ = "core_hub_session"

    session_id: Mapped[str] = mapped_column(sa.ForeignKey("core_session.id", ondelete="CASCADE"), primary_key=True)
    names: Mapped[str] = mapped_column(sa.Text)
    tries: Mapped[int] = mapped_column(sa.Integer)
