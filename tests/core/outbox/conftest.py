"""A far side for the outbox's tests: a small inbox behind the real contract, with the faults of reliability.md T6."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
import sqlalchemy as sa
import sqlalchemy.dialects.sqlite
from marshmallow import Schema, fields

import ebok_core
from ebok_core import Capability, Delivery, Envelope, Module, OutboxMessage, Outcome, Result, hookimpl, outbox
from ebok_core import runtime as runtimes
from ebok_core.db import Database
from ebok_core.outbox import claims, deliver
from ebok_core.outbox.models import Message
from ebok_core.runtime import Runtime
from ebok_core.testing.databases import prepare
from ebok_core.tytan.contract import source_metadata

PACKAGE = str(Path(ebok_core.__file__).parent)


class FactSchema(Schema):
    value = fields.Integer(required=True)


class Fact(OutboxMessage):
    """The fact of these tests. `heard` gathers what its sender is told."""

    kind = "test.fact"
    payload_schema = FactSchema
    heard: list[Result] = []
    fails = False

    def apply_result(session: Any, result: Result) -> None:  # type: ignore[misc] # a plain function of the class
        if Fact.fails:
            raise LookupError("the sender is broken")
        Fact.heard.append(result)

    apply_delivery = apply_result


class Asked(Fact):
    kind = "test.asked"
    target = "asked"
    heard: list[Result] = []
    apply_result = apply_delivery = None


class Blind(Asked):
    kind = "test.blind"
    target = "blind"


def fact(number: int, stream: str = "c:1", of: type[OutboxMessage] = Fact, **more: Any) -> OutboxMessage:
    """A fact about the subject `number`; facts of different streams may share numbers."""
    values = {"customer_code": "1", "subject_type": "test", "payload": {"value": number}, **more}
    return of(stream_key=stream, subject_id=f"{stream}/{number}", **values)


# The contract's own table, written as SQL: an engine for each test would cost more than the test.
DDL = str(sa.schema.CreateTable(source_metadata().tables["ebok_inbox"]).compile(dialect=sa.dialects.sqlite.dialect()))


class Inbox:
    """The far side: `ebok_inbox` in an SQLite file, opened anew for each call, so that forked workers share it.

    `faults` are taken one a call: `refuse`, `busy`, `lost` (nothing applied, then a timeout), `applied` (applied, then
    a timeout), `raise`, `reject`, `permanent`, `die_after` (applied, then the worker is killed). With `dedupe` off it
    is a receiver without the key: guard M1's off-switch.
    """

    def __init__(self, path: Path, *, dedupe: bool = True) -> None:
        self.path = path
        self.faults: list[str] = []
        self.always: str | None = None
        self.calls: list[list[str]] = []
        with self.open() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(DDL)
            if not dedupe:
                connection.execute("ALTER TABLE ebok_inbox RENAME TO former")
                connection.execute("CREATE TABLE ebok_inbox AS SELECT * FROM former")

    @contextmanager
    def open(self) -> Iterator[Any]:
        connection = sqlite.connect(str(self.path), timeout=10, isolation_level=None)
        connection.execute("PRAGMA synchronous=OFF")  # processes die here, machines do not
        try:
            yield connection
        finally:
            connection.close()

    def put(self, envelopes: Sequence[Envelope]) -> Delivery:
        self.calls.append([envelope.message_id for envelope in envelopes])
        fault = self.always or (self.faults.pop(0) if self.faults else None)
        if fault == "refuse":
            return Delivery(outcome=Outcome.UNREACHABLE, code="refused")
        if fault == "busy":
            return Delivery(outcome=Outcome.BUSY, code="locked")
        if fault == "lost":
            return Delivery(outcome=Outcome.AMBIGUOUS, code="timeout")
        if fault == "raise":
            raise KeyError("mapper")
        if fault == "reject":
            return Delivery(outcome=Outcome.REJECTED, code="not_allowed")
        if fault == "permanent":
            return Delivery(outcome=Outcome.PERMANENT, code="version")
        answer = self._insert(envelopes)
        if fault == "die_after":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "applied":
            return Delivery(outcome=Outcome.AMBIGUOUS, code="timeout")
        return answer

    def _insert(self, envelopes: Sequence[Envelope]) -> Delivery:
        with self.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for e in envelopes:
                row = (e.message_id, e.kind, e.version, e.customer_code, e.stream_key, e.seq, e.payload)
                row += (e.payload_sha256, e.accepted_at.isoformat(), e.accepted_at.isoformat())
                try:
                    connection.execute(f"INSERT INTO ebok_inbox VALUES ({', '.join('?' * 10)})", row)
                except sqlite.IntegrityError:
                    known = connection.execute(
                        "SELECT payload_sha256 FROM ebok_inbox WHERE message_id=?", (e.message_id,)
                    ).fetchone()
                    if known[0] != e.payload_sha256:
                        connection.execute("ROLLBACK")
                        return Delivery(outcome=Outcome.CONFLICT, code="hash")
            connection.execute("COMMIT")
        return Delivery(outcome=Outcome.DELIVERED)

    def has(self, message_id: str) -> bool:
        return message_id in self.ids()

    def ids(self) -> list[str]:
        """Message ids in the order in which they arrived, doubled ones twice."""
        return [row[0] for row in self.rows()]

    def rows(self) -> list[tuple[str, str, int]]:
        """(message id, stream, seq) in order of arrival."""
        with self.open() as connection:
            return connection.execute("SELECT message_id, stream_key, seq FROM ebok_inbox ORDER BY rowid").fetchall()


class Gateway:
    """A far side that can't recognise our id: asked before a second attempt, or blind."""

    largest_run = 1

    def __init__(self, key: str, capability: Capability, inbox: Inbox) -> None:
        self.key, self.capability, self.inbox = key, capability, inbox
        self.asked: list[str] = []
        self.answers: list[bool | None] = []

    def deliver(self, envelopes: Sequence[Envelope]) -> Delivery:
        return self.inbox.put(envelopes)

    def lookup(self, message_id: str) -> bool | None:
        self.asked.append(message_id)
        return self.answers.pop(0) if self.answers else self.inbox.has(message_id)


class FarSide:
    """The module that brings TYTAN's side and two gateways, and declares the facts."""

    def __init__(self, folder: Path) -> None:
        self.inbox = Inbox(folder / "inbox.db")
        self.asked = Gateway("asked", Capability.LOOKUP, Inbox(folder / "asked.db", dedupe=False))
        self.blind = Gateway("blind", Capability.BLIND, Inbox(folder / "blind.db", dedupe=False))

    @hookimpl
    def ebok_module(self):
        return Module(title="Far side")

    @hookimpl
    def ebok_outbox_messages(self):
        return [Fact, Asked, Blind]

    @hookimpl
    def ebok_outbox_targets(self, settings):
        return [self.asked, self.blind]

    @hookimpl
    def ebok_tytan_source(self, settings):
        return self.inbox


@pytest.fixture(scope="session")
def kept_databases(databases: Any) -> Iterator[dict[str, str]]:
    """One database of each kind for all these tests: a fresh one would cost more than most of them."""
    kept: dict[str, str] = {}
    yield kept
    for url in kept.values():
        databases.drop(url)


@pytest.fixture
def database_url(kept_databases: dict[str, str], databases: Any, backend: str, modules: Any, core_settings: Any) -> str:
    """The kept database; `hands` empties it."""
    if backend not in kept_databases:
        kept_databases[backend] = databases.empty(backend)
        with built(kept_databases[backend], modules, core_settings) as runtime:
            prepare(runtime)
    return kept_databases[backend]


EMPTIED = ("core_outbox_message", "core_outbox_stream", "core_outbox_attempt", "core_outbox_breaker", "core_submission")


@contextmanager
def built(url: str, modules: Any, core_settings: Any) -> Iterator[Runtime]:
    runtime = runtimes.build(modules=list(modules), core_settings=core_settings(database_url=url), environ={})
    try:
        yield runtime
    finally:
        runtime.database.dispose()


@pytest.fixture
def far(tmp_path: Path) -> FarSide:
    Fact.heard.clear()
    Fact.fails = False
    return FarSide(tmp_path)


@pytest.fixture
def inbox(far: FarSide) -> Inbox:
    return far.inbox


@pytest.fixture
def modules(far: FarSide) -> list[tuple[str, Any]]:
    return [("ebok_far", far)]


class Hands:
    """What tests do all the time: write facts, deliver, look."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.database: Database = runtime.database

    def accept(self, *messages: OutboxMessage, depends_on: str | None = None) -> list[str]:
        with self.database.unit_of_work() as session:
            return [outbox.enqueue(session, message, depends_on) for message in messages]

    def drain(self, target: str = "tytan") -> int:
        return deliver.drain(self.runtime, target)

    def step(self, target: str = "tytan") -> bool:
        return deliver.deliver_next(self.runtime, self.runtime.targets[target])

    def lease(self, target: str = "tytan", largest_run: int = 1) -> claims.Claim:
        """Claim like a worker that then dies or freezes."""
        found = claims.claim(self.database, target, self.runtime.targets[target].capability, largest_run)
        assert found is not None
        return found

    def row(self, message_id: str) -> Any:
        with self.database.snapshot() as session:
            return session.execute(sa.select(Message.__table__).where(Message.id == message_id)).one()

    def states(self, *ids: str) -> list[str]:
        with self.database.snapshot() as session:
            found = outbox.states_of(session, ids)
        return [found[message_id].state for message_id in ids]

    def sql(self, text: str, **values: Any) -> Any:
        with self.database.unit_of_work() as session:
            result = session.execute(sa.text(text), values)
            return result.fetchall() if result.returns_rows else result.rowcount

    def clear(self, *inboxes: Inbox) -> None:
        """Forget everything, here and there."""
        with self.database.unit_of_work() as session:
            for table in EMPTIED:
                session.execute(sa.text(f"DELETE FROM {table}"))
        for inbox in inboxes:
            with inbox.open() as connection:
                connection.execute("DELETE FROM ebok_inbox")

    def forked(self, work: Callable[[Hands], None], prepare: Callable[[], None] = lambda: None) -> int:
        """Run `work` in a forked process with connections of its own; returns its status (negative: the signal)."""
        self.database.dispose()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                prepare()
                work(self)
                code = 0
            finally:
                sys.settrace(None)
                os._exit(code)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def hands(runtime: Runtime) -> Hands:
    found = Hands(runtime)
    found.clear()
    return found


def kill_at_line(number: int) -> Callable[[], None]:
    """Arm this process to be killed before the `number`-th line of our package that it executes, in any thread."""

    def arm() -> None:
        left = [number]

        def lines(frame: Any, event: str, _argument: Any) -> Any:
            if event == "line":
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                    time.sleep(10)
            return lines

        def calls(frame: Any, _event: str, _argument: Any) -> Any:
            return lines if frame.f_code.co_filename.startswith(PACKAGE) else None

        threading.settrace(calls)
        sys.settrace(calls)

    return arm


@pytest.fixture
def lines() -> Callable[[int], Callable[[], None]]:
    return kill_at_line


@pytest.fixture
def make() -> Any:
    """The helpers of this file for test modules, which can't import a conftest."""

    class Helpers:
        fact = staticmethod(fact)
        Fact, Asked, Blind, Inbox, Hands, FarSide = Fact, Asked, Blind, Inbox, Hands, FarSide

    return Helpers
