"""Readings given in the portal, the numbers of their confirmations, customers' names for meter groups."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant, Volume

revision = "odczyt_0001"
down_revision = None
branch_labels = None
depends_on = None

LIVE = sa.text("status IN ('pending', 'accepted', 'settled')")


def upgrade() -> None:
    op.create_table(
        "odczyt_reading",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("batch_id", sa.String(36), nullable=False),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("withdrawal_id", sa.String(36)),
        sa.Column("reference", sa.String(20), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("point_code", sa.String(20), nullable=False),
        sa.Column("meter_id", sa.String(40), nullable=False),
        sa.Column("meter_number", sa.String(40), nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("reading_value", Volume(), nullable=False),
        sa.Column("previous_on", sa.Date(), nullable=False),
        sa.Column("previous_value", Volume(), nullable=False),
        sa.Column("consumption_m3", Volume()),
        sa.Column("expected_m3", Volume()),
        sa.Column("confirmed_warnings", sa.String(200), nullable=False),
        sa.Column("explanation", sa.String(20)),
        sa.Column("note", sa.String(500)),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason_code", sa.String(40)),
        sa.Column("reason", sa.String(500)),
        sa.Column("invoice_number", sa.String(40)),
        sa.Column("submitted_at", Instant(), nullable=False),
        sa.Column("status_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_odczyt_reading"),
        sa.UniqueConstraint("message_id", name="uq_odczyt_reading_message_id"),
        sa.UniqueConstraint("reference", name="uq_odczyt_reading_reference"),
        sa.CheckConstraint("status IN ('pending', 'accepted', 'settled', 'rejected', 'withdrawn')", name="status"),
        sa.CheckConstraint("reading_value >= 0", name="reading_value"),
    )
    op.create_index(
        "uq_odczyt_reading_live",
        "odczyt_reading",
        ["meter_id", "read_on"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_index("ix_odczyt_reading_customer_code", "odczyt_reading", ["customer_code", "read_on", "id"])
    op.create_index("ix_odczyt_reading_status", "odczyt_reading", ["status", "submitted_at"])
    op.create_index("ix_odczyt_reading_batch_id", "odczyt_reading", ["batch_id"])
    op.create_index("ix_odczyt_reading_account_id", "odczyt_reading", ["account_id"])
    op.create_table(
        "odczyt_counter",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_odczyt_counter"),
    )
    op.create_table(
        "odczyt_meter_group",
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("meter_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("customer_code", "meter_id", name="pk_odczyt_meter_group"),
    )


def downgrade() -> None:
    op.drop_table("odczyt_meter_group")
    op.drop_table("odczyt_counter")
    op.drop_table("odczyt_reading")
