"""The room's tables: blocks, what was written in them version by version, and the order on the page."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant

from . import rules


class Block(Base):
    """A block of the public zone; what it says is in its versions. A withdrawn one is shown nowhere."""

    __tablename__ = "core_public_block"
    __table_args__ = (sa.CheckConstraint(f"kind IN {tuple(rules.KINDS)}", name="kind"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)


class BlockVersion(Base):
    """What a block says from one day to another, both included. Once published it is never changed.

    Two people who write the same number at once meet the primary key.
    """

    __tablename__ = "core_public_version"

    block_id: Mapped[str] = mapped_column(sa.ForeignKey("core_public_block.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(sa.String(rules.MOST_TITLE))
    body: Mapped[str] = mapped_column(sa.Text)
    starts_on: Mapped[date] = mapped_column(sa.Date)
    ends_on: Mapped[date | None] = mapped_column(sa.Date)
    written_by: Mapped[str] = mapped_column(sa.String(36))
    written_at: Mapped[datetime] = mapped_column(Instant)
    published_by: Mapped[str | None] = mapped_column(sa.String(36))
    published_at: Mapped[datetime | None] = mapped_column(Instant)


class Place(Base):
    """Where a block stands on the page: a block of ours by its id, a module's by its key. No row: after the others."""

    __tablename__ = "core_public_place"

    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    position: Mapped[int]
    hidden: Mapped[bool] = mapped_column(sa.Boolean)
