"""The worker: a process of its own that delivers the outbox and runs the jobs. Any number of them may run.

The queue only says where to look; every few seconds a tick looks by itself, so nothing hangs on a lost nudge. `claim`
decides in the database who does what.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from huey.consumer import Consumer

from ebok_core import clock
from ebok_core.db import uuid7
from ebok_core.outbox import deliver, leases
from ebok_core.outbox.models import Message

from . import heartbeats, queue, rules, runs

if TYPE_CHECKING:
    from ebok_core.contracts.background import Job
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

JOB_THREADS = 2
LOOK_S = 0.2
GRACE_S = 30.0
"""How long a stopping worker waits for what it has in hand (R41)."""

_now = sa.bindparam("now", type_=Message.next_at.type)
_DUE = (
    sa.select(Message.target)
    .distinct()
    .where(
        Message.open,
        (Message.state.in_(("pending", "uncertain")) & (Message.next_at <= _now))
        | ((Message.state == "leased") & (Message.lease_until < _now)),
    )
)


class Worker:
    """What one worker process does with keys from the queue and at each tick; it holds no state that matters."""

    def __init__(self, runtime: Runtime, should_stop: Callable[[], bool] = lambda: False) -> None:
        self.runtime = runtime
        self.jobs: tuple[Job, ...] = runtime.portal.of("ebok_jobs")
        self.should_stop = should_stop
        self.worker_id = uuid7()
        self.started_at: datetime = clock.now_utc()
        self._running: dict[str, runs.Running] = {}
        self._draining = {
            key: threading.Semaphore(getattr(target, "parallel", 1)) for key, target in runtime.targets.items()
        }
        self._asked_again: set[str] = set()

    def drain(self, target: str) -> int:
        """Deliver what is due for a target; returns the attempts.

        One drain of a target at a time in this process, or as many as the target says under `parallel`. A nudge that
        comes while they run makes one of them look once more before it ends.
        """
        places = self._draining.get(target)
        if places is None:
            log.warning("outbox.no_such_target", target=target)
            return 0
        self._asked_again.add(target)
        done = 0
        while target in self._asked_again and places.acquire(blocking=False):
            try:
                self._asked_again.discard(target)
                done += deliver.drain(self.runtime, target, self.should_stop)
            finally:
                places.release()
        return done

    def run_job(self, run_id: str) -> bool:
        """Claim a planned run and perform it; False where it is not ours to run."""
        run = runs.claim(self.runtime.database, self.jobs, run_id)
        if run is None:
            return False
        self._running[run.token] = run
        try:
            runs.perform(self.runtime, run)
        finally:
            del self._running[run.token]
        return True

    def due_targets(self) -> list[str]:
        """Targets of this portal that have something to deliver now."""
        with self.runtime.database.snapshot() as session:
            found = session.scalars(_DUE, {"now": leases.now(session)}).all()
        return sorted(set(found) & set(self.runtime.targets))

    def due_runs(self) -> list[str]:
        """Plan what is due, and name the runs that wait for a worker."""
        runs.plan(self.runtime.database, self.jobs)
        return runs.runnable(self.runtime.database, self.jobs)

    def beat(self) -> None:
        """Sign of life, and longer leases for what runs here."""
        with self.runtime.database.unit_of_work() as session:
            heartbeats.beat(session, self.worker_id, self.started_at)
        runs.renew(self.runtime.database, list(self._running.values()))

    def farewell(self) -> None:
        """Leave no row behind when stopping in good order."""
        with self.runtime.database.unit_of_work() as session:
            heartbeats.stop(session, self.worker_id)


def run_until_quiet(runtime: Runtime, simulated: clock.Clock | None = None, *, jobs: bool = True) -> int:
    """Do all that is due now, here and without a queue, until nothing is; returns how much was done.

    For tests and `ebok worker --once`. `simulated` tells the time meanwhile; it is not moved.
    """
    with clock.use(simulated) if simulated is not None else contextlib.nullcontext():
        worker = Worker(runtime)
        total = 0
        while True:
            done = sum(worker.run_job(run_id) for run_id in worker.due_runs()) if jobs else 0
            done += sum(worker.drain(target) for target in worker.due_targets())
            total += done
            if not done:
                return total


def run_worker(runtime: Runtime, stop: threading.Event) -> None:
    """Work until `stop` is set; then finish what is in hand, at most half a minute."""
    worker = Worker(runtime, stop.is_set)
    outbox = queue.of(runtime).get(queue.OUTBOX)
    jobs = queue.of(runtime).get(queue.JOBS)
    outbox.serve(worker.drain)
    jobs.serve(worker.run_job)
    log.info("worker.started", worker=leases.worker_name(), targets=sorted(runtime.targets), jobs=len(worker.jobs))
    with _consumer(outbox, max(2, len(runtime.targets))) as deliveries, _consumer(jobs, JOB_THREADS) as performers:
        every, by_hand = _Intervals(), _ByHand()
        while not stop.wait(LOOK_S):
            if every.passed("tick", rules.TICK_S):
                _surely(lambda: _tick(worker, outbox, jobs, by_hand))
            if every.passed("beat", rules.HEARTBEAT_S):
                _surely(worker.beat)
                deliveries.check_worker_health()
                performers.check_worker_health()
        by_hand.finish()
    _surely(worker.farewell)
    log.info("worker.stopped", worker=leases.worker_name())


class _ByHand:
    """Work that the queue did not take, done by threads of our own: a few at a time, the next tick finds the rest."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def do(self, work: Callable[[str], object], key: str) -> None:
        """Start the work if there is a place for it."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) < JOB_THREADS:
            thread = threading.Thread(target=_surely, args=(lambda: work(key),), daemon=True)
            self._threads.append(thread)
            thread.start()

    def finish(self) -> None:
        """Wait for what is in hand, at most as long as a stopping worker may."""
        until = clock.monotonic() + GRACE_S
        for thread in self._threads:
            thread.join(max(0.0, until - clock.monotonic()))


def _tick(worker: Worker, outbox: queue.Queue, jobs: queue.Queue, by_hand: _ByHand) -> None:
    """What nudges missed; where the queue fails, the work is done without it."""
    for target in worker.due_targets():
        if not outbox.put(target):
            by_hand.do(worker.drain, target)
    for run_id in worker.due_runs():
        if not jobs.put(run_id):
            by_hand.do(worker.run_job, run_id)


def _surely(work: Callable[[], object]) -> None:
    """Nothing that goes wrong in one round may end the worker; the next round tries again."""
    try:
        work()
    except Exception:
        log.exception("worker.round_failed")


class _Intervals:
    """Tells whether so many seconds have passed since the last time; at first they have."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def passed(self, name: str, seconds: float) -> bool:
        now = clock.monotonic()
        if name in self._last and now - self._last[name] < seconds:
            return False
        self._last[name] = now
        return True


class _Threads(Consumer):
    """huey's consumer inside our own process: signals are the command's business."""

    def _set_signal_handlers(self) -> None:
        pass


@contextlib.contextmanager
def _consumer(of: queue.Queue, threads: int) -> Iterator[Consumer]:
    # Each thread listens on a connection of its own, which nobody else can close.
    of.huey.on_shutdown(name="close")(of.huey.storage.close)
    # No periodic tasks: every consumer would run each of them (dependencies.md §9); rows make ours unique.
    consumer = _Threads(
        of.huey,
        workers=threads,
        periodic=False,
        initial_delay=0.05,
        backoff=1.3,
        max_delay=1.0,
        scheduler_interval=60,
        shutdown_timeout=GRACE_S,
    )
    consumer.start()
    try:
        yield consumer
    finally:
        consumer.stop(graceful=True)
