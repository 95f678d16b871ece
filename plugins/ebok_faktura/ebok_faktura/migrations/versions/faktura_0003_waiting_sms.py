"""An index on the few notices whose text message has not gone out yet."""

import sqlalchemy as sa
from alembic import op

revision = "faktura_0003"
down_revision = "faktura_0002"
branch_labels = None
depends_on = None

WAITS = sa.text("sms_state = 'queued'")


def upgrade() -> None:
    op.create_index(
        "ix_faktura_notice_waiting_sms", "faktura_notice", ["queued_at"], sqlite_where=WAITS, postgresql_where=WAITS
    )


def downgrade() -> None:
    op.drop_index("ix_faktura_notice_waiting_sms", "faktura_notice")
