"""The core's tables: sign-in through login.gov.pl."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0010"
down_revision = "core_0009"
branch_labels = None
depends_on = None

_OPEN = {"sqlite_where": sa.text("handled_at IS NULL"), "postgresql_where": sa.text("handled_at IS NULL")}


def upgrade() -> None:
    op.create_table(
        "core_saml_flow",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("intent", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("request_id", sa.String(60), nullable=False),
        sa.Column("relay_hash", sa.String(64), nullable=False),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("handle_hash", sa.String(64)),
        sa.Column("handle_expires_at", Instant()),
        sa.Column("account_id", sa.String(36)),
        sa.Column("session_id", sa.String(36)),
        sa.Column("answer", sa.Text()),
        sa.Column("failure", sa.String(40)),
        sa.Column("verdict", sa.String(20)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_saml_flow"),
        sa.UniqueConstraint("relay_hash", name="uq_core_saml_flow_relay_hash"),
        sa.UniqueConstraint("handle_hash", name="uq_core_saml_flow_handle_hash"),
    )
    op.create_index("ix_core_saml_flow_browser_hash", "core_saml_flow", ["browser_hash"])
    op.create_index("ix_core_saml_flow_created_at", "core_saml_flow", ["created_at"])
    op.create_table(
        "core_saml_assertion",
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("keep_until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_core_saml_assertion"),
    )
    op.create_index("ix_core_saml_assertion_keep_until", "core_saml_assertion", ["keep_until"])
    op.create_table(
        "core_external_identity",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("hmac", sa.String(64), nullable=False),
        sa.Column("is_pesel", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("authority", sa.String(80), nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
        sa.Column("linked_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_external_identity"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["core_account.id"],
            name="fk_core_external_identity_account_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("issuer", "key_id", "hmac", name="uq_core_external_identity_issuer_key_id_hmac"),
        sa.UniqueConstraint("account_id", name="uq_core_external_identity_account_id"),
    )
    op.create_table(
        "core_external_task",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("about", sa.String(100), nullable=False),
        sa.Column("customer_code", sa.String(20)),
        sa.Column("person", sa.String(300)),
        sa.Column("contact", sa.String(254)),
        sa.Column("note", sa.String(1000)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("handled_at", Instant()),
        sa.Column("handled_by", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_core_external_task"),
    )
    op.create_index("uq_core_external_task_open", "core_external_task", ["kind", "about"], unique=True, **_OPEN)
    op.create_index("ix_core_external_task_created_at", "core_external_task", ["created_at"])
    op.create_table(
        "core_hub_session",
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_core_hub_session"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["core_session.id"],
            name="fk_core_hub_session_session_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    for table in (
        "core_hub_session",
        "core_external_task",
        "core_external_identity",
        "core_saml_assertion",
        "core_saml_flow",
    ):
        op.drop_table(table)
