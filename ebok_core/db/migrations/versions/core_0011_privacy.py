"""The core's tables: documents, consents, exports and deletions."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0011"
down_revision = "core_0010"
branch_labels = None
depends_on = None

REFUSAL = "core_legal_document is append-only"
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    _documents()
    _consents()
    _exports()
    _deletions()
    _sights()
    _append_only()


def downgrade() -> None:
    op.drop_index("ix_core_audit_event_on_behalf_of_seq", "core_audit_event")
    for table in (
        "core_sight",
        "core_account_deletion",
        "core_data_export",
        "core_consent_event",
        "core_document_acceptance",
        "core_legal_document",
    ):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION core_legal_append_only()")


def _documents() -> None:
    op.create_table(
        "core_legal_document",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lang", sa.String(5), nullable=False),
        sa.Column("title", sa.String(150), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("requires_reaccept", sa.Boolean(), nullable=False),
        sa.Column("published_by", sa.String(36)),
        sa.Column("published_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_legal_document"),
        sa.UniqueConstraint("kind", "version", name="uq_core_legal_document_kind_version"),
    )
    op.create_table(
        "core_document_acceptance",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("subject_id", sa.String(36), nullable=False),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("ip", sa.String(45)),
        sa.Column("user_agent", sa.String(200)),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("subject_ended_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_document_acceptance"),
        sa.UniqueConstraint("subject_id", "document_id", name="uq_core_document_acceptance_subject_id_document_id"),
        _of_document("core_document_acceptance"),
    )
    op.create_index("ix_core_document_acceptance_subject_ended_at", "core_document_acceptance", ["subject_ended_at"])


def _consents() -> None:
    op.create_table(
        "core_consent_event",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("consent", sa.String(30), nullable=False),
        sa.Column("subject_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("ip", sa.String(45)),
        sa.Column("subject_ended_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_consent_event"),
        sa.CheckConstraint("kind IN ('given', 'withdrawn')", name="ck_core_consent_event_kind"),
        _of_document("core_consent_event"),
    )
    op.create_index(
        "ix_core_consent_event_subject_id_consent_id", "core_consent_event", ["subject_id", "consent", "id"]
    )
    op.create_index("ix_core_consent_event_subject_ended_at", "core_consent_event", ["subject_ended_at"])


def _exports() -> None:
    op.create_table(
        "core_data_export",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("built_at", Instant()),
        sa.Column("expires_at", Instant()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size", sa.BigInteger()),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_data_export"),
        sa.CheckConstraint("state IN ('asked', 'ready', 'over')", name="ck_core_data_export_state"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name="fk_core_data_export_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_core_data_export_account_id_id", "core_data_export", ["account_id", "id"])
    op.create_index("ix_core_data_export_state", "core_data_export", ["state"])


def _deletions() -> None:
    op.create_table(
        "core_account_deletion",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("way", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("asked_by", sa.String(36)),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("status_before", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("ended_at", Instant()),
        sa.Column("erased_rows", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_core_account_deletion"),
        sa.UniqueConstraint("token_hash", name="uq_core_account_deletion_token_hash"),
        sa.CheckConstraint("state IN ('waiting', 'undone', 'done')", name="ck_core_account_deletion_state"),
        sa.CheckConstraint("(state = 'done') = (account_id IS NULL)", name="ck_core_account_deletion_account"),
    )
    op.create_index(
        "uq_core_account_deletion_waiting",
        "core_account_deletion",
        ["account_id"],
        unique=True,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index("ix_core_account_deletion_state_due_at", "core_account_deletion", ["state", "due_at"])


def _sights() -> None:
    op.create_table(
        "core_sight",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("viewer_kind", sa.String(10), nullable=False),
        sa.Column("viewer_id", sa.String(36), nullable=False),
        sa.Column("what", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_sight"),
    )
    op.create_index("ix_core_sight_customer_code_at_id", "core_sight", ["customer_code", "at", "id"])
    op.create_index("ix_core_sight_viewer_id", "core_sight", ["viewer_id"])
    op.create_index("ix_core_sight_at", "core_sight", ["at"])
    # The diary also shows what delegates did, by the audit trail.
    op.create_index("ix_core_audit_event_on_behalf_of_seq", "core_audit_event", ["on_behalf_of", "seq"])


def _of_document(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["document_id"], ["core_legal_document.id"], name=f"fk_{table}_document_id")


def _append_only() -> None:
    """A published text is never edited nor taken away: triggers stop bugs."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION core_legal_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER core_legal_document_stays BEFORE UPDATE OR DELETE ON core_legal_document "
            "FOR EACH ROW EXECUTE FUNCTION core_legal_append_only()"
        )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER core_legal_document_no_{event.lower()} BEFORE {event} ON core_legal_document "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
