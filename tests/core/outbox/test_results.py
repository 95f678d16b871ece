"""Feedback: what `ebok_results` says moves the message and is told once (reliability.md §4.7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ebok_core import outbox
from ebok_core.outbox import invariants, senders

AT = datetime(2026, 11, 24, 9, 0)  # as TYTAN writes it: UTC without a zone


@pytest.fixture(autouse=True)
def still(clock):
    return clock


def answer(message_id: str, status: str = "accepted", at: datetime = AT, **more) -> dict:
    row = {"reason_code": None, "reason": None, "reference": "OD-1"}
    return {"message_id": message_id, "status": status, "status_at": at, **row, **more}


def take(hands, row: dict) -> bool:
    with hands.database.unit_of_work() as session:
        return outbox.apply_result_row(session, hands.runtime.portal, row)


@pytest.fixture
def delivered(hands, make, inbox) -> str:
    (message_id,) = hands.accept(make.fact(1))
    hands.drain()
    make.Fact.heard.clear()
    return message_id


def test_an_acceptance_is_applied_and_told_once(hands, make, delivered):
    assert take(hands, answer(delivered))
    row = hands.row(delivered)
    assert (row.state, row.open, row.reference) == ("applied", False, "OD-1")
    assert row.status_at.isoformat() == "2026-11-24T09:00:00+00:00"
    assert not take(hands, answer(delivered))
    assert [(r.status, r.subject_id, r.reference) for r in make.Fact.heard] == [("applied", "c:1/1", "OD-1")]


def test_R11_a_refusal_carries_its_reason_to_the_sender(hands, make, delivered):
    take(hands, answer(delivered, "rejected", reason_code="too_late", reason="Okres zamknięty", reference=None))
    row = hands.row(delivered)
    assert (row.state, row.reason_code, row.reason) == ("rejected", "too_late", "Okres zamknięty")
    (result,) = make.Fact.heard
    assert (result.status, result.reason_code, result.reason) == ("rejected", "too_late", "Okres zamknięty")


def test_a_refusal_takes_what_depends_on_it_along(hands, make, delivered, inbox):
    inbox.always = "busy"
    (dependent,) = hands.accept(make.fact(2, "c:2"), depends_on=delivered)
    take(hands, answer(delivered, "rejected", reason_code="too_late"))
    row = hands.row(dependent)
    assert (row.state, row.reason_code) == ("dead", "dependency_failed")


def test_an_answer_that_is_faster_than_our_own_memory_closes_the_message(hands, make, inbox, still):
    """The worker was killed after the far side's commit; TYTAN's answer proves the delivery."""
    from ebok_core.contracts.tytan import Capability
    from ebok_core.outbox import claims, deliver

    (message_id,) = hands.accept(make.fact(1))
    held = claims.claim(hands.database, "tytan", Capability.PUT)
    attempt = deliver._attempt(hands.runtime.targets["tytan"], held)
    assert take(hands, answer(message_id))
    assert hands.states(message_id) == ["applied"]
    deliver.finish.finish(hands.runtime, hands.runtime.targets["tytan"], held, attempt)
    assert hands.states(message_id) == ["applied"]
    assert hands.row(message_id).delivered_at is not None
    assert inbox.ids() == [message_id]


def test_a_changed_verdict_is_a_named_correction(hands, make, delivered, capsys):
    take(hands, answer(delivered))
    assert not take(hands, answer(delivered, "rejected", reason_code="other"))
    later = AT + timedelta(hours=1)
    assert take(hands, answer(delivered, "rejected", at=later, reason_code="other"))
    assert hands.states(delivered) == ["rejected"]
    assert [r.status for r in make.Fact.heard] == ["applied", "rejected"]
    rows = hands.sql("SELECT action FROM core_audit_event WHERE object_id=:i", i=delivered)
    assert rows == [("core.outbox.verdict_changed",)]
    assert "outbox.verdict_changed" in capsys.readouterr().out


def test_an_unknown_id_and_an_unknown_word_are_alarms_and_stop_nobody(hands, make, delivered, capsys):
    assert not take(hands, answer("01a20000-0000-7000-8000-000000000000"))
    assert not take(hands, answer(delivered, "maybe"))
    printed = capsys.readouterr().out
    assert "D2" in printed
    assert "outbox.unknown_status" in printed
    assert hands.states(delivered) == ["delivered"]


def test_a_verdict_about_a_cancelled_message_is_an_alarm(hands, make, inbox, capsys):
    (message_id,) = hands.accept(make.fact(1))
    with hands.database.unit_of_work() as session:
        outbox.cancel(session, message_id, actor="clerk-1", reason="pomyłka")
    assert not take(hands, answer(message_id))
    assert hands.states(message_id) == ["cancelled"]
    assert "outbox.verdict_refused" in capsys.readouterr().out


def test_G12_a_sender_that_fails_stops_neither_the_refresh_nor_the_message(hands, make, delivered):
    make.Fact.fails = True
    assert take(hands, answer(delivered))
    assert hands.row(delivered).held_status == "applied"
    make.Fact.fails = False
    assert senders.tell_again(hands.runtime) == 1
    assert [(r.status, r.reference) for r in make.Fact.heard] == [("applied", "OD-1")]


def test_what_tytan_lost_is_sent_again_under_the_same_id(hands, make, delivered, inbox):
    with inbox.open() as connection:
        connection.execute("DELETE FROM ebok_inbox")
    with hands.database.unit_of_work() as session:
        assert outbox.send_again(session, [delivered]) == [delivered]
    hands.drain()
    assert inbox.ids() == [delivered]
    with hands.database.snapshot() as session:
        assert invariants.check(session) == []
