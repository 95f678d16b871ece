"""Consents to e-invoices, notices of documents, the ladder of proof, addresses that fail."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Amount, Instant

revision = "faktura_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _consents()
    _notices()
    _proofs()
    op.create_table(
        "faktura_failing_address",
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("document_number", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("customer_code", name="pk_faktura_failing_address"),
    )
    op.create_table(
        "faktura_bounce",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_faktura_bounce"),
    )
    op.create_table(
        "faktura_progress",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("change_no", sa.BigInteger(), nullable=False),
        sa.Column("seen_change_no", sa.BigInteger()),
        sa.Column("seen_compared_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_faktura_progress"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def _consents() -> None:
    op.create_table(
        "faktura_consent_text",
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_used_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_faktura_consent_text"),
        sa.UniqueConstraint("sha256", name="uq_faktura_consent_text_sha256"),
    )
    op.create_table(
        "faktura_consent",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("display_name", sa.String(150)),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("channel", sa.String(10)),
        sa.Column("email", sa.String(254)),
        sa.Column("phone", sa.String(16)),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("ip", sa.String(45)),
        sa.Column("user_agent", sa.String(200), nullable=False),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("status_at", Instant(), nullable=False),
        sa.Column("reason_code", sa.String(40)),
        sa.Column("reason", sa.String(500)),
        sa.Column("reference", sa.String(60)),
        sa.PrimaryKeyConstraint("id", name="pk_faktura_consent"),
        sa.UniqueConstraint("message_id", name="uq_faktura_consent_message_id"),
        sa.ForeignKeyConstraint(
            ["text_version"], ["faktura_consent_text.version"], name="fk_faktura_consent_text_version"
        ),
        sa.CheckConstraint("kind IN ('given', 'changed', 'withdrawn')", name="kind"),
        sa.CheckConstraint("status IN ('waiting', 'applied', 'rejected')", name="status"),
    )
    op.create_index("ix_faktura_consent_customer_code", "faktura_consent", ["customer_code", "id"])
    op.create_index("ix_faktura_consent_account_id", "faktura_consent", ["account_id"])


def _notices() -> None:
    op.create_table(
        "faktura_notice",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("document_number", sa.String(40), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("gross", Amount(), nullable=False),
        sa.Column("channel", sa.String(10)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("email", sa.String(254)),
        sa.Column("phone", sa.String(16)),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("message_id", sa.String(36)),
        sa.Column("sms_id", sa.String(36)),
        sa.Column("sms_state", sa.String(10)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("queued_at", Instant()),
        sa.Column("sent_at", Instant()),
        sa.Column("accepted_at", Instant()),
        sa.Column("bounced_at", Instant()),
        sa.Column("bounce_code", sa.String(40)),
        sa.Column("handled_at", Instant()),
        sa.Column("handled_by", sa.String(150)),
        sa.Column("fetched_at", Instant()),
        sa.Column("received_at", Instant()),
        sa.Column("received_how", sa.String(20)),
        sa.Column("confirmed_at", Instant()),
        sa.Column("confirmed_by", sa.String(150)),
        sa.PrimaryKeyConstraint("id", name="pk_faktura_notice"),
        sa.UniqueConstraint("document_number", name="uq_faktura_notice_document_number"),
        sa.UniqueConstraint("message_id", name="uq_faktura_notice_message_id"),
        sa.UniqueConstraint("sms_id", name="uq_faktura_notice_sms_id"),
        sa.CheckConstraint("state IN ('paper', 'held', 'queued', 'accepted', 'bounced')", name="state"),
    )
    op.create_index("ix_faktura_notice_customer_code", "faktura_notice", ["customer_code", "issued_on", "id"])
    op.create_index("ix_faktura_notice_state", "faktura_notice", ["state", "queued_at"])
    op.create_index("ix_faktura_notice_created_at", "faktura_notice", ["created_at", "id"])


def _proofs() -> None:
    op.create_table(
        "faktura_proof",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("document_number", sa.String(40), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("message_id", sa.String(36)),
        sa.Column("account_id", sa.String(36)),
        sa.Column("display_name", sa.String(150)),
        sa.Column("ip", sa.String(45)),
        sa.Column("user_agent", sa.String(200)),
        sa.Column("code", sa.String(40)),
        sa.Column("audit_seq", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_faktura_proof"),
        sa.UniqueConstraint(
            "document_number",
            "kind",
            "channel",
            "address",
            name="uq_faktura_proof_document_number_kind_channel_address",
        ),
    )
    op.create_index("ix_faktura_proof_customer_code", "faktura_proof", ["customer_code", "document_number"])
    op.create_index("ix_faktura_proof_at", "faktura_proof", ["at"])
    op.create_index("ix_faktura_proof_account_id", "faktura_proof", ["account_id"])


def downgrade() -> None:
    for name in ("progress", "bounce", "failing_address", "proof", "notice", "consent", "consent_text"):
        op.drop_table(f"faktura_{name}")
