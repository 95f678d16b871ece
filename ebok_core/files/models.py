"""The room's table: one row for each content that is kept."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant


class StoredFile(Base):
    """A content that is kept under its hash; `size` in bytes. What it is to whom, its owner's own rows say."""

    __tablename__ = "core_file"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    media_type: Mapped[str] = mapped_column(sa.String(80))
    stored_at: Mapped[datetime] = mapped_column(Instant)
