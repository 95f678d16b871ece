"""The core's tables: groups, delegations and staff rights."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0009"
down_revision = "core_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("core_account", sa.Column("status_reason", sa.String(500)))
    op.add_column("core_customer_access", sa.Column("reminded_days", sa.Integer()))
    _delegations()
    _groups()


def downgrade() -> None:
    for table in (
        "core_group_right",
        "core_group_customer",
        "core_group_member",
        "core_group",
        "core_delegation",
        "core_access_point",
    ):
        op.drop_table(table)
    op.drop_column("core_customer_access", "reminded_days")
    op.drop_column("core_account", "status_reason")


def _delegations() -> None:
    op.create_table(
        "core_access_point",
        sa.Column("access_id", sa.String(36), nullable=False),
        sa.Column("point_code", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("access_id", "point_code", name="pk_core_access_point"),
        _key("core_access_point", "access_id", "core_customer_access"),
    )
    op.create_table(
        "core_delegation",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("granted_by", sa.String(36), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("points", sa.Text()),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("access_id", sa.String(36)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("answered_at", Instant()),
        sa.Column("ended_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_delegation"),
        sa.UniqueConstraint("token_hash", name="uq_core_delegation_token_hash"),
        _key("core_delegation", "granted_by", "core_account"),
        _key("core_delegation", "account_id", "core_account", "SET NULL"),
        _key("core_delegation", "access_id", "core_customer_access", "SET NULL"),
    )
    op.create_index("ix_core_delegation_customer_code_created_at", "core_delegation", ["customer_code", "created_at"])
    op.create_index("ix_core_delegation_account_id", "core_delegation", ["account_id"])
    op.create_index("ix_core_delegation_access_id", "core_delegation", ["access_id"])


def _groups() -> None:
    op.create_table(
        "core_group",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(100), nullable=False),
        sa.Column("role", sa.String(20)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_group"),
        sa.UniqueConstraint("kind", "name_key", name="uq_core_group_kind_name_key"),
    )
    op.create_table(
        "core_group_member",
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("group_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "group_id", name="pk_core_group_member"),
        _key("core_group_member", "account_id", "core_account"),
        _key("core_group_member", "group_id", "core_group"),
    )
    op.create_index("ix_core_group_member_group_id", "core_group_member", ["group_id"])
    op.create_table(
        "core_group_customer",
        sa.Column("group_id", sa.String(36), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "customer_code", name="pk_core_group_customer"),
        _key("core_group_customer", "group_id", "core_group"),
    )
    op.create_index("ix_core_group_customer_customer_code", "core_group_customer", ["customer_code"])
    op.create_table(
        "core_group_right",
        sa.Column("group_id", sa.String(36), nullable=False),
        sa.Column("permission", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "permission", name="pk_core_group_right"),
        _key("core_group_right", "group_id", "core_group"),
    )


def _key(table: str, column: str, of: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=f"fk_{table}_{column}", ondelete=ondelete)
