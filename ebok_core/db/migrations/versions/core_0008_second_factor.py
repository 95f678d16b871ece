"""The core's tables: second factors."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0008"
down_revision = "core_0007"
branch_labels = None
depends_on = None


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["core_account.id"], name=f"fk_{table}_account_id", ondelete="CASCADE"
    )


def upgrade() -> None:
    op.add_column("core_session", sa.Column("factor_at", Instant()))
    op.create_table(
        "core_totp",
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("secret", sa.String(300), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_core_totp"),
        _of_account("core_totp"),
    )
    op.create_table(
        "core_passkey",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("credential_id", sa.String(1400), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("challenged_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_passkey"),
        sa.UniqueConstraint("credential_id", name="uq_core_passkey_credential_id"),
        _of_account("core_passkey"),
    )
    op.create_index("ix_core_passkey_account_id_created_at", "core_passkey", ["account_id", "created_at"])
    op.create_table(
        "core_recovery_code",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("code_hash", sa.String(255), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_recovery_code"),
        _of_account("core_recovery_code"),
    )
    op.create_index("ix_core_recovery_code_account_id", "core_recovery_code", ["account_id"])
    op.create_table(
        "core_sign_in_step",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("login_digest", sa.String(64), nullable=False),
        sa.Column("duty", sa.String(20)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_sign_in_step"),
        sa.UniqueConstraint("token_hash", name="uq_core_sign_in_step_token_hash"),
        _of_account("core_sign_in_step"),
    )
    op.create_index("ix_core_sign_in_step_account_id", "core_sign_in_step", ["account_id"])
    op.create_index("ix_core_sign_in_step_expires_at", "core_sign_in_step", ["expires_at"])
    op.create_table(
        "core_factor_removal",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("proof", sa.String(500), nullable=False),
        sa.Column("asked_by", sa.String(36), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("confirmed_by", sa.String(36)),
        sa.Column("confirmed_at", Instant()),
        sa.Column("withdrawn_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_factor_removal"),
        _of_account("core_factor_removal"),
    )
    op.create_index("ix_core_factor_removal_account_id", "core_factor_removal", ["account_id"])
    op.create_index("ix_core_factor_removal_expires_at", "core_factor_removal", ["expires_at"])


def downgrade() -> None:
    for table in ("core_factor_removal", "core_sign_in_step", "core_recovery_code", "core_passkey", "core_totp"):
        op.drop_table(table)
    op.drop_column("core_session", "factor_at")
