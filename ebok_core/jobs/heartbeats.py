"""Signs of life of the worker processes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core.outbox import leases

from . import rules
from .models import Heartbeat


def beat(session: Session, worker_id: str, started_at: datetime) -> None:
    """Say that this worker lives, and forget workers of days gone by."""
    now = leases.now(session)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(Heartbeat).values(
        worker_id=worker_id, name=leases.worker_name(), started_at=started_at, beat_at=now
    )
    session.execute(statement.on_conflict_do_update(index_elements=[Heartbeat.worker_id], set_={"beat_at": now}))
    session.execute(
        sa.delete(Heartbeat).where(Heartbeat.beat_at < now - rules.FORGET_WORKER),
        execution_options={"synchronize_session": False},
    )


def stop(session: Session, worker_id: str) -> None:
    """Say that this worker stops by itself: no row, no alarm."""
    session.execute(
        sa.delete(Heartbeat).where(Heartbeat.worker_id == worker_id), execution_options={"synchronize_session": False}
    )
