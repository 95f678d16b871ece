"""The core's tables: changes of an e-mail address, letters with a code, alarms; a password that must be changed."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0007"
down_revision = "core_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("core_account") as table:
        table.add_column(sa.Column("password_spoiled_at", Instant()))
    op.create_table(
        "core_email_change",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant()),
        sa.Column("voided_at", Instant()),
        sa.Column("former_email", sa.String(254)),
        sa.PrimaryKeyConstraint("id", name="pk_core_email_change"),
        sa.UniqueConstraint("token_hash", name="uq_core_email_change_token_hash"),
        _of_account("core_email_change"),
    )
    op.create_index("ix_core_email_change_account_id_created_at", "core_email_change", ["account_id", "created_at"])
    op.create_index("ix_core_email_change_expires_at", "core_email_change", ["expires_at"])
    op.create_table(
        "core_letter_code",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("code_digest", sa.String(64), nullable=False),
        sa.Column("sealed_code", sa.Text()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(36)),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
        sa.Column("voided_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_letter_code"),
        _of_account("core_letter_code"),
    )
    op.create_index("ix_core_letter_code_account_id_created_at", "core_letter_code", ["account_id", "created_at"])
    op.create_index("ix_core_letter_code_customer_code", "core_letter_code", ["customer_code"])
    op.create_index("ix_core_letter_code_expires_at", "core_letter_code", ["expires_at"])
    op.create_table(
        "core_alarm",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.Column("signed_in_at", Instant()),
        sa.Column("ip", sa.String(45)),
        sa.Column("user_agent", sa.String(200)),
        sa.Column("handled_at", Instant()),
        sa.Column("handled_by", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_core_alarm"),
        _of_account("core_alarm"),
    )
    op.create_index("ix_core_alarm_handled_at_raised_at", "core_alarm", ["handled_at", "raised_at"])
    op.create_index("ix_core_alarm_account_id", "core_alarm", ["account_id"])


def downgrade() -> None:
    for table in ("core_alarm", "core_letter_code", "core_email_change"):
        op.drop_table(table)
    with op.batch_alter_table("core_account") as table:
        table.drop_column("password_spoiled_at")


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["core_account.id"], name=f"fk_{table}_account_id", ondelete="CASCADE"
    )
