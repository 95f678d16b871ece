"""The core's tables: the public zone."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0014"
down_revision = "core_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_public_block",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_public_block"),
        sa.CheckConstraint("kind IN ('news', 'shutoffs', 'prices', 'forms', 'text')", name="kind"),
    )
    op.create_table(
        "core_public_version",
        sa.Column("block_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("written_by", sa.String(36), nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.Column("published_by", sa.String(36)),
        sa.Column("published_at", Instant()),
        sa.PrimaryKeyConstraint("block_id", "number", name="pk_core_public_version"),
        sa.ForeignKeyConstraint(["block_id"], ["core_public_block.id"], name="fk_core_public_version_block_id"),
    )
    op.create_table(
        "core_public_place",
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_core_public_place"),
    )


def downgrade() -> None:
    op.drop_table("core_public_place")
    op.drop_table("core_public_version")
    op.drop_table("core_public_block")
