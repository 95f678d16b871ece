"""L183: killed by SIGKILL while it announces and sends, the worker loses no notice and sends none under two ids."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa

from ebok_core.outbox import deliver, rules
from ebok_core.tytan import copy
from ebok_faktura import jobs
from ebok_faktura.models import Notice, Progress

DOCUMENTS, KILLS_WHILE_WRITING, KILLS_WHILE_SENDING = 200, 3, 5
SEED = 20261124
PATIENCE_S = 60.0


@pytest.fixture
def codes(office) -> list[str]:
    """Customers with a consent and an address of their own."""
    with office.database.refresher.begin() as connection:
        codes = list(connection.scalars(sa.select(copy.customers.c.code).order_by(copy.customers.c.code)))
        for code in codes:
            values = {"einvoice_since": date(2024, 1, 1), "email": f"odbiorca-{code}@example.pl"}
            connection.execute(sa.update(copy.customers).where(copy.customers.c.code == code).values(values))
    return codes


def work(office) -> None:
    """What a worker does with new documents, over and over."""
    while True:
        jobs.notify(office.runtime)
        if not deliver.drain(office.runtime, "mail"):
            return


def killed(office, reached: Callable[[], bool], dice: random.Random) -> bool:
    """Fork a worker and kill it a moment after `reached`; False where it finished before."""
    office.database.dispose()
    child = os.fork()
    if child == 0:
        try:
            work(office)
        finally:
            os._exit(0)
    end = time.monotonic() + PATIENCE_S
    while not reached() and time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    time.sleep(dice.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def written(office) -> int:
    with office.database.snapshot() as session:
        return session.execute(sa.select(sa.func.count()).select_from(Notice)).scalar_one()


@pytest.mark.slow
@pytest.mark.feature("L183")
def test_L183_kills_lose_no_notice_and_none_goes_under_a_second_id(office, mailbox, codes, clock):
    dice = random.Random(SEED)
    numbers = [office.issue(codes[n % len(codes)]) for n in range(DOCUMENTS)]
    died = 0
    for _n in range(KILLS_WHILE_WRITING):
        goal = written(office) + dice.randint(1, 40)
        died += killed(office, lambda goal=goal: written(office) >= goal, dice)
        clock.advance(rules.LEASE)
    for _n in range(KILLS_WHILE_SENDING):
        goal = len(mailbox.messages) + dice.randint(1, 30)
        died += killed(office, lambda goal=goal: len(mailbox.messages) >= goal, dice)
        clock.advance(rules.LEASE)
    assert died == KILLS_WHILE_WRITING + KILLS_WHILE_SENDING
    clock.advance(seconds=1)
    work(office)
    ids: dict[str, set[str]] = {number: set() for number in numbers}
    for mail in mailbox.messages:
        subject = mail["Subject"].replace("\xa0", " ")
        ids[next(n for n in numbers if n in subject)].add(mail["Message-ID"])
    assert Counter(len(found) for found in ids.values()) == {1: DOCUMENTS}
    with office.database.snapshot() as session:
        states = session.execute(sa.select(Notice.state, sa.func.count()).group_by(Notice.state)).all()
        assert [tuple(row) for row in states] == [("accepted", DOCUMENTS)]
        assert session.execute(sa.select(Progress.seen_change_no)).scalar_one() is not None
