"""Tables of background work: what ran when and how it ended, and who is alive."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ebok_core.db import Base, Instant

STATES = ("planned", "running", "done", "failed", "lost")


class JobRun(Base):
    """One planned run of a job; the pair (job, planned time) is unique, so any number of schedulers may plan it.

    `lost` is a run whose workers died with it more often than it may be tried. At most one run of a job is `running`.
    """

    __tablename__ = "core_job_run"
    __table_args__ = (
        sa.UniqueConstraint("job_key", "planned_for"),
        sa.CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
        sa.CheckConstraint("(state = 'running') = (lease_token IS NOT NULL)", name="lease"),
        sa.Index(
            "ix_core_job_run_one_running",
            "job_key",
            unique=True,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    job_key: Mapped[str] = mapped_column(sa.String(80))
    planned_for: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(sa.String(20))
    tries: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_owner: Mapped[str | None] = mapped_column(sa.String(80))
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    result: Mapped[str | None] = mapped_column(sa.String(500))
    error_class: Mapped[str | None] = mapped_column(sa.String(120))


class Heartbeat(Base):
    """A worker process that lives: it writes its row every ten seconds and removes it when it stops by itself."""

    __tablename__ = "core_worker_heartbeat"

    worker_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    started_at: Mapped[datetime] = mapped_column(Instant)
    beat_at: Mapped[datetime] = mapped_column(Instant)
