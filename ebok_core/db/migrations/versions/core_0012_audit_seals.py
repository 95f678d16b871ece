"""The core's tables: seals of the audit chain, the watch over it, errors of pages; and what their lists read by."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0012"
down_revision = "core_0011"
branch_labels = None
depends_on = None

GENESIS = "0" * 64
REFUSAL = "the audit log is append-only"


def upgrade() -> None:
    op.create_table(
        "core_audit_seal",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", Instant(), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_core_audit_seal"),
    )
    _append_only()
    watch = op.create_table(
        "core_audit_watch",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("checked_at", Instant()),
        sa.Column("seen_seq", sa.BigInteger(), nullable=False),
        sa.Column("seen_hash", sa.String(64), nullable=False),
        sa.Column("swept_seq", sa.BigInteger(), nullable=False),
        sa.Column("swept_hash", sa.String(64), nullable=False),
        sa.Column("whole_at", Instant()),
        sa.Column("fault_seq", sa.BigInteger()),
        sa.Column("fault", sa.String(300)),
        sa.Column("fault_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_audit_watch"),
        sa.CheckConstraint("id = 1", name="ck_core_audit_watch_one_row"),
    )
    nothing = {"seen_seq": 0, "seen_hash": GENESIS, "swept_seq": 0, "swept_hash": GENESIS}
    op.bulk_insert(watch, [{"id": 1, **nothing}])
    op.create_table(
        "core_page_error",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(12), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("zone", sa.String(10)),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("error_class", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_page_error"),
    )
    op.create_index("ix_core_page_error_at", "core_page_error", ["at"])
    op.create_index("ix_core_outbox_message_target_accepted_at", "core_outbox_message", ["target", "accepted_at"])
    with op.batch_alter_table("core_login_event") as batch:
        batch.add_column(sa.Column("entry", sa.String(10)))


def _append_only() -> None:
    """The same guard as over the events; PostgreSQL's function is the first migration's."""
    if op.get_context().dialect.name == "postgresql":
        for event, level in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER core_audit_seal_no_{event.split()[0].lower()} BEFORE {event} ON core_audit_seal "
                f"FOR EACH {level} EXECUTE FUNCTION core_audit_append_only()"
            )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER core_audit_seal_no_{event.lower()} BEFORE {event} ON core_audit_seal "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )


def downgrade() -> None:
    with op.batch_alter_table("core_login_event") as batch:
        batch.drop_column("entry")
    op.drop_index("ix_core_outbox_message_target_accepted_at", "core_outbox_message")
    for table in ("core_page_error", "core_audit_watch", "core_audit_seal"):
        op.drop_table(table)
