"""Runs of jobs as rows: planned once, claimed by one worker, renewed while it lives, finished under its token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.background import Job
from ebok_core.contracts.identity import Viewer
from ebok_core.db import Database, uuid7
from ebok_core.errors import EbokError, Refused
from ebok_core.i18n import gettext as _
from ebok_core.outbox import leases

from . import rules
from .models import JobRun

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

_UNSYNCHRONISED = {"synchronize_session": False}
_NEWEST = sa.select(JobRun.job_key, sa.func.max(JobRun.planned_for).label("planned_for")).group_by(JobRun.job_key)
_NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_owner": None, "lease_until": None}


@dataclass(frozen=True, kw_only=True)
class Running:
    """A run in this worker's hands. `started` is monotonic seconds."""

    run_id: str
    job: Job
    token: str
    started: float


def plan(database: Database, jobs: Iterable[Job]) -> list[str]:
    """Plan the latest due time of each job that has none; returns the ids of new runs. Any number may do this at once.

    Times that were missed before it are never planned, and a clock that steps back plans nothing anew.
    """
    with database.snapshot() as session:
        now = leases.now(session)
        newest = {row.job_key: row.planned_for for row in session.execute(_NEWEST)}
    due = {job.key: rules.latest_due(job.schedule, now) for job in jobs}
    missing = {key: at for key, at in due.items() if key not in newest or newest[key] < at}
    if not missing:
        return []
    with database.unit_of_work() as session:
        return [run_id for key, at in sorted(missing.items()) if (run_id := _plan_one(session, key, at))]


def _plan_one(session: Session, job_key: str, planned_for: datetime) -> str | None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(JobRun).values(id=uuid7(), job_key=job_key, planned_for=planned_for, state="planned", tries=0)
    statement = statement.on_conflict_do_nothing(index_elements=[JobRun.job_key, JobRun.planned_for])
    return session.scalar(statement.returning(JobRun.id))


def plan_now(session: Session, viewer: Viewer, job: Job) -> str:
    """Plan a run for this moment, by a person's hand; returns its id. Audited.

    Raises `Refused` while a run of the job waits for a worker or is on its way: a second one would change nothing.
    Asking for the permission `core.run_jobs` is the page's.
    """
    now = leases.now(session)
    waits = (JobRun.state == "planned") | ((JobRun.state == "running") & (JobRun.lease_until >= now))
    if session.execute(sa.select(JobRun.id).where(JobRun.job_key == job.key, waits).limit(1)).first():
        raise Refused(_("This process is running or waits for the worker already."), code="already_planned")
    run_id = _plan_one(session, job.key, now)
    if run_id is None:
        raise Refused(_("This process is running or waits for the worker already."), code="already_planned")
    audit.record(session, "core.job.started", actor=viewer, object_type="job", object_id=job.key)
    return run_id


def runnable(database: Database, jobs: Sequence[Job]) -> list[str]:
    """Ids of runs that wait for a worker, the newest of each job: planned ones, and those whose worker is gone."""
    with database.snapshot() as session:
        waits = (JobRun.state == "planned") | ((JobRun.state == "running") & (JobRun.lease_until < leases.now(session)))
        statement = (
            sa.select(JobRun.id, JobRun.job_key)
            .where(waits, JobRun.job_key.in_([job.key for job in jobs]))
            .order_by(JobRun.planned_for)
        )
        return sorted({row.job_key: row.id for row in session.execute(statement)}.values())


def claim(database: Database, jobs: Sequence[Job], run_id: str) -> Running | None:
    """Take a run, unless somebody has it, another run of the job is on its way, or it was tried too often.

    Older runs of the job that never started or whose worker is gone are given up: only the latest is caught up.
    """
    token = leases.new_token()
    try:
        with database.unit_of_work() as session:
            row = session.execute(
                sa.select(JobRun.job_key, JobRun.planned_for).where(JobRun.id == run_id).with_for_update()
            ).first()
            job = next((job for job in jobs if row is not None and job.key == row.job_key), None)
            if row is None or job is None:
                return None
            now = leases.now(session)
            _give_up(session, job.key, row.planned_for, now)
            claimed = session.execute(
                sa.update(JobRun)
                .where(JobRun.id == run_id, (JobRun.state == "planned") | _left_behind(now))
                .values(
                    state="running",
                    tries=JobRun.tries + 1,
                    started_at=now,
                    lease_token=token,
                    lease_owner=leases.worker_name(),
                    lease_until=now + min(rules.LEASE, job.limit),
                ),
                execution_options=_UNSYNCHRONISED,
            )
            if claimed.rowcount != 1:  # type: ignore[attr-defined]
                return None
    except IntegrityError:
        return None  # another run of this job is running: the partial unique index says so
    return Running(run_id=run_id, job=job, token=token, started=clock.monotonic())


def _left_behind(now: datetime) -> sa.ColumnElement[bool]:
    return (JobRun.state == "running") & (JobRun.lease_until < now) & (JobRun.tries < rules.TRIES_LIMIT)


def _give_up(session: Session, job_key: str, planned_for: datetime, now: datetime) -> None:
    over = (JobRun.state == "running") & (JobRun.lease_until < now)
    worn_out = over & (JobRun.planned_for == planned_for) & (JobRun.tries >= rules.TRIES_LIMIT)
    older = (JobRun.planned_for < planned_for) & (over | (JobRun.state == "planned"))
    lost = session.scalars(
        sa.update(JobRun)
        .where(JobRun.job_key == job_key, worn_out | older)
        .values(state="lost", finished_at=now, **_NO_LEASE)
        .returning(JobRun.id),
        execution_options=_UNSYNCHRONISED,
    ).all()
    if lost:
        log.error("job.lost", job=job_key, runs=len(lost))


def renew(database: Database, running: Iterable[Running]) -> None:
    """Lengthen the leases of what this process runs, each up to its job's limit."""
    for run in running:
        left = run.job.limit - timedelta(seconds=clock.monotonic() - run.started)
        if left <= timedelta(0):
            continue
        with database.unit_of_work() as session:
            session.execute(
                sa.update(JobRun)
                .where(JobRun.id == run.run_id, JobRun.lease_token == run.token)
                .values(lease_until=leases.now(session) + min(rules.LEASE, left)),
                execution_options=_UNSYNCHRONISED,
            )


def perform(runtime: Runtime, run: Running) -> None:
    """Run the job with no transaction open, and write down how it ended; a lost lease writes nothing (fencing)."""
    state, result, error_class = "done", None, None
    try:
        result = run.job.run(runtime)
    except EbokError as error:
        state, result, error_class = "failed", str(error), type(error).__name__
        log.error("job.failed", job=run.job.key, error=error_class)
    except Exception as error:
        state, error_class = "failed", type(error).__name__
        log.exception("job.failed", job=run.job.key)
    _finish(runtime.database, run, state, result, error_class)


def _finish(database: Database, run: Running, state: str, result: str | None, error_class: str | None) -> None:
    with database.unit_of_work() as session:
        finished = session.execute(
            sa.update(JobRun)
            .where(JobRun.id == run.run_id, JobRun.lease_token == run.token)
            .values(
                state=state,
                finished_at=leases.now(session),
                result=result[:500] if result else None,
                error_class=error_class and error_class[:120],
                **_NO_LEASE,
            ),
            execution_options=_UNSYNCHRONISED,
        )
    if finished.rowcount != 1:  # type: ignore[attr-defined]
        log.warning("job.lease_lost", job=run.job.key)


def forget(database: Database) -> int:
    """Delete rows of runs that ended a month ago, quiet ones after a day, never the last of a job; tells how many."""
    kept = sa.select(JobRun.job_key, sa.func.max(JobRun.planned_for)).group_by(JobRun.job_key)
    with database.unit_of_work() as session:
        now = leases.now(session)
        quiet = (JobRun.state == "done") & JobRun.result.is_(None) & (JobRun.finished_at < now - rules.KEEP_QUIET_RUNS)
        old = quiet | (JobRun.finished_at < now - rules.KEEP_RUNS)
        is_last = sa.tuple_(JobRun.job_key, JobRun.planned_for).in_(kept)
        statement = sa.delete(JobRun).where(old, ~is_last)
        return int(session.execute(statement, execution_options=_UNSYNCHRONISED).rowcount)  # type: ignore[attr-defined]
