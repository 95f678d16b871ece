"""Delivery: order, runs, classes, stepping aside, the breaker, poison, far sides that can't recognise our id."""

from __future__ import annotations

import pytest

from ebok_core import outbox
from ebok_core.errors import Refused


@pytest.fixture(autouse=True)
def still(clock):
    """Time stands: what is due is due because the test said so."""
    return clock


def test_what_was_accepted_arrives_with_all_that_travels(hands, make, inbox):
    (message_id,) = hands.accept(make.fact(1))
    assert hands.drain() == 1
    row = hands.row(message_id)
    assert (row.state, row.open, row.blocking, row.attempts, row.last_class) == ("delivered", False, False, 1, None)
    assert row.delivered_at is not None
    assert row.lease_token is None
    with inbox.open() as connection:
        (arrived,) = connection.execute("SELECT * FROM ebok_inbox").fetchall()
    assert arrived[:8] == (message_id, "test.fact", 1, "1", "c:1", 1, '{"value":1}', row.payload_sha256)
    assert make.Fact.heard[0].status == "delivered"
    assert hands.drain() == 0


def test_R06_a_stream_arrives_in_order_and_in_runs_of_at_most_a_hundred(hands, make, inbox):
    with hands.database.unit_of_work() as session:
        ids = outbox.enqueue_many(session, [make.fact(n) for n in range(250)])
    assert hands.drain() == 3
    assert [len(call) for call in inbox.calls] == [100, 100, 50]
    assert inbox.ids() == ids
    assert set(hands.states(*ids)) == {"delivered"}


def test_one_customer_does_not_wait_for_another(hands, make, inbox):
    first, second = hands.accept(make.fact(1, "c:1"), make.fact(1, "c:2"))
    held = hands.lease()
    assert [m.id for m in held.messages] == [first]
    hands.drain()
    assert hands.states(first, second) == ["leased", "delivered"]


def test_a_stream_waits_for_its_head(hands, make, inbox, still):
    first, second = hands.accept(make.fact(1), make.fact(2))
    inbox.always = "busy"
    assert hands.step()
    assert hands.step() is False
    assert hands.states(first, second) == ["pending", "pending"]
    inbox.always = None
    still.advance(seconds=30)
    hands.drain()
    assert inbox.ids() == [first, second]


def test_a_run_that_fails_is_retried_one_by_one_and_only_the_culprit_pays(hands, make, inbox, still):
    ids = hands.accept(*(make.fact(n) for n in range(5)))
    inbox.faults = ["permanent", None, None, "permanent"]
    hands.drain()
    assert [len(call) for call in inbox.calls] == [5, 1, 1, 1, 1, 1]
    assert hands.states(*ids) == ["delivered", "delivered", "dead", "delivered", "delivered"]
    assert hands.row(ids[2]).reason_code == "permanent"


def test_who_was_refused_for_lack_of_a_connection_still_travels_with_the_others(hands, make, inbox, still):
    ids = hands.accept(*(make.fact(n) for n in range(5)))
    inbox.faults = ["refuse"]
    hands.drain()
    still.advance(seconds=30)
    hands.drain()
    assert [len(call) for call in inbox.calls] == [5, 5]
    assert {hands.row(i).attempts for i in ids} == {1}


def test_a_second_delivery_of_the_same_id_is_the_same_delivery(hands, make, inbox, still):
    (message_id,) = hands.accept(make.fact(1))
    inbox.faults = ["applied"]
    assert hands.drain() == 2
    assert inbox.ids() == [message_id]
    assert hands.states(message_id) == ["delivered"]


def test_R09_a_timeout_that_was_not_applied_is_sent_again_at_once(hands, make, inbox):
    (message_id,) = hands.accept(make.fact(1))
    inbox.faults = ["lost"]
    assert hands.drain() == 2
    assert inbox.ids() == [message_id]


def test_another_payload_under_our_id_is_a_conflict_and_never_overwritten(hands, make, inbox):
    (message_id,) = hands.accept(make.fact(1))
    with inbox.open() as connection:
        connection.execute(
            "INSERT INTO ebok_inbox VALUES (?, 'k', 1, '1', 'c:1', 1, 'other', 'otherhash', 'x', 'x')", (message_id,)
        )
    hands.drain()
    row = hands.row(message_id)
    assert (row.state, row.reason_code) == ("dead", "conflict")
    with inbox.open() as connection:
        assert connection.execute("SELECT payload FROM ebok_inbox").fetchall() == [("other",)]


def test_a_refusal_closes_the_message_and_its_sender_is_told(hands, make, inbox):
    (message_id,) = hands.accept(make.fact(1))
    inbox.faults = ["reject"]
    hands.drain()
    row = hands.row(message_id)
    assert (row.state, row.open, row.reason_code) == ("rejected", False, "not_allowed")
    assert [(r.status, r.reason_code) for r in make.Fact.heard] == [("rejected", "not_allowed")]


def test_a_bug_of_ours_is_tried_three_times(hands, make, inbox, still):
    (message_id,) = hands.accept(make.fact(1))
    inbox.always = "raise"
    for _ in range(5):
        hands.drain()
        still.advance(hours=2)
    row = hands.row(message_id)
    assert (row.state, row.reason_code, row.attempts) == ("dead", "bug", 3)
    assert row.last_code == "KeyError"


def test_counted_attempts_end_after_twenty(hands, make, inbox, still):
    (message_id,) = hands.accept(make.fact(1))
    inbox.always = "busy"
    for _ in range(25):
        hands.drain()
        still.advance(hours=2)
    row = hands.row(message_id)
    assert (row.state, row.reason_code, row.attempts) == ("dead", "exhausted", 20)
    assert hands.sql("SELECT count(*) FROM core_outbox_attempt") == [(20,)]


def test_R07_a_dead_message_steps_aside_and_never_blocks_again(hands, make, inbox, still):
    first, second, third = hands.accept(*(make.fact(n) for n in range(3)))
    inbox.faults = ["permanent", "permanent"]
    hands.drain()
    assert hands.states(first, second, third) == ["dead", "delivered", "delivered"]
    with hands.database.unit_of_work() as session:
        outbox.retry(session, first, actor="clerk-1", reason="naprawione")
    (fourth,) = hands.accept(make.fact(4))
    assert hands.row(first).blocking is False
    inbox.faults = ["busy"]
    hands.drain()
    assert hands.states(first, fourth) == ["pending", "delivered"]
    still.advance(minutes=5)
    hands.drain()
    assert inbox.ids() == [second, third, fourth, first]


# What depends on what (§4.3)


def test_a_dependent_waits_and_follows(hands, make, inbox):
    (first,) = hands.accept(make.fact(1, "r:1"))
    (second,) = hands.accept(make.fact(2, "c:2"), depends_on=first)
    held = hands.lease()
    assert held.messages[0].id == first
    assert hands.step() is False
    hands.database.dispose()
    hands.sql("UPDATE core_outbox_message SET state='pending', lease_token=NULL WHERE id=:i", i=first)
    hands.drain()
    assert inbox.ids() == [first, second]


def test_dependents_of_a_dead_message_are_parked_and_return_when_it_arrives(hands, make, inbox):
    (first,) = hands.accept(make.fact(1, "r:1"))
    (second,) = hands.accept(make.fact(2, "c:2"), depends_on=first)
    (third,) = hands.accept(make.fact(3, "c:3"), depends_on=second)
    (bystander,) = hands.accept(make.fact(4, "c:2"))
    inbox.faults = ["permanent"]
    hands.drain()
    assert hands.states(first, second, third, bystander) == ["dead", "parked", "parked", "delivered"]
    (late,) = hands.accept(make.fact(5, "c:5"), depends_on=first)
    assert hands.states(late) == ["parked"]
    with hands.database.unit_of_work() as session:
        outbox.retry(session, first, actor="clerk-1", reason="naprawione")
    hands.drain()
    assert hands.states(first, second, third, late) == ["delivered"] * 4
    assert hands.row(second).blocking is False


def test_dependents_of_a_cancelled_message_are_dead(hands, make, inbox):
    (first,) = hands.accept(make.fact(1, "r:1"))
    (second,) = hands.accept(make.fact(2, "c:2"), depends_on=first)
    (third,) = hands.accept(make.fact(3, "c:3"), depends_on=second)
    with hands.database.unit_of_work() as session:
        outbox.cancel(session, first, actor="clerk-1", reason="pomyłka")
    hands.drain()
    assert hands.states(first, second, third) == ["cancelled", "dead", "parked"]
    assert hands.row(second).reason_code == "dependency_failed"
    (late,) = hands.accept(make.fact(4, "c:4"), depends_on=first)
    assert (hands.row(late).state, hands.row(late).reason_code) == ("dead", "dependency_failed")
    assert inbox.ids() == []


def test_a_message_can_not_depend_on_nothing(hands, make):
    with hands.database.unit_of_work() as session, pytest.raises(ValueError, match="no message"):
        outbox.enqueue(session, make.fact(1), "0000")


# What a clerk may do (§4.4)


def test_a_clerk_needs_a_reason_and_the_state_that_was_seen(hands, make, inbox):
    (message_id,) = hands.accept(make.fact(1))
    for move in (outbox.retry, outbox.cancel):
        with hands.database.unit_of_work() as session, pytest.raises(Refused) as caught:
            move(session, message_id, actor="clerk-1", reason="  ")
        assert caught.value.code in ("reason_missing", "moved_on")
    with hands.database.unit_of_work() as session, pytest.raises(Refused) as caught:
        outbox.retry(session, message_id, actor="clerk-1", reason="bo tak")
    assert caught.value.code == "moved_on"
    hands.drain()
    with hands.database.unit_of_work() as session, pytest.raises(Refused) as caught:
        outbox.cancel(session, message_id, actor="clerk-1", reason="bo tak")
    assert caught.value.code == "moved_on"
    assert hands.states(message_id) == ["delivered"]


def test_what_a_clerk_did_is_audited(hands, make, inbox):
    (message_id,) = hands.accept(make.fact(1))
    with hands.database.unit_of_work() as session:
        outbox.cancel(session, message_id, actor="clerk-1", reason="pomyłka klienta")
    ((action, actor, reason),) = hands.sql(
        "SELECT action, actor, reason FROM core_audit_event WHERE object_id=:i", i=message_id
    )
    assert (action, actor, reason) == ("core.outbox.cancelled", "clerk-1", "pomyłka klienta")
    assert hands.row(message_id).reason == "pomyłka klienta"


# Around the delivery


def test_a_sender_that_fails_does_not_take_the_delivery_back(hands, make, inbox):
    from ebok_core.outbox import senders

    make.Fact.fails = True
    (message_id,) = hands.accept(make.fact(1))
    hands.drain()
    assert hands.row(message_id).state == "delivered"
    assert hands.row(message_id).held_status == "delivered"
    make.Fact.fails = False
    assert senders.tell_again(hands.runtime) == 1
    assert [r.status for r in make.Fact.heard] == ["delivered"]
    assert hands.row(message_id).held_status is None
    assert senders.tell_again(hands.runtime) == 0


def test_delivery_inside_a_unit_of_work_is_refused(hands, make, inbox):
    hands.accept(make.fact(1))
    with hands.database.unit_of_work(), pytest.raises(RuntimeError, match="inside an open unit of work"):
        hands.step()
