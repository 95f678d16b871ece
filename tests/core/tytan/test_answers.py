"""TYTAN's answers: each is handed to the outbox once, with the watermark in the same unit of work."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ebok_core.outbox import feedback
from ebok_core.tytan.engines import TytanUnavailable
from ebok_core.tytan.models import Watermark


@pytest.fixture
def heard(monkeypatch):
    """The message ids that the outbox was told, in order; each leaves a mark in the portal's database."""
    told: list[str] = []

    def apply(session, portal, row):
        if row["message_id"] in broken:
            raise LookupError("a sender that is broken")
        told.append(row["message_id"])
        session.execute(sa.text("UPDATE core_runtime_setting SET version = version + 1"))
        return True

    broken: set[str] = set()
    monkeypatch.setattr(feedback.results, "apply", apply)
    told_of = type("Told", (list,), {})()
    told_of.ids, told_of.broken = told, broken
    return told_of


def answer(tytan, number, **values):
    tytan.put("ebok_results", message_id=f"m{number}", status="accepted", status_at="2026-11-24 06:15:00", **values)


def watermark(portal):
    with portal.database.snapshot() as session:
        return session.execute(sa.select(Watermark.change_no)).scalar()


def marks(portal):
    with portal.database.snapshot() as session:
        return session.execute(sa.text("SELECT version FROM core_runtime_setting")).scalar()


def test_an_answer_is_handed_over_once(portal, tytan, heard):
    for number in (1, 2, 3):
        answer(tytan, number)
    assert feedback.read_results(portal) == 3
    assert (feedback.read_results(portal), heard.ids, watermark(portal)) == (0, ["m1", "m2", "m3"], 3)
    answer(tytan, 4)
    assert (feedback.read_results(portal), heard.ids[-1], watermark(portal)) == (1, "m4", 4)


def test_a_changed_verdict_has_a_new_number_and_is_handed_over_again(portal, tytan, heard):
    answer(tytan, 1)
    feedback.read_results(portal)
    answer(tytan, 1, reason="inaczej")
    feedback.read_results(portal)
    assert heard.ids == ["m1", "m1"]


def test_a_late_commit_with_a_lower_number_is_not_lost(portal, tytan, heard):
    for number in (1, 2, 3):
        answer(tytan, number, change_no=number * 10)
    feedback.read_results(portal)
    answer(tytan, 9, change_no=15)
    feedback.read_results(portal)
    assert heard.ids == ["m1", "m2", "m3", "m9"]
    assert watermark(portal) == 30


def test_a_broken_answer_waits_and_holds_nobody_up(portal, tytan, heard):
    heard.broken.add("m2")
    for number in (1, 2, 3):
        answer(tytan, number)
    assert feedback.read_results(portal) == 2
    assert heard.ids == ["m1", "m3"]
    heard.broken.clear()
    assert feedback.read_results(portal) == 1
    assert heard.ids == ["m1", "m3", "m2"]


def test_the_watermark_moves_with_what_it_counts_or_not_at_all(portal, tytan, heard, monkeypatch):
    answer(tytan, 1)
    before = marks(portal)

    def fail(session, progress):
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(feedback, "_remember", fail)
        feedback.read_results(portal)
    assert (marks(portal), watermark(portal)) == (before, None)
    assert feedback.read_results(portal) == 1
    assert (marks(portal), watermark(portal)) == (before + 1, 1)


def test_many_answers_take_several_units_of_work(portal, tytan, heard, monkeypatch):
    monkeypatch.setattr(feedback, "BATCH", 2)
    for number in range(1, 6):
        answer(tytan, number)
    heard.broken.add("m5")
    assert feedback.read_results(portal) == 4
    assert watermark(portal) == 4


def test_old_numbers_are_forgotten(portal, tytan, heard):
    answer(tytan, 1, change_no=1)
    feedback.read_results(portal)
    answer(tytan, 2, change_no=1_000_000)
    feedback.read_results(portal)
    with portal.database.snapshot() as session:
        assert session.execute(sa.select(Watermark.recent)).scalar() == "[1000000]"
    assert feedback.read_results(portal) == 0


def test_a_tytan_that_does_not_answer_is_said_so(portal, tytan, heard):
    answer(tytan, 1)
    feedback.read_results(portal)
    tytan.execute("DROP TABLE ebok_results")
    with pytest.raises(TytanUnavailable):
        feedback.read_results(portal)
    assert watermark(portal) == 1
