"""The module's tables: readings given in the portal, their confirmation numbers, customers' names for meter groups."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant, Volume

PENDING, ACCEPTED, SETTLED, REJECTED, WITHDRAWN = STATUSES = ("pending", "accepted", "settled", "rejected", "withdrawn")
LIVE = (PENDING, ACCEPTED, SETTLED)
TOO_LATE = "too_late"
"""The reason code of a withdrawal that TYTAN refused: the reading goes on as the copy shows it."""
_IS_LIVE = sa.text("status IN ('pending', 'accepted', 'settled')")


class Reading(Base):
    """A reading given in the portal. What TYTAN knows of it comes back through the copy, by `message_id`.

    States and volumes are m³; `previous_*` and `consumption_m3` are what the checks saw, `expected_m3` what they took
    for usual, `confirmed_warnings` the codes that the customer confirmed, separated by spaces. `batch_id` joins what
    was sent in one form. `status` changes by conditional update only (G11); `status_at` tells when.
    """

    __tablename__ = "odczyt_reading"
    __table_args__ = (
        sa.CheckConstraint(f"status IN {STATUSES}", name="status"),
        sa.CheckConstraint("reading_value >= 0", name="reading_value"),
        # One live reading of a meter and day (R05); Python's check before it is for the sentence.
        sa.Index(
            "uq_odczyt_reading_live",
            "meter_id",
            "read_on",
            unique=True,
            sqlite_where=_IS_LIVE,
            postgresql_where=_IS_LIVE,
        ),
        sa.Index("ix_odczyt_reading_customer_code", "customer_code", "read_on", "id"),
        sa.Index("ix_odczyt_reading_status", "status", "submitted_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    batch_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    message_id: Mapped[str] = mapped_column(sa.String(36), unique=True)
    withdrawal_id: Mapped[str | None] = mapped_column(sa.String(36))
    reference: Mapped[str] = mapped_column(sa.String(20), unique=True)
    account_id: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    customer_code: Mapped[str] = mapped_column(sa.String(20))
    point_code: Mapped[str] = mapped_column(sa.String(20))
    meter_id: Mapped[str] = mapped_column(sa.String(40))
    meter_number: Mapped[str] = mapped_column(sa.String(40))
    read_on: Mapped[date]
    reading_value: Mapped[Decimal] = mapped_column(Volume)
    previous_on: Mapped[date]
    previous_value: Mapped[Decimal] = mapped_column(Volume)
    consumption_m3: Mapped[Decimal | None] = mapped_column(Volume)
    expected_m3: Mapped[Decimal | None] = mapped_column(Volume)
    confirmed_warnings: Mapped[str] = mapped_column(sa.String(200))
    explanation: Mapped[str | None] = mapped_column(sa.String(20))
    note: Mapped[str | None] = mapped_column(sa.String(500))
    status: Mapped[str] = mapped_column(sa.String(20))
    reason_code: Mapped[str | None] = mapped_column(sa.String(40))
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    invoice_number: Mapped[str | None] = mapped_column(sa.String(40))
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    status_at: Mapped[datetime] = mapped_column(Instant)


class Counter(Base):
    """The last number given to a reading in a month: the row lock of its upsert keeps confirmation numbers unique."""

    __tablename__ = "odczyt_counter"

    month: Mapped[str] = mapped_column(sa.String(7), primary_key=True)
    last: Mapped[int]


class MeterGroup(Base):
    """The name of a group that a customer gave to a meter; without one the utility's own name stands (L70)."""

    __tablename__ = "odczyt_meter_group"

    customer_code: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    meter_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(60))
