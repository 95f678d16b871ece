"""The core's tables: files that are kept."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0006"
down_revision = "core_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_file",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(80), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_core_file"),
    )


def downgrade() -> None:
    op.drop_table("core_file")
