"""Sending again is safe: one token, one fact, one answer (R03, R04)."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from ebok_core import outbox
from ebok_core.errors import DatabaseUnavailable, Refused


def submit(hands, make, number: int, token: str = "token-1", actor: str = "person-1") -> str:
    """What a view does with a form: at most one fact a token, and every answer leads to it."""
    with hands.database.unit_of_work() as session:
        earlier = outbox.once(session, actor, token)
        if earlier is None:
            message_id = outbox.enqueue(session, make.fact(number))
            earlier = f"/odczyty/{message_id}"
            outbox.conclude(session, token, earlier)
    return earlier


def test_R03_sending_again_gives_the_first_answer(hands, make):
    first = submit(hands, make, 1)
    assert submit(hands, make, 2) == first
    assert hands.sql("SELECT count(*) FROM core_outbox_message") == [(1,)]


def test_R03_a_submission_that_failed_leaves_nothing_behind(hands, make):
    with pytest.raises(ZeroDivisionError), hands.database.unit_of_work() as session:
        outbox.once(session, "person-1", "token-1")
        raise ZeroDivisionError
    assert submit(hands, make, 1).startswith("/odczyty/")


@pytest.mark.parametrize("actor", ["person-2", "person-1 "])
def test_R04_a_token_of_somebody_else_is_refused(hands, make, actor):
    submit(hands, make, 1)
    with pytest.raises(Refused) as caught:
        submit(hands, make, 2, actor=actor)
    assert caught.value.code == "token_of_another"
    assert "/odczyty/" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "x" * 65])
def test_a_token_must_have_a_size(hands, make, token):
    with pytest.raises(Refused):
        submit(hands, make, 1, token=token)


def test_once_outside_a_unit_of_work_is_refused(hands):
    with hands.database.snapshot() as session, pytest.raises(RuntimeError, match="outside a unit of work"):
        outbox.once(session, "person-1", "token-1")


def storm(hands, make, posts: int) -> Counter[str]:
    """Parallel posts of one form, each as a fact of its own; those that got no answer send again."""
    start, answers, lock = threading.Barrier(posts), Counter(), threading.Lock()

    def post(number: int) -> None:
        start.wait()
        while True:
            try:
                found = submit(hands, make, number)
            except DatabaseUnavailable:
                continue
            with lock:
                answers[found] += 1
            return

    threads = [threading.Thread(target=post, args=(n,)) for n in range(posts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_R04_fifty_parallel_identical_posts_are_one_fact(hands, make):
    answers = storm(hands, make, 50)
    assert sum(answers.values()) == 50
    assert len(answers) == 1
    assert hands.sql("SELECT count(*) FROM core_outbox_message") == [(1,)]


def test_M4_without_the_token_the_posts_are_as_many_facts(hands, make, monkeypatch):
    monkeypatch.setattr(outbox, "once", lambda *_: None)
    storm(hands, make, 10)
    assert hands.sql("SELECT count(*) FROM core_outbox_message") == [(10,)]
