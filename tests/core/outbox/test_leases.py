"""Leases run out, fences hold, poison is found, hanging calls end (reliability.md §4.5)."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core.contracts.tytan import Delivery, Outcome
from ebok_core.outbox import claims, deliver, rules


@pytest.fixture(autouse=True)
def still(clock):
    """Time stands: what is due is due because the test said so."""
    return clock


def expire(clock) -> None:
    clock.advance(rules.LEASE + timedelta(seconds=1))


def test_an_expired_lease_is_taken_over_and_counts_as_abandoned(hands, make, inbox, still):
    (message_id,) = hands.accept(make.fact(1))
    hands.lease()
    assert hands.drain() == 0
    expire(still)
    assert hands.drain() == 1
    row = hands.row(message_id)
    assert (row.state, row.attempts, row.abandoned) == ("delivered", 2, 1)


def frozen_worker(hands, make, inbox, still) -> tuple[str, claims.Claim, deliver.Attempt]:
    """A worker that claimed, sent, and was frozen before it finished; its call ended ambiguously."""
    (message_id,) = hands.accept(make.fact(1))
    held = hands.lease()
    late = deliver._without_call(Delivery(outcome=Outcome.BUSY, code="late answer"))
    expire(still)
    hands.drain()
    assert hands.states(message_id) == ["delivered"]
    return message_id, held, late


def test_R12_a_worker_that_lost_its_lease_moves_nothing(hands, make, inbox, still):
    message_id, held, late = frozen_worker(hands, make, inbox, still)
    deliver.finish.finish(hands.runtime, hands.runtime.targets["tytan"], held, late)
    assert hands.states(message_id) == ["delivered"]
    assert hands.sql("SELECT count(*) FROM core_outbox_attempt") == [(2,)]


def test_M6_without_the_fence_a_frozen_worker_undoes_the_delivery(hands, make, inbox, still, monkeypatch):

    monkeypatch.setattr(deliver.finish, "_MOVE", deliver.finish.move_statement(sa.true()))
    message_id, held, late = frozen_worker(hands, make, inbox, still)
    deliver.finish.finish(hands.runtime, hands.runtime.targets["tytan"], held, late)
    assert hands.states(message_id) == ["pending"]


def test_a_worker_that_wakes_too_late_does_not_send(hands, make, inbox, still):
    (message_id,) = hands.accept(make.fact(1))
    held = hands.lease()
    still.advance(seconds=31)
    attempt = deliver._attempt(hands.runtime.targets["tytan"], held)
    deliver.finish.finish(hands.runtime, hands.runtime.targets["tytan"], held, attempt)
    row = hands.row(message_id)
    assert inbox.calls == []
    assert (row.state, row.attempts) == ("pending", 0)
    assert hands.sql("SELECT count(*) FROM core_outbox_breaker") == [(0,)]


def test_R07_what_kills_three_workers_is_dead_and_took_nobody_with_it(hands, make, inbox, still):
    ids = hands.accept(*(make.fact(n) for n in range(4)))
    hands.lease(largest_run=100)
    expire(still)
    hands.lease(largest_run=100)
    expire(still)
    assert [m.id for m in hands.lease(largest_run=100).messages] == ids[:1]
    expire(still)
    hands.drain()
    assert hands.states(*ids) == ["dead", "delivered", "delivered", "delivered"]
    assert hands.row(ids[0]).reason_code == "kills_worker"
    assert [len(call) for call in inbox.calls] == [1, 1, 1]


def test_a_driver_that_hangs_does_not_hold_the_lease_until_it_runs_out(hands, make, inbox, still, monkeypatch):
    monkeypatch.setattr(rules, "CALL_LIMIT", timedelta(seconds=0.05))
    monkeypatch.setattr(inbox, "put", lambda envelopes: time.sleep(0.3))
    (message_id,) = hands.accept(make.fact(1))
    assert hands.step()
    row = hands.row(message_id)
    assert (row.state, row.last_class, row.last_code) == ("pending", "ambiguous", "time_limit")


def test_a_target_with_too_many_hanging_calls_is_not_called(hands, make, inbox, still, monkeypatch):
    monkeypatch.setattr(deliver, "MOST_HUNG_CALLS", 0)
    (message_id,) = hands.accept(make.fact(1))
    assert hands.step()
    assert (hands.row(message_id).last_code, hands.row(message_id).attempts) == ("hung", 0)
    assert inbox.calls == []
