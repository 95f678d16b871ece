"""Passes."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Amount, Instant

revision = "basen_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "basen_pass",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("entries_left", sa.Integer(), nullable=False),
        sa.Column("price", Amount(), nullable=False),
        sa.Column("bought_at", Instant(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("entries_left >= 0", name="ck_basen_pass_entries"),
        sa.PrimaryKeyConstraint("id", name="pk_basen_pass"),
    )
    op.create_index("ix_basen_pass_customer_code_bought_at", "basen_pass", ["customer_code", "bought_at"])


def downgrade() -> None:
    op.drop_table("basen_pass")
