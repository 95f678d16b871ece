"""The core's tables: accounts, sessions, sign-in, audit."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0001"
down_revision = None
branch_labels = None
depends_on = None

GENESIS = "0" * 64
REFUSAL = "the audit log is append-only"


def upgrade() -> None:
    _accounts()
    _access()
    _sessions()
    _sign_in()
    _links()
    _audit()
    _append_only()


def downgrade() -> None:
    for table in (
        "core_audit_head",
        "core_audit_event",
        "core_one_time_link",
        "core_delay_counter",
        "core_login_event",
        "core_session",
        "core_customer_access",
        "core_account_role",
        "core_account",
    ):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION core_audit_append_only()")


def _accounts() -> None:
    op.create_table(
        "core_account",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("login", sa.String(254), nullable=False),
        sa.Column("login_key", sa.String(254), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("email_key", sa.String(254)),
        sa.Column("display_name", sa.String(150), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("password_changed_at", Instant()),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_account"),
        sa.UniqueConstraint("login_key", name="uq_core_account_login_key"),
        sa.UniqueConstraint("kind", "email_key", name="uq_core_account_kind_email_key"),
        sa.CheckConstraint("kind IN ('customer', 'staff')", name="ck_core_account_kind"),
    )
    op.create_table(
        "core_account_role",
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "role", name="pk_core_account_role"),
        _of_account("core_account_role"),
    )


def _access() -> None:
    op.create_table(
        "core_customer_access",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("customer_code", sa.String(20), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("scope", sa.String(10), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("granted_by", sa.String(36)),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("revoked_at", Instant()),
        sa.Column("reason", sa.String(500)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_customer_access"),
        _of_account("core_customer_access"),
    )
    op.create_index(
        "uq_core_customer_access_live",
        "core_customer_access",
        ["account_id", "customer_code"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("ix_core_customer_access_customer_code", "core_customer_access", ["customer_code"])


def _sessions() -> None:
    op.create_table(
        "core_session",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_activity_at", Instant(), nullable=False),
        sa.Column("auth_level", sa.String(20), nullable=False),
        sa.Column("authenticated_at", Instant(), nullable=False),
        sa.Column("ip", sa.String(45)),
        sa.Column("user_agent", sa.String(200), nullable=False),
        sa.Column("customer_code", sa.String(20)),
        sa.Column("duty", sa.String(20)),
        sa.Column("ended_at", Instant()),
        sa.Column("ended_reason", sa.String(20)),
        sa.PrimaryKeyConstraint("id", name="pk_core_session"),
        sa.UniqueConstraint("token_hash", name="uq_core_session_token_hash"),
        _of_account("core_session"),
    )
    op.create_index(
        "ix_core_session_open",
        "core_session",
        ["account_id", "created_at"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_core_session_ended_at", "core_session", ["ended_at"])


def _sign_in() -> None:
    op.create_table(
        "core_login_event",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("login_digest", sa.String(64)),
        sa.Column("result", sa.String(20), nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("ip", sa.String(45)),
        sa.Column("user_agent", sa.String(200), nullable=False),
        sa.Column("session_id", sa.String(36)),
        sa.Column("acted_by", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_core_login_event"),
        _of_account("core_login_event"),
    )
    op.create_index("ix_core_login_event_account_id_at_id", "core_login_event", ["account_id", "at", "id"])
    op.create_index("ix_core_login_event_login_digest_at", "core_login_event", ["login_digest", "at"])
    op.create_index("ix_core_login_event_at", "core_login_event", ["at"])
    op.create_table(
        "core_delay_counter",
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("next_allowed_at", Instant()),
        sa.PrimaryKeyConstraint("key", name="pk_core_delay_counter"),
    )
    op.create_index("ix_core_delay_counter_updated_at", "core_delay_counter", ["updated_at"])


def _links() -> None:
    op.create_table(
        "core_one_time_link",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(60)),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_one_time_link"),
        sa.UniqueConstraint("token_hash", name="uq_core_one_time_link_token_hash"),
        _of_account("core_one_time_link"),
    )
    op.create_index("ix_core_one_time_link_account_id", "core_one_time_link", ["account_id"])
    op.create_index("ix_core_one_time_link_expires_at", "core_one_time_link", ["expires_at"])


def _audit() -> None:
    op.create_table(
        "core_audit_event",
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("on_behalf_of", sa.String(60)),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("object_type", sa.String(60), nullable=False),
        sa.Column("object_id", sa.String(80), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("reason", sa.String(500)),
        sa.Column("ip", sa.String(45)),
        sa.Column("user_agent_hash", sa.String(64)),
        sa.Column("session_hash", sa.String(64)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_core_audit_event"),
    )
    op.create_index("ix_core_audit_event_at", "core_audit_event", ["at"])
    op.create_index("ix_core_audit_event_actor_seq", "core_audit_event", ["actor", "seq"])
    op.create_index(
        "ix_core_audit_event_object_type_object_id_seq", "core_audit_event", ["object_type", "object_id", "seq"]
    )
    head = op.create_table(
        "core_audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": GENESIS}])


def _append_only() -> None:
    """Triggers stop bugs, not attackers: those the anchor shows (security.md §10)."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION core_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        for event, level in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER core_audit_event_no_{event.split()[0].lower()} BEFORE {event} ON core_audit_event "
                f"FOR EACH {level} EXECUTE FUNCTION core_audit_append_only()"
            )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER core_audit_event_no_{event.lower()} BEFORE {event} ON core_audit_event "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["core_account.id"], name=f"fk_{table}_account_id", ondelete="CASCADE"
    )
