"""The core's tables: runtime settings."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_runtime_setting",
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("changed_by", sa.String(36)),
        sa.PrimaryKeyConstraint("key", name="pk_core_runtime_setting"),
    )


def downgrade() -> None:
    op.drop_table("core_runtime_setting")
