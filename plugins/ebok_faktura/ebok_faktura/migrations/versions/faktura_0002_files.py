"""Files of documents, the codes printed on them, the PDFs that were given out."""

import sqlalchemy as sa
from alembic import op

from ebok_core.db.types import Instant

revision = "faktura_0002"
down_revision = "faktura_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "faktura_fetch",
        sa.Column("document_number", sa.String(40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("wanted_at", Instant(), nullable=False),
        sa.Column("done_at", Instant()),
        sa.PrimaryKeyConstraint("document_number", name="pk_faktura_fetch"),
        sa.CheckConstraint("state IN ('wanted', 'done')", name="state"),
    )
    op.create_table(
        "faktura_file",
        sa.Column("document_number", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("problem", sa.String(40)),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("document_number", "kind", name="pk_faktura_file"),
        sa.CheckConstraint("state IN ('kept', 'wrong')", name="state"),
    )
    op.create_index("ix_faktura_file_state", "faktura_file", ["state", "seen_at"])
    op.create_table(
        "faktura_check_code",
        sa.Column("document_number", sa.String(40), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("document_number", name="pk_faktura_check_code"),
    )
    op.create_table(
        "faktura_issued_pdf",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("document_number", sa.String(40), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_faktura_issued_pdf"),
    )
    op.create_index("ix_faktura_issued_pdf_document_number", "faktura_issued_pdf", ["document_number"])


def downgrade() -> None:
    for table in ("faktura_issued_pdf", "faktura_check_code", "faktura_file", "faktura_fetch"):
        op.drop_table(table)
