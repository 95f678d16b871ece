"""The whole circle with the stand-in back office: delivered, decided, copied, followed, told."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.db import uuid7
from ebok_core.outbox import feedback
from ebok_core.outbox.deliver import drain
from ebok_core.standin import office
from ebok_core.testing import people
from ebok_core.tytan import refresh
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema
from ebok_odczyt import jobs, service
from ebok_odczyt.models import Reading
from ebok_odczyt.service import Entry

M1, M2 = "L-1001-M1", "L-1001-M2"
TODAY = date(2026, 11, 24)
_MAILS = sa.text("SELECT payload FROM core_outbox_message WHERE target = 'mail' ORDER BY accepted_at, id")


class Circle:
    """A portal, customer A, and a TYTAN of its own that works when it is told to."""

    def __init__(self, runtime, tytan_url: str) -> None:
        self.runtime = runtime
        self.viewer = people.viewer(runtime, "A")
        self.engine = sa.create_engine(tytan_url)
        with runtime.database.unit_of_work() as session:
            config = TytanConfig(address=tytan_url)
            runtime_settings.save(session, TytanConfigSchema, config, keys=runtime.settings.encryption_keys)

    def submit(self, *states: tuple[str, str]) -> None:
        entries = [Entry(meter_id=meter, text=text, read_on=TODAY) for meter, text in states]
        with self.runtime.database.unit_of_work() as session:
            service.submit_readings(session, self.viewer, entries, uuid7())

    def withdraw(self) -> None:
        with self.runtime.database.unit_of_work() as session:
            service.withdraw_reading(session, self.viewer, self.reading().id)

    def turn(self) -> None:
        """Deliver, let the office answer, read its answers, refresh the copy, follow it."""
        drain(self.runtime, "tytan")
        office.process_inbox(self.engine)
        feedback.read_results(self.runtime)
        refresh.refresh(self.runtime)
        jobs.follow_copy(self.runtime)

    def reading(self, meter: str = M1) -> Reading:
        with self.runtime.database.snapshot() as session:
            newest = sa.select(Reading).where(Reading.meter_id == meter).order_by(Reading.submitted_at.desc())
            found = session.scalars(newest).first()
            session.expunge_all()
            return found

    def states(self, meter: str = M1) -> list[tuple[date, int, str]]:
        """The live states of a meter that the checks know, from this day on."""
        with self.runtime.database.snapshot() as session:
            every = service.meters_of(session, self.viewer)
            (known,) = service.known_of(session, self.viewer, [r for r in every if r.id == meter], every)
        return [(s.read_on, s.value, s.status) for s in known.states if s.read_on >= TODAY]

    def mails(self) -> list[dict]:
        with self.runtime.database.snapshot() as session:
            return [json.loads(row.payload) for row in session.execute(_MAILS)]


@pytest.fixture
def circle(filled_copy, tytan_url):
    made = Circle(filled_copy, tytan_url)
    yield made
    made.engine.dispose()


@pytest.mark.feature("L72", "L73", "L74")
def test_a_reading_is_accepted_and_settled_on_an_invoice(circle):
    circle.submit((M1, "430"), (M2, "41"))
    assert circle.reading().status == "pending"
    circle.turn()
    assert circle.reading().status == circle.reading(M2).status == "accepted"
    assert circle.states() == [(TODAY, 430, "accepted")]
    invoices = office.settle_readings(circle.engine, date(2026, 12, 1))
    refresh.refresh(circle.runtime)
    jobs.follow_copy(circle.runtime)
    settled = circle.reading()
    assert settled.status == "settled" and settled.invoice_number in invoices
    assert len(circle.mails()) == 1


@pytest.mark.feature("L75")
def test_a_reading_that_tytan_refuses_is_explained(circle):
    """The office knows something that the copy did not: the period is settled meanwhile."""
    circle.submit((M1, "430"))
    with circle.engine.begin() as connection:
        meter = sa.table("ebok_readings", *(sa.column(n) for n in ("meter_id", "read_on")))
        connection.execute(
            sa.update(meter)
            .where(meter.c.meter_id == M1, meter.c.read_on == date(2026, 8, 31))
            .values(read_on=sa.literal(TODAY, sa.Date))
        )
    circle.turn()
    refused = circle.reading()
    assert (refused.status, refused.reason_code) == ("rejected", "too_late")
    assert circle.states() == []
    mail = circle.mails()[-1]
    assert mail["template"] == "odczyt.rejected" and "Ten okres jest już rozliczony." in mail["text"]


@pytest.mark.feature("P25")
def test_a_withdrawn_reading_leaves_tytan_and_another_takes_its_place(circle):
    circle.submit((M1, "430"))
    circle.withdraw()
    circle.submit((M1, "431"))
    assert circle.states() == [(TODAY, 431, "pending")]
    circle.turn()
    assert circle.states() == [(TODAY, 431, "accepted")]
    with circle.runtime.database.snapshot() as session:
        rows = session.execute(sa.select(Reading.reading_value, Reading.status).order_by(Reading.reference)).all()
    assert [tuple(row) for row in rows] == [(Decimal(430), "withdrawn"), (Decimal(431), "accepted")]


@pytest.mark.feature("P25")
def test_a_withdrawal_on_its_way_stands_against_an_older_copy(circle):
    """TYTAN had accepted the reading when the customer took it back: until it decides, the withdrawal is what shows."""
    circle.submit((M1, "430"))
    drain(circle.runtime, "tytan")
    office.process_inbox(circle.engine)
    circle.withdraw()
    refresh.refresh(circle.runtime)
    jobs.follow_copy(circle.runtime)
    assert circle.reading().status == "withdrawn" and circle.states() == []
    circle.turn()
    assert circle.reading().status == "withdrawn" and circle.states() == []
    assert circle.mails()[-1]["template"] == "odczyt.submitted"


@pytest.mark.feature("P25")
def test_a_withdrawal_after_the_bill_is_told_to_be_too_late(circle):
    circle.submit((M1, "430"), (M2, "41"))
    drain(circle.runtime, "tytan")
    office.process_inbox(circle.engine)
    office.settle_readings(circle.engine, date(2026, 12, 1))
    circle.withdraw()
    circle.turn()
    circle.turn()
    assert circle.reading().status == "settled" and circle.reading().invoice_number
    assert [mail["template"] for mail in circle.mails()] == ["odczyt.submitted", "odczyt.not_withdrawn"]
