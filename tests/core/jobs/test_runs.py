"""Runs as rows: each planned time once, whoever schedules; a dead worker's run is taken over; the latest only (R40)."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from ebok_core.clock import WARSAW
from ebok_core.contracts.background import Every, Job
from ebok_core.jobs import heartbeats, rules, run_until_quiet, runs, status, worker
from ebok_core.jobs.models import JobRun


@pytest.fixture(autouse=True)
def still(clock):
    return clock


def rows(runtime, key: str = "work.often") -> list:
    with runtime.database.snapshot() as session:
        statement = sa.select(JobRun.__table__).where(JobRun.job_key == key).order_by(JobRun.planned_for)
        return session.execute(statement).all()


def states(runtime, key: str = "work.often") -> list[str]:
    return [row.state for row in rows(runtime, key)]


def perform_due(runtime, work) -> int:
    process = worker.Worker(runtime)
    process.jobs = tuple(work.jobs)
    return sum(process.run_job(run_id) for run_id in process.due_runs())


def claim_one(runtime, work) -> runs.Running:
    runs.plan(runtime.database, work.jobs[:1])
    (run_id,) = runs.runnable(runtime.database, work.jobs[:1])
    found = runs.claim(runtime.database, work.jobs, run_id)
    assert found is not None
    return found


def test_a_job_runs_once_for_each_planned_time(runtime, work, still):
    for _ in range(13):
        perform_due(runtime, work)
        still.advance(minutes=1)
    assert Counter(work.ran) == {"often": 3, "nightly": 1}
    (first, *_) = rows(runtime)
    assert (first.state, first.result, first.tries, first.lease_token) == ("done", "often: gotowe", 1, None)
    assert first.planned_for.astimezone(WARSAW).isoformat() == "2026-11-24T09:00:00+01:00"


def test_R40_three_schedulers_at_once_plan_and_run_each_time_once(runtime, work, still):
    start = threading.Barrier(3)
    problems: list[BaseException] = []

    def schedule() -> None:
        try:
            for _ in range(5):
                start.wait()
                perform_due(runtime, work)
                if start.wait() == 0:
                    still.advance(minutes=5)
        except BaseException as error:
            problems.append(error)
            start.abort()

    threads = [threading.Thread(target=schedule) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert Counter(work.ran) == {"often": 5, "nightly": 1}
    assert states(runtime) == ["done"] * 5


def test_R40_what_was_missed_runs_once_and_not_as_often_as_it_was_missed(runtime, work, still):
    perform_due(runtime, work)
    still.advance(hours=7)
    perform_due(runtime, work)
    assert Counter(work.ran)["often"] == 2
    assert len(rows(runtime)) == 2


def test_R45_a_clock_that_steps_back_runs_nothing_again(runtime, work, still):
    perform_due(runtime, work)
    still.advance(minutes=-60)
    for _ in range(20):
        perform_due(runtime, work)
        still.advance(minutes=2)
    assert Counter(work.ran)["often"] == 1


def test_a_run_that_fails_says_so_and_the_next_one_comes(runtime, work, still, failing):
    work.during = lambda key: failing if key == "often" else ValueError("secret 123") if key == "nightly" else None
    perform_due(runtime, work)
    (often,), (nightly,) = rows(runtime), rows(runtime, "work.nightly")
    assert (often.state, often.result, often.error_class) == ("failed", "TYTAN nie odpowiada", "EbokError")
    assert (nightly.state, nightly.result, nightly.error_class) == ("failed", None, "ValueError")
    still.advance(minutes=5)
    work.during = lambda key: None
    perform_due(runtime, work)
    assert states(runtime) == ["failed", "done"]


def test_two_workers_never_run_the_same_run(runtime, work, still):
    run = claim_one(runtime, work)
    assert runs.claim(runtime.database, work.jobs, run.run_id) is None
    assert runs.runnable(runtime.database, work.jobs[:1]) == []


def test_a_job_never_overtakes_itself(runtime, work, still):
    """The next planned time waits while a run is on its way, then only the latest comes."""
    work.jobs[0] = replace(work.jobs[0], limit=timedelta(hours=1))
    run = claim_one(runtime, work)
    for _ in range(3):
        still.advance(minutes=5)
        runs.renew(runtime.database, [run])
        assert perform_due(runtime, work) <= 1
    assert Counter(work.ran)["often"] == 0
    runs.perform(runtime, run)
    perform_due(runtime, work)
    assert Counter(work.ran)["often"] == 2
    assert states(runtime) == ["done", "lost", "lost", "done"]


def test_R40_the_run_of_a_worker_that_died_is_taken_over(runtime, work, still):
    claim_one(runtime, work)
    still.advance(rules.LEASE + timedelta(seconds=1))
    perform_due(runtime, work)
    (row,) = rows(runtime)
    assert (row.state, row.tries) == ("done", 2)


def test_a_run_that_kills_three_workers_is_given_up(runtime, work, still):
    for _ in range(3):
        claim_one(runtime, work)
        still.advance(rules.LEASE + timedelta(seconds=1))
    assert perform_due(runtime, work) <= 1
    (row,) = rows(runtime)
    assert (row.state, row.tries, row.lease_token) == ("lost", 3, None)


def test_a_living_worker_keeps_its_run_up_to_the_jobs_limit(runtime, work, still):
    run = claim_one(runtime, work)
    for _ in range(9):
        still.advance(minutes=1)
        runs.renew(runtime.database, [run])
        assert runs.runnable(runtime.database, work.jobs[:1]) == []
    still.advance(minutes=2)
    runs.renew(runtime.database, [run])
    assert runs.runnable(runtime.database, work.jobs[:1]) == [run.run_id]


def test_R12_a_worker_that_lost_its_run_writes_nothing(runtime, work, still):
    run = claim_one(runtime, work)
    still.advance(rules.LEASE + timedelta(seconds=1))
    perform_due(runtime, work)
    (before,) = rows(runtime)
    work.during = lambda key: ValueError("too late")
    runs.perform(runtime, run)
    (after,) = rows(runtime)
    assert (after.state, after.finished_at) == ("done", before.finished_at)


def test_a_job_of_a_module_that_is_gone_is_left_alone(runtime, work, still):
    runs.plan(runtime.database, work.jobs)
    assert runs.runnable(runtime.database, []) == []
    assert runs.claim(runtime.database, [], rows(runtime)[0].id) is None


def test_old_runs_are_forgotten_but_not_the_last(runtime, work, still):
    perform_due(runtime, work)
    still.advance(minutes=5)
    perform_due(runtime, work)
    still.advance(days=31)
    assert runs.forget(runtime.database) >= 1
    assert len(rows(runtime)) == 1
    assert len(rows(runtime, "work.nightly")) == 1


def test_runs_that_had_nothing_to_say_are_forgotten_after_a_day(runtime, work, still):
    work.jobs[0] = replace(work.jobs[0], run=lambda runtime: None)
    for _ in range(3):
        perform_due(runtime, work)
        still.advance(minutes=5)
    still.advance(days=1)
    assert runs.forget(runtime.database) == 2
    assert len(rows(runtime)) == 1
    assert len(rows(runtime, "work.nightly")) == 1


def test_run_until_quiet_does_what_is_due_and_stops(runtime, work, still):
    assert run_until_quiet(runtime) >= 2
    assert Counter(work.ran) == {"often": 1, "nightly": 1}
    assert run_until_quiet(runtime) == 0
    assert run_until_quiet(runtime, still, jobs=False) == 0


class TestStatus:
    """L157: jobs with last and next run, workers that stopped are seen as stopped."""

    def read(self, runtime) -> status.Status:
        with runtime.database.snapshot() as session:
            return status.read(runtime, session)

    def job(self, runtime, key: str = "work.often") -> status.JobStatus:
        return next(job for job in self.read(runtime).jobs if job.key == key)

    def test_a_job_shows_its_last_and_its_next_run(self, runtime, work, still):
        assert (self.job(runtime).state, self.job(runtime).started_at) == (None, None)
        perform_due(runtime, work)
        found = self.job(runtime)
        assert (found.state, found.result, found.title) == ("done", "often: gotowe", "Often")
        assert found.next_at == datetime(2026, 11, 24, 9, 5, tzinfo=WARSAW)
        assert not found.is_late
        still.advance(minutes=11)
        assert self.job(runtime).is_late is False
        still.advance(minutes=4)
        assert self.job(runtime).is_late is False  # a new planned time has just come
        assert self.job(runtime, "work.nightly").is_late is False
        still.advance(hours=20)
        assert self.job(runtime, "work.nightly").is_late is True

    def test_R40_a_stopped_worker_is_seen_as_stopped_within_five_minutes(self, runtime, still):
        assert self.read(runtime).alarms[0].startswith("no worker runs")
        with runtime.database.unit_of_work() as session:
            heartbeats.beat(session, "worker-1", still.now_utc())
        assert [w.is_alive for w in self.read(runtime).workers] == [True]
        still.advance(minutes=5, seconds=1)
        found = self.read(runtime)
        assert [w.is_alive for w in found.workers] == [False]
        assert found.alarms[0].startswith("no worker runs")

    def test_a_worker_that_stops_by_itself_leaves_no_alarm_behind(self, runtime, still):
        for name in ("worker-1", "worker-2"):
            with runtime.database.unit_of_work() as session:
                heartbeats.beat(session, name, still.now_utc())
        with runtime.database.unit_of_work() as session:
            heartbeats.stop(session, "worker-1")
        assert len(self.read(runtime).workers) == 1
        assert not any("stopped" in alarm for alarm in self.read(runtime).alarms)

    def test_a_run_whose_worker_died_is_shown_as_lost_and_a_failed_one_alarms(self, runtime, work, still, failing):
        claim_one(runtime, work)
        assert self.job(runtime).state == "running"
        still.advance(minutes=3)
        assert self.job(runtime).state == "lost"
        work.during = lambda key: failing
        perform_due(runtime, work)
        assert "the job work.often failed: EbokError" in self.read(runtime).alarms

    def test_the_outbox_and_the_queues_are_counted(self, runtime, still):
        found = self.read(runtime)
        assert {row.target for row in found.outbox} >= {"tytan", "mail"}
        assert set(found.queued) == {"ebok_outbox", "ebok_jobs"}


def test_a_job_with_a_schedule_that_can_not_be_is_refused_where_it_is_declared():
    with pytest.raises(ValueError, match="a job runs"):
        Job(key="x.y", title="", run=lambda runtime: None, schedule=Every(interval=timedelta(days=3)))
