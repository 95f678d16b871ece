"""What the portal's own database remembers about reading TYTAN: the watermark stands beside what the results moved."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant


class Watermark(Base):
    """How far a view has been read whose rows change the portal's own tables.

    `recent` lists the change numbers of the overlap that were taken over already, as JSON: they are read again, since a
    late commit may carry a lower number, and not applied again.
    """

    __tablename__ = "core_tytan_watermark"

    view: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    change_no: Mapped[int] = mapped_column(sa.BigInteger)
    recent: Mapped[str] = mapped_column(sa.Text)
    read_at: Mapped[datetime] = mapped_column(Instant)
