"""Stored runtime settings: one row a page."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant


class RuntimeSetting(Base):
    """The saved values of one configuration page as JSON; secrets in it are encrypted.

    `version` rises with each save, so that of two administrators who edit one page the second is told (R05).
    """

    __tablename__ = "core_runtime_setting"

    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    values: Mapped[str] = mapped_column(sa.Text)
    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(Instant)
    changed_by: Mapped[str | None] = mapped_column(sa.String(36))
