"""What the page "Sprawdzenie procesów w tle" shows (L157): jobs, workers, queues, the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.contracts.background import Every, Job
from ebok_core.outbox import leases, watch
from ebok_core.outbox.watch import Backlog

from . import queue, rules
from .models import Heartbeat, JobRun

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


class Ended(NamedTuple):
    """A run that ended: how, and how long it took."""

    state: str
    started_at: datetime | None
    finished_at: datetime
    result: str | None
    error_class: str | None

    @property
    def took(self) -> timedelta | None:
        """From its start to its end."""
        return self.finished_at - self.started_at if self.started_at else None


class JobStatus(NamedTuple):
    """A job, its last run and its next. `state` is None before the first run; `result` is a sentence or None.

    The last run may wait or be on its way: `ended` is the last one that ended, `good_at` the end of the last good one.
    """

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
    due_at: datetime
    good_at: datetime | None = None
    ended: Ended | None = None

    @property
    def running_since(self) -> datetime | None:
        """When the run that is on its way began."""
        return self.started_at if self.state == "running" else None


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


_R = JobRun.__table__
_ENDED = ("done", "failed", "lost")


@lru_cache(maxsize=16)
def _runs_of(keys: tuple[str, ...]) -> sa.Select[Any]:
    """For each job its newest run, its newest that ended, and when its newest good one did: three reads by the index.

    A job that looks every few seconds leaves thousands of rows a day: nothing here reads them all.
    """
    names = sa.values(sa.column("job_key", sa.String), name="names").data([(key,) for key in keys]).cte("names")

    def newest(what: str, *states: str) -> Any:
        own = _R.alias()
        found = sa.select(own.c[what]).where(own.c.job_key == names.c.job_key)
        if states:
            found = found.where(own.c.state.in_(states))
        return found.order_by(own.c.planned_for.desc()).limit(1).scalar_subquery()

    picked = sa.select(
        names.c.job_key,
        newest("id").label("newest"),
        newest("id", *_ENDED).label("ended"),
        newest("finished_at", "done").label("good_at"),
    ).subquery()
    last, ended = _R.alias("last"), _R.alias("ended")
    return (
        sa.select(
            *(picked.c.job_key, picked.c.good_at),
            *(last.c[name] for name in ("state", "planned_for", "started_at", "finished_at", "result", "error_class")),
            last.c.lease_until,
            *(ended.c[name].label(f"ended_{name}") for name in Ended._fields),
        )
        .join_from(picked, last, last.c.id == picked.c.newest)
        .outerjoin(ended, ended.c.id == picked.c.ended)
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
    return now - beat_at < rules.SILENT


def job_statuses(runtime: Runtime, session: Session, now: datetime) -> list[JobStatus]:
    """Each declared job with its last run. Late: what is due was not even begun in the time that counts as alive."""
    jobs = runtime.portal.of("ebok_jobs")
    last = {row.job_key: row for row in session.execute(_runs_of(tuple(job.key for job in jobs)))}
    return [_job_status(job, last.get(job.key), now) for job in jobs]


def _job_status(job: Job, row: Any, now: datetime) -> JobStatus:
    due_at = rules.latest_due(job.schedule, now)
    begun = row is not None and row.planned_for >= due_at and row.state != "planned"
    if row is not None and _skipped(job, row, now):
        begun, due_at = False, row.planned_for
    return JobStatus(
        key=job.key,
        title=str(job.title),
        state=_state(row, now),
        planned_for=row.planned_for if row else None,
        started_at=row.started_at if row else None,
        finished_at=row.finished_at if row else None,
        result=row.result if row else None,
        error_class=row.error_class if row else None,
        next_at=rules.next_due(job.schedule, now),
        is_late=not begun and not _is_busy(row, now) and now - due_at > rules.ALIVE,
        due_at=due_at,
        good_at=row.good_at if row else None,
        ended=_ended(row, now) if row else None,
    )


def _skipped(job: Job, row: Any, now: datetime) -> bool:
    """Whether a job that comes again and again has not been begun for longer than two of its turns."""
    if not isinstance(job.schedule, Every):
        return False
    return bool(now - row.planned_for > 2 * job.schedule.interval + rules.ALIVE)


def _ended(row: Any, now: datetime) -> Ended | None:
    """The last run that ended; one whose worker died with it counts, though nobody has written that down yet."""
    if row.state == "running" and not _is_busy(row, now):
        return Ended("lost", row.started_at, row.lease_until, None, None)
    if row.ended_state is None:
        return None
    return Ended(*(getattr(row, f"ended_{name}") for name in Ended._fields))


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
