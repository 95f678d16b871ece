"""What the page "Sprawdzenie procesów w tle" shows (L157): jobs, workers, queues, the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.outbox import leases, watch
from ebok_core.outbox.watch import Backlog

from . import queue, rules
from .models import Heartbeat, JobRun

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


class JobStatus(NamedTuple):
    """A job, its last run and its next. `state` is None before the first run; `result` is a sentence or None."""

    key: str
    title: str
    state: str | None
    planned_for: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    result: str | None
    error_class: str | None
    next_at: datetime
    is_late: bool


class WorkerStatus(NamedTuple):
    """A worker process; one whose heartbeat is too old is stopped, whatever it thinks."""

    name: str
    started_at: datetime
    beat_at: datetime
    is_alive: bool


class Status(NamedTuple):
    """Everything at once, from one state of the database. `queued`: tasks that wait in each queue, None: no answer."""

    jobs: list[JobStatus]
    workers: list[WorkerStatus]
    outbox: list[Backlog]
    queued: dict[str, int | None]
    alarms: list[str]


_last = sa.select(JobRun.job_key, sa.func.max(JobRun.planned_for).label("planned_for")).group_by(JobRun.job_key)
_last_runs = _last.subquery()
_LAST_RUNS = sa.select(JobRun).join(
    _last_runs, (JobRun.job_key == _last_runs.c.job_key) & (JobRun.planned_for == _last_runs.c.planned_for)
)
_LAST_RUNS = _LAST_RUNS.with_only_columns(
    JobRun.job_key,
    JobRun.state,
    JobRun.planned_for,
    JobRun.started_at,
    JobRun.finished_at,
    JobRun.result,
    JobRun.error_class,
    JobRun.lease_until,
    maintain_column_froms=True,
)
_WORKERS = sa.select(Heartbeat.name, Heartbeat.started_at, Heartbeat.beat_at).order_by(Heartbeat.started_at)


def read(runtime: Runtime, session: Session) -> Status:
    """Read the whole page's data."""
    now = leases.now(session)
    workers = [
        WorkerStatus(name=row.name, started_at=row.started_at, beat_at=row.beat_at, is_alive=is_alive(row.beat_at, now))
        for row in session.execute(_WORKERS)
    ]
    backlog = watch.backlog(session, runtime.targets)
    jobs = job_statuses(runtime, session, now)
    return Status(
        jobs=jobs,
        workers=workers,
        outbox=backlog,
        queued={name: queue.of(runtime).get(name).waiting() for name in (queue.OUTBOX, queue.JOBS)},
        alarms=[*_worker_alarms(workers), *_job_alarms(jobs), *watch.alarms(backlog, now)],
    )


def is_alive(beat_at: datetime, now: datetime) -> bool:
    """Whether a heartbeat is fresh enough (R40)."""
    return now - beat_at < rules.ALIVE


def job_statuses(runtime: Runtime, session: Session, now: datetime) -> list[JobStatus]:
    """Each declared job with its last run. Late: what is due was not even begun in the time that counts as alive."""
    last = {row.job_key: row for row in session.execute(_LAST_RUNS)}
    found = []
    for job in runtime.portal.of("ebok_jobs"):
        row = last.get(job.key)
        waits_since = rules.latest_due(job.schedule, now)
        begun = row is not None and row.planned_for >= waits_since and row.state != "planned"
        found.append(
            JobStatus(
                key=job.key,
                title=str(job.title),
                state=_state(row, now),
                planned_for=row.planned_for if row else None,
                started_at=row.started_at if row else None,
                finished_at=row.finished_at if row else None,
                result=row.result if row else None,
                error_class=row.error_class if row else None,
                next_at=rules.next_due(job.schedule, now),
                is_late=not begun and now - waits_since > rules.ALIVE and not _is_busy(row, now),
            )
        )
    return found


def _state(row: sa.Row | None, now: datetime) -> str | None:
    if row is None:
        return None
    return "lost" if row.state == "running" and not _is_busy(row, now) else str(row.state)


def _is_busy(row: sa.Row | None, now: datetime) -> bool:
    return row is not None and row.state == "running" and row.lease_until >= now


def _worker_alarms(workers: list[WorkerStatus]) -> list[str]:
    if not any(worker.is_alive for worker in workers):
        return ["no worker runs: start `ebok worker`"]
    return [f"the worker {worker.name} has stopped" for worker in workers if not worker.is_alive]


def _job_alarms(jobs: list[JobStatus]) -> list[str]:
    return [f"the job {job.key} is late" for job in jobs if job.is_late] + [
        f"the job {job.key} failed: {job.error_class or job.state}" for job in jobs if job.state in ("failed", "lost")
    ]
