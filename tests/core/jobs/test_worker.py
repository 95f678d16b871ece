"""The worker as a process: nudges, ticks, a broken queue, signals, sudden death. Real clock, real queue."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from marshmallow import Schema, fields

from ebok_core import Capability, Delivery, Module, OutboxMessage, Outcome, hookimpl, outbox
from ebok_core.errors import ConfigurationError
from ebok_core.jobs import queue, rules, run_worker, worker
from ebok_core.jobs.models import Heartbeat
from ebok_core.runtime import Runtime

PATIENCE_S = 20.0


class CallSchema(Schema):
    value = fields.Integer()


class Call(OutboxMessage):
    kind = "test.call"
    target = "gate"
    payload_schema = CallSchema


class Gate:
    """A far side in memory; workers of these tests are threads of this process, or tell by the database."""

    key, capability, largest_run = "gate", Capability.PUT, 10

    def __init__(self) -> None:
        self.arrived: list[str] = []

    def deliver(self, envelopes):
        self.arrived += [e.message_id for e in envelopes]
        return Delivery(outcome=Outcome.DELIVERED)

    def lookup(self, message_id):
        return None


class Gated:
    def __init__(self) -> None:
        self.gate = Gate()

    @hookimpl
    def ebok_module(self):
        return Module(title="Gate")

    @hookimpl
    def ebok_outbox_messages(self):
        return [Call]

    @hookimpl
    def ebok_outbox_targets(self, settings):
        return [self.gate]


@pytest.fixture
def gated() -> Gated:
    return Gated()


@pytest.fixture
def modules(gated, work):
    return [("ebok_gated", gated), ("ebok_work", work)]


def accept(runtime: Runtime, number: int) -> str:
    message = Call(
        customer_code=None, stream_key=f"p:{number}", subject_type="call", subject_id=str(number), payload={}
    )
    with runtime.database.unit_of_work() as session:
        return outbox.enqueue(session, message)


def eventually(condition: Callable[[], object]) -> float:
    """Wait for another thread or process; how long it took in seconds."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > PATIENCE_S:
            pytest.fail("it did not happen")
        time.sleep(0.02)
    return time.monotonic() - started


def state(runtime: Runtime, message_id: str) -> str:
    with runtime.database.snapshot() as session:
        return outbox.states_of(session, [message_id])[message_id].state


@pytest.fixture
def running(runtime: Runtime):
    """A worker in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(runtime, stop))
    thread.start()
    yield runtime
    stop.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def beats(runtime: Runtime) -> int:
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(sa.func.count()).select_from(Heartbeat)).scalar_one()


def test_a_commit_wakes_the_worker_long_before_its_tick(running, monkeypatch, gated):
    eventually(lambda: beats(running))
    eventually(lambda: worker_is_idle(running))
    monkeypatch.setattr(worker.Worker, "due_targets", lambda self: [])  # the tick finds nothing: only the nudge can
    message_id = accept(running, 1)
    eventually(lambda: state(running, message_id) == "delivered")
    assert gated.gate.arrived == [message_id]


def worker_is_idle(runtime: Runtime) -> bool:
    return queue.of(runtime).get(queue.OUTBOX).waiting() == 0


def test_a_lost_nudge_is_found_by_the_tick(running, monkeypatch):
    running.database.info["ebok.outbox.nudge"] = lambda target: None
    message_id = accept(running, 1)
    assert eventually(lambda: state(running, message_id) == "delivered") < rules.TICK_S * 2 + 5


def test_a_broken_queue_stops_neither_the_web_nor_the_worker(running, monkeypatch):
    def broken(self, key):
        raise OSError("the disk of the queue is gone")

    monkeypatch.setattr(queue.Queue, "_task", broken, raising=False)
    monkeypatch.setattr(queue.Queue, "waiting", lambda self: None)
    monkeypatch.setattr(queue.Queue, "put", lambda self, key: False)
    message_id = accept(running, 1)
    eventually(lambda: state(running, message_id) == "delivered")


def test_jobs_run_in_the_worker(running, work):
    eventually(lambda: {"often", "nightly"} <= set(work.ran))


def test_the_worker_leaves_no_heartbeat_when_it_stops(runtime):
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(runtime, stop))
    thread.start()
    eventually(lambda: beats(runtime) == 1)
    stop.set()
    thread.join(PATIENCE_S)
    assert beats(runtime) == 0


def forked_worker(runtime: Runtime) -> int:
    runtime.database.dispose()
    child = os.fork()
    if child == 0:
        try:
            stop = threading.Event()
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            run_worker(runtime, stop)
        finally:
            os._exit(0)
    return child


def test_R41_a_worker_process_ends_in_good_order_at_sigterm(runtime):
    child = forked_worker(runtime)
    try:
        eventually(lambda: beats(runtime) == 1)
        message_id = accept(runtime, 1)
        eventually(lambda: state(runtime, message_id) == "delivered")
    finally:
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert beats(runtime) == 0


def test_R40_a_killed_worker_leaves_its_heartbeat_and_another_one_goes_on(runtime):
    first, second = forked_worker(runtime), forked_worker(runtime)
    try:
        eventually(lambda: beats(runtime) == 2)
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
        message_id = accept(runtime, 1)
        eventually(lambda: state(runtime, message_id) == "delivered")
        assert beats(runtime) == 2
    finally:
        os.kill(second, signal.SIGTERM)
        os.waitpid(second, 0)


def test_one_drain_of_a_target_at_a_time_and_none_is_missed(runtime, monkeypatch):
    process = worker.Worker(runtime)
    inside, most, calls = [0], [0], [0]

    def drain(runtime, target, should_stop):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        calls[0] += 1
        if calls[0] == 1:
            process.drain("gate")  # a nudge that comes while a drain runs
        inside[0] -= 1
        return 1

    monkeypatch.setattr(worker.deliver, "drain", drain)
    assert process.drain("gate") == 2
    assert most == [1]
    assert process.drain("no_such_target") == 0


# The queue's store


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_broken_queue_file_is_set_aside(runtime):
    path = runtime.settings.data_dir / "queue.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"this is no database" * 1000)
    opened = queue.of(runtime).get(queue.OUTBOX)
    assert opened.put("gate")
    assert opened.waiting() == 1
    assert path.with_suffix(".broken").exists()
    assert path.stat().st_mode & 0o077 == 0


def test_a_task_that_others_signed_is_never_opened(runtime, make_runtime, modules):
    """The store may be shared: what is not signed with our key is dropped unread."""
    opened = queue.of(runtime).get(queue.OUTBOX)
    stranger = make_runtime(modules=modules, secret_key="s" * 40)
    looked: list[str] = []
    opened.serve(looked.append)
    queue.of(stranger).get(queue.OUTBOX).put("gate")
    with pytest.raises(ValueError, match="mismatch"):
        opened.huey.dequeue()
    opened.put("gate")
    opened.huey.execute(opened.huey.dequeue())
    assert looked == ["gate"]


def test_a_flood_of_nudges_stays_small(runtime):
    opened = queue.of(runtime).get(queue.OUTBOX)
    for _ in range(queue.MOST_WAITING + 20):
        opened.put("gate")
    assert opened.waiting() == queue.MOST_WAITING


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("url", ["amqp://127.0.0.1/", "redis://127.0.0.1:1/0"])
def test_a_queue_address_that_can_not_be_is_named(make_runtime, url):
    runtime = make_runtime(queue_url=url)
    with pytest.raises(ConfigurationError, match="EBOK_QUEUE_URL"):
        queue.of(runtime).get(queue.OUTBOX)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_command_works_once(runtime, work, monkeypatch):
    from click.testing import CliRunner

    from ebok_core.jobs import commands

    monkeypatch.setattr(commands.runtimes, "build", lambda: runtime)
    accept(runtime, 1)
    result = CliRunner().invoke(commands.worker, ["--once"])
    assert result.exit_code == 0
    assert result.output.splitlines()[-1].startswith("done: ")
    assert "often" in work.ran
