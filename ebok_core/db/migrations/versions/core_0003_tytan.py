"""The core's tables: what the refresh keeps in the portal's own database."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_tytan_watermark",
        sa.Column("view", sa.String(80), nullable=False),
        sa.Column("change_no", sa.BigInteger(), nullable=False),
        sa.Column("recent", sa.Text(), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("view", name="pk_core_tytan_watermark"),
    )


def downgrade() -> None:
    op.drop_table("core_tytan_watermark")
