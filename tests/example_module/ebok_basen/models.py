"""The module's one table."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Amount, Base, Instant


class Pass(Base):
    """A pass to the pool. `price` in złoty, as it was when the pass was bought."""

    __tablename__ = "basen_pass"
    __table_args__ = (sa.Index(None, "customer_code", "bought_at"), sa.CheckConstraint("entries_left >= 0", "entries"))

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    account_id: Mapped[str] = mapped_column(sa.String(36))
    entries_left: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Amount)
    bought_at: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[date]
