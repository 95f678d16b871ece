"""The core's tables: departments and cases."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "core_0013"
down_revision = "core_0012"
branch_labels = None
depends_on = None

OFFICE = "00000000-0000-7000-8000-000000000001"
ADMINISTRATOR = "00000000-0000-7000-8000-000000000002"
# The topics of the first day; the utility renames, moves and closes them in the panel.
TOPICS = (
    ("failure", "awaria", "Awaria wody lub kanalizacji", OFFICE, 1),
    ("complaint", "reklamacja", "Reklamacja", OFFICE, 14),
    ("remarks", "uwagi", "Uwagi i propozycje", OFFICE, 30),
    ("office", "biuro", "Pytanie do biura obsługi klienta", OFFICE, 14),
    ("administrator", "administrator", "Działanie tej strony (do administratora systemu)", ADMINISTRATOR, 14),
)


def upgrade() -> None:
    departments = op.create_table(
        "core_department",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("closed_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_department"),
        sa.CheckConstraint("kind IN ('office', 'administrator', 'other')", name="kind"),
    )
    op.create_table(
        "core_department_clerk",
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("department_id", "account_id", name="pk_core_department_clerk"),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["core_department.id"],
            name="fk_core_department_clerk_department_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["core_account.id"], name="fk_core_department_clerk_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_core_department_clerk_account_id", "core_department_clerk", ["account_id"])
    op.create_table(
        "core_contact_person",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("closed_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_contact_person"),
        sa.ForeignKeyConstraint(["department_id"], ["core_department.id"], name="fk_core_contact_person_department_id"),
    )
    op.create_index("ix_core_contact_person_department_id", "core_contact_person", ["department_id"])
    topics = op.create_table(
        "core_contact_topic",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("slug", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("closed_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_core_contact_topic"),
        sa.UniqueConstraint("slug", name="uq_core_contact_topic_slug"),
        sa.ForeignKeyConstraint(["department_id"], ["core_department.id"], name="fk_core_contact_topic_department_id"),
        sa.CheckConstraint(
            "kind IN ('failure', 'complaint', 'remarks', 'office', 'administrator', 'own')", name="kind"
        ),
    )
    op.create_index("ix_core_contact_topic_department_id", "core_contact_topic", ["department_id"])
    _make_cases()
    op.bulk_insert(
        departments,
        [
            {"id": OFFICE, "kind": "office", "name": "Biuro obsługi klienta", "position": 1},
            {"id": ADMINISTRATOR, "kind": "administrator", "name": "Administrator systemu", "position": 2},
        ],
    )
    op.bulk_insert(
        topics,
        [
            {
                "id": f"00000000-0000-7000-8000-0000000001{place:02d}",
                "kind": kind,
                "slug": slug,
                "name": name,
                "department_id": department,
                "answer_days": days,
                "position": place,
            }
            for place, (kind, slug, name, department, days) in enumerate(TOPICS, start=1)
        ],
    )


def _make_cases() -> None:
    op.create_table(
        "core_case",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("code", sa.String(20)),
        sa.Column("topic_id", sa.String(36), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("person_id", sa.String(36)),
        sa.Column("account_id", sa.String(36)),
        sa.Column("customer_code", sa.String(20)),
        sa.Column("sender_name", sa.String(150)),
        sa.Column("sender_email", sa.String(254)),
        sa.Column("sender_phone", sa.String(40)),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("answered_at", Instant()),
        sa.Column("closed_at", Instant()),
        sa.Column("forgotten_at", Instant()),
        sa.Column("search_text", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_case"),
        sa.UniqueConstraint("number", name="uq_core_case_number"),
        sa.ForeignKeyConstraint(["topic_id"], ["core_contact_topic.id"], name="fk_core_case_topic_id"),
        sa.ForeignKeyConstraint(["department_id"], ["core_department.id"], name="fk_core_case_department_id"),
        sa.ForeignKeyConstraint(["person_id"], ["core_contact_person.id"], name="fk_core_case_person_id"),
        sa.CheckConstraint("state IN ('new', 'open', 'answered', 'closed')", name="state"),
    )
    op.create_index("ix_core_case_state", "core_case", ["state", "due_on"])
    op.create_index("ix_core_case_account_id", "core_case", ["account_id", "received_at"])
    op.create_index("ix_core_case_closed_at", "core_case", ["closed_at"])
    for name in ("topic_id", "department_id", "person_id", "customer_code"):
        op.create_index(f"ix_core_case_{name}", "core_case", [name])
    op.create_table(
        "core_case_message",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("author", sa.String(150)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_case_message"),
        sa.ForeignKeyConstraint(["case_id"], ["core_case.id"], name="fk_core_case_message_case_id", ondelete="CASCADE"),
        sa.CheckConstraint("kind IN ('person', 'office', 'note')", name="kind"),
    )
    op.create_index("ix_core_case_message_case_id", "core_case_message", ["case_id", "written_at"])
    op.create_table(
        "core_case_file",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("message_id", sa.String(36)),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(150), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_case_file"),
        sa.UniqueConstraint("token", "sha256", name="uq_core_case_file_token"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["core_case_message.id"], name="fk_core_case_file_message_id", ondelete="CASCADE"
        ),
    )
    for name in ("message_id", "sha256"):
        op.create_index(f"ix_core_case_file_{name}", "core_case_file", [name])
    op.create_table(
        "core_case_counter",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_core_case_counter"),
    )


def downgrade() -> None:
    for name in (
        "core_case_counter",
        "core_case_file",
        "core_case_message",
        "core_case",
        "core_contact_topic",
        "core_contact_person",
        "core_department_clerk",
        "core_department",
    ):
        op.drop_table(name)
