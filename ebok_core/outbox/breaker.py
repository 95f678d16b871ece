"""The breaker of each target: an outage is found by one message at a time and burns nobody's attempts (§4.6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from . import rules
from .models import Breaker

log = structlog.get_logger(__name__)

_T = Breaker.__table__
_STATE = sa.select(_T.c.failures, _T.c.probe_at).where(_T.c.target == sa.bindparam("target"))
_CLOSE = (
    sa.update(_T)
    .where(_T.c.target == sa.bindparam("which"), _T.c.failures > 0)
    .values(failures=0, opened_at=None, probe_at=None)
    .returning(_T.c.target)
)
_UNSYNCHRONISED = {"synchronize_session": False}


class Admission(Enum):
    """Whether a worker may try the target now."""

    FREE = "free"
    PROBE = "probe"
    NONE = "none"


def admit(session: Session, target: str, now: datetime) -> Admission:
    """Tell whether the target may be tried. While the breaker is open one worker gets a probe, the others nothing."""
    row = session.execute(_STATE, {"target": target}).first()
    if row is None or row.probe_at is None:
        return Admission.FREE
    taken = session.execute(
        sa.update(Breaker)
        .where(Breaker.target == target, Breaker.probe_at == row.probe_at, Breaker.probe_at <= now)
        .values(probe_at=now + timedelta(seconds=rules.probe_after_s(row.failures))),
        execution_options=_UNSYNCHRONISED,
    )
    return Admission.PROBE if taken.rowcount == 1 else Admission.NONE  # type: ignore[attr-defined]


def give_back(session: Session, target: str, now: datetime) -> None:
    """Return a probe for which there was no message: the next message need not wait for another."""
    session.execute(
        sa.update(Breaker).where(Breaker.target == target, Breaker.failures > 0).values(probe_at=now),
        execution_options=_UNSYNCHRONISED,
    )


def unreachable(session: Session, target: str, now: datetime) -> None:
    """Count a failure to reach the target; the fifth in a row opens the breaker."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(Breaker).values(target=target, failures=1)
    failures = session.execute(
        statement.on_conflict_do_update(
            index_elements=[Breaker.target], set_={"failures": Breaker.failures + 1}
        ).returning(Breaker.failures)
    ).scalar_one()
    if failures < rules.BREAKER_OPENS_AT:
        return
    probe_at = now + timedelta(seconds=rules.probe_after_s(failures))
    opened = sa.func.coalesce(Breaker.opened_at, sa.bindparam("now", now, type_=Breaker.opened_at.type))
    session.execute(
        sa.update(Breaker).where(Breaker.target == target).values(opened_at=opened, probe_at=probe_at),
        execution_options=_UNSYNCHRONISED,
    )
    if failures == rules.BREAKER_OPENS_AT:
        log.error("outbox.breaker_opened", target=target)


def reached(session: Session, target: str) -> None:
    """Close the breaker: the target answered."""
    closed = session.execute(_CLOSE, {"which": target}).first()
    if closed:
        log.info("outbox.target_reached", target=target)
