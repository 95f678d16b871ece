"""The core's tables: outbox, submissions, jobs."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None

STATES = "'pending', 'leased', 'uncertain', 'parked', 'dead', 'delivered', 'applied', 'rejected', 'cancelled'"
OPEN = "'pending', 'leased', 'uncertain', 'parked', 'dead'"
MAY_BLOCK = "'pending', 'leased', 'uncertain'"
JOB_STATES = "'planned', 'running', 'done', 'failed', 'lost'"

# The tables of the job queue in the portal's own PostgreSQL, as huey expects them; on SQLite it has a file of its own.
QUEUE = (
    "CREATE TABLE huey_kv (queue text NOT NULL, key text NOT NULL, value bytea NOT NULL, PRIMARY KEY (queue, key))",
    "CREATE TABLE huey_schedule (id bigserial PRIMARY KEY, queue text NOT NULL, data bytea NOT NULL, "
    "timestamp double precision NOT NULL)",
    "CREATE INDEX huey_schedule_queue_timestamp ON huey_schedule (queue, timestamp)",
    "CREATE TABLE huey_task (id bigserial PRIMARY KEY, queue text NOT NULL, data bytea NOT NULL, "
    "priority double precision NOT NULL DEFAULT 0.0)",
    "CREATE INDEX huey_task_queue_priority_id ON huey_task (queue, priority DESC, id)",
    "CREATE TABLE huey_counter (queue text NOT NULL, key text NOT NULL, value bigint NOT NULL DEFAULT 0, "
    "PRIMARY KEY (queue, key))",
)


def upgrade() -> None:
    op.create_table(
        "core_outbox_stream",
        sa.Column("stream_key", sa.String(60), nullable=False),
        sa.Column("next_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_key", name="pk_core_outbox_stream"),
    )
    op.create_table(
        "core_outbox_message",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("target", sa.String(40), nullable=False),
        sa.Column("customer_code", sa.String(20)),
        sa.Column("stream_key", sa.String(60), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject_type", sa.String(80), nullable=False),
        sa.Column("subject_id", sa.String(160), nullable=False),
        sa.Column("subject_rev", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text()),
        sa.Column("payload_sha256", sa.String(64), nullable=False),
        sa.Column("accepted_at", Instant(), nullable=False),
        sa.Column("actor_ref", sa.String(80)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("depends_on", sa.String(36)),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("abandoned", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(32)),
        sa.Column("lease_owner", sa.String(80)),
        sa.Column("lease_until", Instant()),
        sa.Column("uncertain_since", Instant()),
        sa.Column("last_class", sa.String(20)),
        sa.Column("last_code", sa.String(80)),
        sa.Column("delivered_at", Instant()),
        sa.Column("reason_code", sa.String(40)),
        sa.Column("reason", sa.String(500)),
        sa.Column("reference", sa.String(60)),
        sa.Column("status_at", Instant()),
        sa.Column("held_status", sa.String(20)),
        sa.PrimaryKeyConstraint("id", name="pk_core_outbox_message"),
        sa.UniqueConstraint("stream_key", "seq", name="uq_core_outbox_message_stream_key_seq"),
        sa.UniqueConstraint(
            "kind",
            "subject_type",
            "subject_id",
            "subject_rev",
            name="uq_core_outbox_message_kind_subject_type_subject_id_subject_rev",
        ),
        sa.CheckConstraint(f"state IN ({STATES})", name="ck_core_outbox_message_state"),
        sa.CheckConstraint(f"open = (state IN ({OPEN}))", name="ck_core_outbox_message_open"),
        sa.CheckConstraint(f"NOT blocking OR state IN ({MAY_BLOCK})", name="ck_core_outbox_message_blocking"),
        sa.CheckConstraint("(state = 'leased') = (lease_token IS NOT NULL)", name="ck_core_outbox_message_lease"),
        sa.CheckConstraint("payload IS NOT NULL OR NOT open", name="ck_core_outbox_message_payload"),
    )
    partial = {"open": ("due", ["target", "next_at", "id"]), "blocking": ("blocking", ["stream_key", "seq"])}
    for condition, (name, columns) in partial.items():
        op.create_index(
            f"ix_core_outbox_message_{name}",
            "core_outbox_message",
            columns,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_index(
        "ix_core_outbox_message_dependents",
        "core_outbox_message",
        ["depends_on"],
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )
    op.create_index("ix_core_outbox_message_status_at", "core_outbox_message", ["status_at"])
    op.create_table(
        "core_outbox_attempt",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(32), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("code", sa.String(80)),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_outbox_attempt"),
    )
    op.create_index("ix_core_outbox_attempt_message_id", "core_outbox_attempt", ["message_id"])
    op.create_index("ix_core_outbox_attempt_started_at", "core_outbox_attempt", ["started_at"])
    op.create_table(
        "core_outbox_breaker",
        sa.Column("target", sa.String(40), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("opened_at", Instant()),
        sa.Column("probe_at", Instant()),
        sa.PrimaryKeyConstraint("target", name="pk_core_outbox_breaker"),
    )
    op.create_table(
        "core_submission",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("result", sa.String(500)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_core_submission"),
    )
    op.create_index("ix_core_submission_created_at", "core_submission", ["created_at"])
    instance = op.create_table(
        "core_instance",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("restored_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_instance"),
        sa.CheckConstraint("id = 1", name="ck_core_instance_one_row"),
    )
    op.bulk_insert(instance, [{"id": 1, "epoch": 1}])
    _jobs()
    if op.get_context().dialect.name == "postgresql":
        for statement in QUEUE:
            op.execute(statement)


def _jobs() -> None:
    op.create_table(
        "core_job_run",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("job_key", sa.String(80), nullable=False),
        sa.Column("planned_for", Instant(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant()),
        sa.Column("finished_at", Instant()),
        sa.Column("lease_token", sa.String(32)),
        sa.Column("lease_owner", sa.String(80)),
        sa.Column("lease_until", Instant()),
        sa.Column("result", sa.String(500)),
        sa.Column("error_class", sa.String(120)),
        sa.PrimaryKeyConstraint("id", name="pk_core_job_run"),
        sa.UniqueConstraint("job_key", "planned_for", name="uq_core_job_run_job_key_planned_for"),
        sa.CheckConstraint(f"state IN ({JOB_STATES})", name="ck_core_job_run_state"),
        sa.CheckConstraint("(state = 'running') = (lease_token IS NOT NULL)", name="ck_core_job_run_lease"),
    )
    op.create_index(
        "ix_core_job_run_one_running",
        "core_job_run",
        ["job_key"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "core_worker_heartbeat",
        sa.Column("worker_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("beat_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name="pk_core_worker_heartbeat"),
    )


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for name in ("huey_kv", "huey_schedule", "huey_task", "huey_counter"):
            op.drop_table(name)
    for table in (
        "core_worker_heartbeat",
        "core_job_run",
        "core_instance",
        "core_submission",
        "core_outbox_breaker",
        "core_outbox_attempt",
        "core_outbox_message",
        "core_outbox_stream",
    ):
        op.drop_table(table)
