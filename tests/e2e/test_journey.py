"""The circle, on the real thing: a customer's readings go to TYTAN and come back on a bill; and a worker that dies."""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ebok_core import runtime as runtimes
from ebok_core.db import Database
from ebok_core.jobs.models import JobRun
from ebok_core.outbox.models import Message
from ebok_core.testing import browser
from ebok_core.testing.site import eventually

pytestmark = pytest.mark.parametrize("portal_on", ["sqlite", "postgresql"])

SETTLED = "Rozliczone"
HISTORY = "/odczyty/historia"


@pytest.fixture
def tytan(portal):
    """The stand-in's database, to look at from outside."""
    connection = sqlite3.connect(portal.folder / "tytan-sql.db", timeout=30, isolation_level=None)
    yield connection
    connection.close()


@pytest.fixture
def database(portal):
    """The portal's own database, to look at from outside."""
    runtime = runtimes.build(portal.environ)
    yield runtime.database
    runtime.database.dispose()


def give_states(page):
    """Write the newest state and some water into each field of *Podaj stan* and send it; returns state by meter id."""
    page.goto("/odczyty/")
    given = {}
    for field in page.locator("input[name^=stan-]").all():
        hint = page.locator(f"#{field.get_attribute('aria-describedby').split()[0]}").inner_text()
        last = int(re.sub(r"\D", "", re.search(r"Ostatnio: ([\d\s]+)", hint)[1]))
        meter = field.get_attribute("name").removeprefix("stan-")
        given[meter] = last + (3 if meter.endswith("M2") else 9)
        field.fill(str(given[meter]))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return given


def history_row(page, state):
    """The line of *Wszystkie odczyty* with this state, as text."""
    page.goto(HISTORY)
    shown = f"{state:,}".replace(",", "\N{NO-BREAK SPACE}") if state >= 10_000 else str(state)
    rows = [row.inner_text() for row in page.locator("main tbody tr").all()]
    found = [row for row in rows if re.search(rf"(?<!\d){shown}(?!\d)", row)]
    assert len(found) == 1, f"{state} stands in {len(found)} lines: {rows[:4]}"
    return found[0]


@pytest.mark.feature("L68", "L70")
def test_readings_of_two_meters_go_to_tytan_and_come_back_on_an_invoice(portal, page, tytan):
    browser.sign_in(page, "1-01001", portal.passwords["1-01001"])
    given = give_states(page)
    assert len(given) == 2, "A gives the states of the house and the garden in one go"
    said = page.locator("main").inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "Przyjęliśmy 2 stany" in said
    assert len(re.findall(r"OD-\d{4}-\d{2}-\d{4}", said.partition("\n\n")[2])) >= 2, "each reading has its number"
    for state in given.values():
        assert f"{state} m³" in said

    for meter, state in given.items():
        eventually(lambda s=state: SETTLED in history_row(page, s), seconds=60, what=f"the settlement of {state}")
        (invoice,) = tytan.execute(
            "SELECT invoice_number FROM ebok_readings WHERE meter_id = ? AND reading_value = ? AND removed = 0",
            (meter, state),
        ).fetchone()
        assert invoice
        assert invoice in history_row(page, state), "the reading names the invoice that it is on"


@contextmanager
def locked(connection):
    """TYTAN's database can't be written for a while."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def message_of(database: Database, code):
    """The newest message of a customer in the outbox: id, state, attempts, abandoned."""
    m = Message.__table__.c
    statement = sa.select(m.id, m.state, m.attempts, m.abandoned).where(m.customer_code == code, m.target == "tytan")
    with database.snapshot() as session:
        return session.execute(statement.order_by(m.accepted_at.desc())).first()


def end_leases(database: Database):
    """What a minute's wait would do: the leases of the dead worker, on messages and on jobs, have run out."""
    past = {"lease_until": datetime.now(UTC) - timedelta(seconds=1)}
    with database.unit_of_work() as session:
        session.execute(sa.update(Message.__table__).where(Message.__table__.c.state == "leased").values(past))
        session.execute(sa.update(JobRun.__table__).where(JobRun.__table__.c.state == "running").values(past))


@pytest.mark.promise
def test_R01_a_worker_killed_in_the_middle_of_a_delivery_delivers_once(portal, page, tytan, database):
    browser.sign_in(page, "1-01002", portal.passwords["1-01002"])
    with locked(tytan):
        given = give_states(page)
        assert len(given) == 1
        ((meter, state),) = given.items()
        claimed = eventually(
            lambda: (found := message_of(database, "1-01002")) and found.state == "leased" and found,
            seconds=30,
            what="the claim",
        )
        portal.kill("worker")
    assert message_of(database, "1-01002").state == "leased", "nobody has finished it"
    end_leases(database)
    portal.start_worker()

    eventually(lambda: SETTLED in history_row(page, state), seconds=90, what="the settlement")
    inbox = tytan.execute("SELECT count(*) FROM ebok_inbox WHERE message_id = ?", (claimed.id,)).fetchone()
    readings = tytan.execute(
        "SELECT count(*) FROM ebok_readings WHERE meter_id = ? AND reading_value = ? AND removed = 0", (meter, state)
    ).fetchone()
    assert (inbox, readings) == ((1,), (1,))
    assert message_of(database, "1-01002").abandoned == 1, "the second worker knew that the first had died"
