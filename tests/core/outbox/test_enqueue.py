"""Writing a fact into the outbox, and into nothing but a unit of work."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core import outbox
from ebok_core.outbox import accept
from ebok_core.outbox.models import Message


def test_a_fact_is_stored_with_its_business_row_or_not_at_all(hands, make):
    with pytest.raises(ZeroDivisionError), hands.database.unit_of_work() as session:
        outbox.enqueue(session, make.fact(1))
        raise ZeroDivisionError
    assert hands.sql("SELECT count(*) FROM core_outbox_message") == [(0,)]
    (message_id,) = hands.accept(make.fact(1))
    row = hands.row(message_id)
    assert (row.state, row.open, row.blocking, row.attempts) == ("pending", True, True, 0)
    assert (row.target, row.kind, row.version, row.stream_key, row.seq) == ("tytan", "test.fact", 1, "c:1", 1)


def test_enqueue_outside_a_unit_of_work_is_refused(hands, make):
    with hands.database.snapshot() as session, pytest.raises(RuntimeError, match="outside a unit of work"):
        outbox.enqueue(session, make.fact(1))


def test_the_payload_is_canonical_and_its_hash_is_over_its_bytes(hands, make):
    assert accept.canonical({"ź": "ó", "a": [1, {"c": None, "b": True}]}) == '{"a":[1,{"b":true,"c":null}],"ź":"ó"}'
    row = hands.row(hands.accept(make.fact(7))[0])
    assert row.payload == '{"value":7}'
    assert row.payload_sha256 == accept.sha256(row.payload)


@pytest.mark.parametrize("value", [1.5, Decimal("1.50"), float("nan"), {1: "x"}, [b"x"]])
def test_a_payload_holds_no_inexact_or_foreign_values(value):
    with pytest.raises(ValueError, match="payload"):
        accept.canonical({"value": value})


def test_a_payload_that_its_schema_refuses_is_a_mistake_of_the_module(hands, make):
    with hands.database.unit_of_work() as session, pytest.raises(ValueError, match="does not fit its schema"):
        outbox.enqueue(session, make.fact(1, payload={"value": "many"}))


def test_the_same_fact_can_not_be_queued_twice(hands, make):
    (first,) = hands.accept(make.fact(1))
    with hands.database.unit_of_work() as session, pytest.raises(outbox.AlreadyQueued) as caught:
        outbox.enqueue(session, make.fact(1))
    assert caught.value.message_id == first
    (second,) = hands.accept(make.fact(1, subject_rev=2))
    assert second != first


def test_the_unit_goes_on_after_a_repeated_fact(hands, make):
    hands.accept(make.fact(1))
    with hands.database.unit_of_work() as session:
        with pytest.raises(outbox.AlreadyQueued):
            outbox.enqueue(session, make.fact(1))
        outbox.enqueue(session, make.fact(2))
    assert hands.sql("SELECT count(*) FROM core_outbox_message") == [(2,)]


def test_many_facts_keep_the_order_given_within_each_stream(hands, make):
    messages = [make.fact(n, f"c:{n % 3}") for n in range(30)]
    with hands.database.unit_of_work() as session:
        ids = outbox.enqueue_many(session, messages)
    with hands.database.snapshot() as session:
        rows = session.execute(sa.select(Message.id, Message.stream_key, Message.seq)).all()
    place = {row.id: (row.stream_key, row.seq) for row in rows}
    assert [place[message_id] for message_id in ids] == [(f"c:{n % 3}", n // 3 + 1) for n in range(30)]


def test_no_facts_are_no_messages(hands):
    with hands.database.unit_of_work() as session:
        assert outbox.enqueue_many(session, []) == []


def test_many_facts_of_which_one_is_known_are_refused_whole(hands, make):
    hands.accept(make.fact(1))
    with pytest.raises(sa.exc.IntegrityError), hands.database.unit_of_work() as session:
        outbox.enqueue_many(session, [make.fact(2), make.fact(1)])
    assert hands.sql("SELECT count(*) FROM core_outbox_message") == [(1,)]


@pytest.mark.parametrize("more", [{"subject_id": "x" * 161}, {"customer_code": "x" * 21}, {"subject_type": ""}])
def test_names_that_would_not_fit_are_refused_on_every_database(hands, make, more):
    values = {
        "stream_key": "c:1",
        "customer_code": "1",
        "subject_type": "t",
        "subject_id": "1",
        "payload": {"value": 1},
    }
    with hands.database.unit_of_work() as session, pytest.raises(ValueError, match="characters"):
        outbox.enqueue(session, make.Fact(**values | more))


def test_R06_numbers_of_a_stream_rise_in_the_order_of_commits(hands, make):
    """Eight threads write to one stream; whoever commits first has the lower number (reliability.md §4.5)."""
    commits, lock = [], threading.Lock()

    def write(worker: int) -> None:
        for n in range(10):
            with hands.database.unit_of_work() as session:
                message_id = outbox.enqueue(session, make.fact(worker * 100 + n))
                seq = session.execute(sa.select(Message.seq).where(Message.id == message_id)).scalar_one()
                # The stream's row is locked until the commit: the order of these two lines is the order of commits.
                with lock:
                    commits.append(seq)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert commits == list(range(1, 81))


def test_states_of_leaves_out_what_does_not_exist(hands, make):
    (message_id,) = hands.accept(make.fact(1))
    with hands.database.snapshot() as session:
        found = outbox.states_of(session, [message_id, "no-such-id"])
    assert list(found) == [message_id]
    assert found[message_id].state == "pending"


def test_a_commit_nudges_each_target_once(hands, make, monkeypatch):
    nudged = []
    hands.database.info["ebok.outbox.nudge"] = nudged.append
    with hands.database.unit_of_work() as session:
        outbox.enqueue(session, make.fact(1))
        outbox.enqueue(session, make.fact(2))
        outbox.enqueue(session, make.fact(1, "p:1", make.Asked))
        assert nudged == []
    assert nudged == ["tytan", "asked"]


def test_a_nudge_that_fails_harms_nothing(hands, make):
    def broken(target: str) -> None:
        raise OSError("queue is gone")

    hands.database.info["ebok.outbox.nudge"] = broken
    (message_id,) = hands.accept(make.fact(1))
    assert hands.states(message_id) == ["pending"]
