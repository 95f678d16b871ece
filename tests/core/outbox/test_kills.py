"""R01: killed at any instruction, a fact reaches the far side exactly once. Plus the guards' off-switches (T5).

A line is every executed line of our package, in any thread. This suite dies at each n-th of them, from a start fixed by
the seed; `EBOK_TEST_EVERY_LINE=1` (the campaign) dies at all of them.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter

import pytest
import sqlalchemy as sa

from ebok_core import outbox
from ebok_core.outbox import accept, claims, invariants, rules
from ebok_core.outbox.models import Message

EVERY_LINE = bool(os.environ.get("EBOK_TEST_EVERY_LINE"))
STEP = {"sqlite": 13, "postgresql": 29}
SEED = 20261124


@pytest.fixture(autouse=True)
def still(clock):
    return clock


def recover(hands, still) -> None:
    """What happens after a crash: leases run out, another worker comes."""
    still.advance(rules.LEASE)
    still.advance(seconds=1)
    for target in ("tytan", "asked"):
        hands.drain(target)


def assert_exactly_once(hands, inbox, ids: list[str]) -> None:
    counts = Counter(inbox.ids())
    assert {i: counts[i] for i in ids} == dict.fromkeys(ids, 1)
    assert [i for i in inbox.ids() if i in set(ids)] == ids, "out of order"
    assert set(hands.states(*ids)) == {"delivered"}
    with hands.database.snapshot() as session:
        assert invariants.check(session) == []
        arrivals = [invariants.Arrival._make(row) for row in inbox.rows()]
        assert invariants.check_far_side(session, "tytan", arrivals) == []


def deaths(backend: str):
    """Numbers of lines to die at; the caller ends when a run survives."""
    step = 1 if EVERY_LINE else STEP[backend]
    number = random.Random(SEED).randint(1, step)
    while True:
        yield number
        number += step


def test_R01_a_worker_killed_at_any_line_of_a_delivery(hands, make, inbox, still, lines, backend):
    """A run of two messages; death anywhere between the claim, the far side's commit and the finish."""
    killed = 0
    for number in deaths(backend):
        ids = hands.accept(make.fact(1), make.fact(2))
        code = hands.forked(lambda child: child.drain(), prepare=lines(number))
        assert code in (0, -signal.SIGKILL)
        recover(hands, still)
        assert_exactly_once(hands, inbox, ids)
        if code == 0:
            break
        killed += 1
        hands.clear(inbox)
    assert killed >= 15


def test_R01_R03_a_request_killed_at_any_line_and_sent_again(hands, make, inbox, still, lines, backend):
    """The web worker dies somewhere in accepting a form; the person sees no confirmation and sends the form again."""

    def post(child) -> str:
        with child.database.unit_of_work() as session:
            earlier = outbox.once(session, "person-1", "token-1")
            if earlier is None:
                earlier = outbox.enqueue(session, make.fact(1))
                outbox.conclude(session, "token-1", earlier)
        return earlier

    killed = 0
    for number in deaths(backend):
        code = hands.forked(post, prepare=lines(number))
        assert code in (0, -signal.SIGKILL)
        message_id = post(hands)
        recover(hands, still)
        assert_exactly_once(hands, inbox, [message_id])
        assert hands.sql("SELECT count(*) FROM core_outbox_message") == [(1,)]
        if code == 0:
            break
        killed += 1
        hands.clear(inbox)
    assert killed >= 5


def test_R01_a_worker_killed_after_the_far_sides_commit(hands, make, inbox, still):
    ids = hands.accept(*(make.fact(n) for n in range(3)))
    inbox.faults = ["die_after"]
    assert hands.forked(lambda child: child.drain()) == -signal.SIGKILL
    assert inbox.ids() == ids
    inbox.faults = []
    recover(hands, still)
    assert_exactly_once(hands, inbox, ids)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("which", [1, 2], ids=["claim", "finish"])
def test_R01_a_worker_killed_around_a_commit(hands, make, inbox, still, when, which):
    """Before and after the commit of the claim and of the finish, inside the database driver's own call."""
    ids = hands.accept(make.fact(1), make.fact(2))

    def arm() -> None:
        left = [which]
        engine = hands.database.writer
        commit = engine.dialect.do_commit

        def dying(connection) -> None:
            left[0] -= 1
            if left[0] == 0 and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            commit(connection)
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        engine.dialect.do_commit = dying

    assert hands.forked(lambda child: child.drain(), prepare=arm) == -signal.SIGKILL
    recover(hands, still)
    assert_exactly_once(hands, inbox, ids)


def test_M1_a_receiver_without_the_key_gets_it_twice(hands, make, inbox, still, far, tmp_path):
    """Off: the far side does not recognise our id. The very same death doubles the fact."""
    far.inbox = make.Inbox(tmp_path / "deaf.db", dedupe=False)
    (message_id,) = hands.accept(make.fact(1))
    far.inbox.faults = ["die_after"]
    assert hands.forked(lambda child: child.drain()) == -signal.SIGKILL
    far.inbox.faults = []
    recover(hands, still)
    assert far.inbox.ids() == [message_id, message_id]


def seqs_of(inbox) -> list[int]:
    """Numbers of the one stream in order of arrival."""
    return [row[2] for row in inbox.rows()]


def test_R06_two_workers_and_three_writers_keep_the_order_of_one_stream(hands, make, inbox):
    stop = threading.Event()

    def write(worker: int) -> None:
        dice = random.Random(SEED + worker)
        for n in range(15):
            with hands.database.unit_of_work() as session:
                outbox.enqueue(session, make.fact(worker * 100 + n))
                time.sleep(dice.uniform(0, 0.004))  # between the number and the commit: where order could be lost

    def work() -> None:
        while not stop.is_set():
            hands.drain()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    workers = [threading.Thread(target=work) for _ in range(2)]
    for thread in writers + workers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in workers:
        thread.join()
    hands.drain()
    assert seqs_of(inbox) == list(range(1, 46))


def overlapping_commits(hands, make, inbox) -> list[int]:
    """One writer has its number and dawdles before the commit; a second writes and is delivered if it gets that far."""
    numbered, go_on = threading.Event(), threading.Event()

    def dawdle() -> None:
        with hands.database.unit_of_work() as session:
            outbox.enqueue(session, make.fact(1))
            numbered.set()
            go_on.wait(5)

    def overtake() -> None:
        hands.accept(make.fact(2))
        hands.drain()

    first, second = threading.Thread(target=dawdle), threading.Thread(target=overtake)
    first.start()
    numbered.wait(5)
    second.start()
    second.join(0.4)
    go_on.set()
    first.join()
    second.join()
    hands.drain()
    return seqs_of(inbox)


def test_R06_a_second_writer_of_a_stream_waits_for_the_first(hands, make, inbox):
    assert overlapping_commits(hands, make, inbox) == [1, 2]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_M3_a_number_that_is_given_before_the_commit_breaks_the_order(hands, make, inbox, monkeypatch):
    """Off: the number comes from a sequence, which locks nothing. SQLite has one writer and can't show it."""
    numbers = iter(range(1, 100))
    monkeypatch.setattr(accept, "next_seq", lambda *_: next(numbers))
    assert overlapping_commits(hands, make, inbox) == [2, 1]


def test_two_workers_never_hold_the_same_message(hands, make, inbox):
    """Twelve claims at once from six threads: no id twice, no stream twice."""
    hands.accept(*(make.fact(n, f"c:{s}") for s in range(8) for n in range(3)))
    taken, lock, start = [], threading.Lock(), threading.Barrier(6)
    tytan = hands.runtime.targets["tytan"]

    def grab() -> None:
        start.wait()
        for _ in range(2):
            found = claims.claim(hands.database, "tytan", tytan.capability, 2)
            if found is not None:
                with lock:
                    taken.append(found)

    threads = [threading.Thread(target=grab) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [message.id for found in taken for message in found.messages]
    streams = [found.messages[0].stream_key for found in taken]
    assert len(ids) == len(set(ids))
    assert len(streams) == len(set(streams))
    assert len(taken) >= 6


def test_R12_a_frozen_worker_and_its_successor_deliver_once(hands, make, inbox, still):
    """SIGSTOP while the worker speaks to the far side, a second one finishes, SIGCONT: exactly once, state stands."""
    ids = hands.accept(make.fact(1), make.fact(2))
    hands.database.dispose()
    (speaking, speaks), (gate, opener) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        real = inbox.put

        def dawdling(envelopes):
            os.write(speaks, b"x")
            os.read(gate, 1)
            return real(envelopes)

        try:
            inbox.put = dawdling
            hands.drain()
        finally:
            os._exit(0)
    try:
        os.read(speaking, 1)
        os.kill(child, signal.SIGSTOP)
        os.waitpid(child, os.WUNTRACED)
        recover(hands, still)
        assert_exactly_once(hands, inbox, ids)
        os.write(opener, b"x")
    finally:
        os.kill(child, signal.SIGCONT if sys.exc_info()[0] is None else signal.SIGKILL)
        os.waitpid(child, 0)
        for end in (speaking, speaks, gate, opener):
            os.close(end)
    assert_exactly_once(hands, inbox, ids)
    with hands.database.snapshot() as session:
        attempts = session.execute(sa.select(Message.attempts).where(Message.id.in_(ids))).scalars().all()
    assert attempts == [2, 2]
