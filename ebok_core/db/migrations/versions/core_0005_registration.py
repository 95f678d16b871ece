"""The core's tables: registrations."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0005"
down_revision = "core_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_registration",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("verifier", sa.String(60), nullable=False),
        sa.Column("proof", sa.Text()),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("customer_code", sa.String(20)),
        sa.Column("account_id", sa.String(36)),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("expires_at", Instant()),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("asked_at", Instant()),
        sa.Column("bounced_at", Instant()),
        sa.Column("confirmed_at", Instant()),
        sa.Column("answered_at", Instant()),
        sa.Column("reason_code", sa.String(40)),
        sa.Column("reason", sa.String(500)),
        sa.Column("handled_at", Instant()),
        sa.Column("handled_by", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_core_registration"),
        sa.UniqueConstraint("token_hash", name="uq_core_registration_token_hash"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["core_account.id"],
            name="fk_core_registration_account_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_core_registration_state_started_at", "core_registration", ["state", "started_at"])
    op.create_index("ix_core_registration_account_id", "core_registration", ["account_id"])


def downgrade() -> None:
    op.drop_table("core_registration")
