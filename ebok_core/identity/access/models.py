"""The tables of access: points of a narrow access, delegations, groups with their people, customers and rights."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant

_ACCESS, _ACCOUNT, _GROUP = "core_customer_access.id", "core_account.id", "core_group.id"


class AccessPoint(Base):
    """A service point that an access of the scope "points" reaches; without a row it reaches none."""

    __tablename__ = "core_access_point"
    access_id: Mapped[str] = mapped_column(sa.ForeignKey(_ACCESS, ondelete="CASCADE"), primary_key=True)
    point_code: Mapped[str] = mapped_column(sa.String(20), primary_key=True)


class Delegation(Base):
    """A right that an owner offers to somebody by e-mail, and what became of it (identity.md §8.4).

    `state` is one of `access.rules`; `points` are codes with a line each, None for all; `access_id` the access that
    the acceptance made. `valid_to` is the last day. Only the hash of the invitation's token is kept.
    """

    __tablename__ = "core_delegation"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "customer_code", "created_at"),
        sa.Index(None, "account_id"),
        sa.Index(None, "access_id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    granted_by: Mapped[str] = mapped_column(sa.ForeignKey(_ACCOUNT, ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(sa.String(254))
    role: Mapped[str] = mapped_column(sa.String(20))
    points: Mapped[str | None] = mapped_column(sa.Text)
    valid_to: Mapped[date] = mapped_column(sa.Date)
    state: Mapped[str] = mapped_column(sa.String(20))
    token_hash: Mapped[str | None] = mapped_column(sa.String(64))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    account_id: Mapped[str | None] = mapped_column(sa.ForeignKey(_ACCOUNT, ondelete="SET NULL"))
    access_id: Mapped[str | None] = mapped_column(sa.ForeignKey(_ACCESS, ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class Group(Base):
    """A group of one of three kinds: it shares access, gives rights to staff, or gathers recipients of messages.

    `role` is the members' role towards the customers of an access group, None for the other kinds.
    """

    __tablename__ = "core_group"
    __table_args__ = (sa.UniqueConstraint("kind", "name_key"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(100))
    name_key: Mapped[str] = mapped_column(sa.String(100))
    role: Mapped[str | None] = mapped_column(sa.String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)


class GroupMember(Base):
    """A person in an access group or in a group of rights."""

    __tablename__ = "core_group_member"
    __table_args__ = (sa.Index(None, "group_id"),)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey(_ACCOUNT, ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[str] = mapped_column(sa.ForeignKey(_GROUP, ondelete="CASCADE"), primary_key=True)


class GroupCustomer(Base):
    """A customer of TYTAN in an access group or in a group of recipients."""

    __tablename__ = "core_group_customer"
    __table_args__ = (sa.Index(None, "customer_code"),)
    group_id: Mapped[str] = mapped_column(sa.ForeignKey(_GROUP, ondelete="CASCADE"), primary_key=True)
    customer_code: Mapped[str] = mapped_column(sa.String(20), primary_key=True)


class GroupRight(Base):
    """A permission that a group of rights gives to its members."""

    __tablename__ = "core_group_right"
    group_id: Mapped[str] = mapped_column(sa.ForeignKey(_GROUP, ondelete="CASCADE"), primary_key=True)
    permission: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
