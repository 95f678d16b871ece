"""Outages and doubt: the breaker, and far sides that can't recognise our id (reliability.md §4.1 and §4.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ebok_core import outbox
from ebok_core.contracts.tytan import Outcome
from ebok_core.outbox import claims, deliver, rules


@pytest.fixture(autouse=True)
def still(clock):
    """Time stands: what is due is due because the test said so."""
    return clock


def expire(clock) -> None:
    clock.advance(rules.LEASE + timedelta(seconds=1))


# The breaker (§4.6)


def outage(hands, make, inbox, still, count: int = 10) -> list[str]:
    inbox.always = "refuse"
    ids = hands.accept(*(make.fact(1, f"c:{n:02d}") for n in range(count)))
    hands.drain()
    return ids


def test_R08_an_outage_burns_no_attempt_and_is_probed_by_one_message(hands, make, inbox, still):
    ids = outage(hands, make, inbox, still)
    assert len(inbox.calls) == rules.BREAKER_OPENS_AT
    for _ in range(48):
        still.advance(minutes=30)
        hands.drain()
    assert len(inbox.calls) == rules.BREAKER_OPENS_AT + 48
    assert {hands.row(i).attempts for i in ids} == {0}
    assert set(hands.states(*ids)) == {"pending"}
    inbox.always = None
    still.advance(minutes=5, seconds=1)
    hands.drain()
    assert sorted(inbox.ids()) == sorted(ids)
    assert hands.sql("SELECT failures, probe_at FROM core_outbox_breaker") == [(0, None)]


def test_while_the_breaker_is_open_a_second_worker_gets_no_probe(hands, make, inbox, still):
    outage(hands, make, inbox, still)
    still.advance(minutes=1)
    assert hands.lease() is not None
    tytan = hands.runtime.targets["tytan"]
    assert claims.claim(hands.database, "tytan", tytan.capability) is None


def test_a_probe_without_a_message_is_given_back(hands, make, inbox, still):
    (message_id,) = hands.accept(make.fact(1))
    hands.sql(
        "INSERT INTO core_outbox_breaker (target, failures, opened_at, probe_at) VALUES ('asked', 9, :at, :at)",
        at=still.now_utc() if not hands.database.is_sqlite else "2026-11-24T07:00:00.000Z",
    )
    assert hands.drain("asked") == 0
    hands.accept(make.fact(1, "p:1", make.Asked))
    assert hands.drain("asked") == 1


def test_other_targets_go_on_during_an_outage(hands, make, inbox, still, far):
    outage(hands, make, inbox, still)
    (message_id,) = hands.accept(make.fact(1, "p:1", make.Asked))
    hands.drain("asked")
    assert far.asked.inbox.ids() == [message_id]


def test_M10_without_the_breaker_an_outage_burns_attempts(hands, make, inbox, still, monkeypatch):
    """Off: an unreachable far side counts like a busy one. A day later the facts are dead."""
    before = rules.decide
    monkeypatch.setattr(rules, "decide", lambda o, **v: before(Outcome.BUSY if o is Outcome.UNREACHABLE else o, **v))
    monkeypatch.setattr(deliver.finish.breaker, "unreachable", lambda *a: None)
    ids = outage(hands, make, inbox, still, count=2)
    for _ in range(30):
        still.advance(hours=2)
        hands.drain()
    assert set(hands.states(*ids)) == {"dead"}


# Far sides that can't recognise our id (§4.1)


def test_R09_who_can_be_asked_is_asked_before_a_second_attempt(hands, make, far, still):
    far.asked.inbox.faults = ["applied"]
    (message_id,) = hands.accept(make.fact(1, "p:1", make.Asked))
    hands.drain("asked")
    assert hands.states(message_id) == ["uncertain"]
    still.advance(minutes=2)
    hands.drain("asked")
    assert hands.states(message_id) == ["delivered"]
    assert far.asked.asked == [message_id]
    assert far.asked.inbox.ids() == [message_id]


def test_R09_a_no_is_believed_only_after_a_quarter_of_an_hour(hands, make, far, still):
    far.asked.inbox.faults = ["lost"]
    (message_id,) = hands.accept(make.fact(1, "p:1", make.Asked))
    hands.drain("asked")
    started = still.now_utc()
    while not far.asked.inbox.ids():
        still.advance(seconds=30)
        hands.drain("asked")
    assert still.now_utc() - started >= rules.SEND_AGAIN_AFTER
    assert far.asked.inbox.ids() == [message_id]
    assert len(far.asked.asked) > 2
    assert hands.row(message_id).state == "delivered"


def test_an_unanswered_question_is_asked_again_and_burns_no_attempt(hands, make, far, still):
    far.asked.inbox.faults = ["lost"]
    far.asked.answers = [None] * 30
    (message_id,) = hands.accept(make.fact(1, "p:1", make.Asked))
    for _ in range(30):
        hands.drain("asked")
        still.advance(minutes=2)
    row = hands.row(message_id)
    assert (row.state, row.attempts) == ("uncertain", 1)
    assert far.asked.inbox.ids() == []


def test_a_worker_killed_while_it_spoke_to_an_askable_far_side_leaves_a_question(hands, make, far, still):
    (message_id,) = hands.accept(make.fact(1, "p:1", make.Asked))
    held = hands.lease("asked")
    far.asked.inbox.put([m.envelope for m in held.messages])
    expire(still)
    hands.drain("asked")
    assert far.asked.inbox.ids() == [message_id]
    assert hands.states(message_id) == ["delivered"]


def test_R09_a_blind_far_side_never_gets_a_second_attempt_by_itself(hands, make, far, still):
    far.blind.inbox.faults = ["applied"]
    (message_id,) = hands.accept(make.fact(1, "x:1", make.Blind))
    (later,) = hands.accept(make.fact(2, "x:1", make.Blind))
    for _ in range(20):
        hands.drain("blind")
        still.advance(hours=2)
    assert hands.states(message_id, later) == ["uncertain", "pending"]
    assert far.blind.inbox.ids() == [message_id]
    with hands.database.unit_of_work() as session:
        outbox.cancel(session, message_id, actor="clerk-1", reason="doszło")
    hands.drain("blind")
    assert far.blind.inbox.ids() == [message_id, later]


def test_R09_a_worker_killed_before_a_blind_far_side_leaves_it_to_a_person(hands, make, far, still):
    (message_id,) = hands.accept(make.fact(1, "x:1", make.Blind))
    hands.lease("blind")
    expire(still)
    hands.drain("blind")
    assert hands.states(message_id) == ["uncertain"]
    assert far.blind.inbox.ids() == []
    with hands.database.unit_of_work() as session:
        outbox.retry(session, message_id, actor="clerk-1", reason="nie doszło")
    hands.drain("blind")
    assert far.blind.inbox.ids() == [message_id]


@pytest.mark.parametrize(("target", "kind"), [("asked", "Asked"), ("blind", "Blind")])
def test_R09_a_worker_that_wakes_too_late_forgets_no_doubt(hands, make, far, still, target, kind):
    """Claimed, killed while it spoke, claimed again, frozen before the question: never sent as if nothing had been."""
    (message_id,) = hands.accept(make.fact(1, "x:1", getattr(make, kind)))
    hands.lease(target)
    expire(still)
    held = hands.lease(target)
    still.advance(seconds=31)
    attempt = deliver._attempt(hands.runtime.targets[target], held)
    deliver.finish.finish(hands.runtime, hands.runtime.targets[target], held, attempt)
    assert hands.states(message_id) == ["uncertain"]
    assert getattr(far, target).inbox.calls == []
