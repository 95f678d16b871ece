"""The back office answers every message once, in order, and no bad one holds the others up (N23, reliability.md §4)."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core.standin import database
from ebok_core.standin.office import process_inbox, tick

REFERENCES = [
    ("invoice.delivered", "DD"),
    ("invoice.opened", "DO"),
    ("document.filed", "DK"),
    ("message.sent", "SP"),
    ("failure.reported", "ZL"),
    ("failure.closed", "ZL"),
]


@pytest.mark.parametrize(("kind", "series"), REFERENCES)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_other_kinds_get_a_reference(tytan, clock, kind, series):
    first, second = (tytan.send(kind, {"text": "Dzień dobry"}) for _ in range(2))
    assert process_inbox(tytan.engine) == 2
    assert [tytan.result(found)["status"] for found in (first, second)] == ["accepted"] * 2
    assert [tytan.result(found)["reference"] for found in (first, second)] == [
        f"{series}/2026/000001",
        f"{series}/2026/000002",
    ]


def test_each_message_is_answered_once(tytan):
    message = tytan.send_reading("L-1001-M1", "2026-11-22", 430)
    assert [process_inbox(tytan.engine) for _ in range(3)] == [1, 0, 0]
    assert len(tytan.rows("ebok_results", message_id=message)) == 1
    assert len(tytan.rows("ebok_readings", message_id=message)) == 1


def test_a_payload_that_was_altered_is_refused(tytan):
    message = tytan.send_reading("L-1001-M1", "2026-11-22", 430, digest="0" * 64)
    process_inbox(tytan.engine)
    result = tytan.result(message)
    assert (result["status"], result["reason_code"]) == ("rejected", "other")
    assert "suma kontrolna" in result["reason"]
    assert tytan.rows("ebok_readings", message_id=message) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "payload", "more"),
    [
        ("reading.submitted", {"meter_id": "L-1001-M1"}, {}),
        ("reading.submitted", {"meter_id": "L-1001-M1", "read_on": "31.02.2026", "reading_value_m3": 430}, {}),
        ("reading.submitted", {"meter_id": "L-1001-M1", "read_on": "2026-11-22", "reading_value_m3": "430"}, {}),
        ("reading.submitted", ["no", "object"], {}),
        ("reading.submitted", {}, {"version": 2}),
        ("payment.received", {"amount": "10.975", "paid_on": "2026-11-24"}, {}),
        ("payment.received", {"amount": 10, "paid_on": "2026-11-24"}, {}),
        ("payment.received", {"amount": "-1.00", "paid_on": "2026-11-24"}, {}),
        ("payment.received", {"amount": "1.00", "paid_on": "2026-11-24", "allocations": ["x"]}, {}),
        ("unheard.of", {}, {}),
    ],
)
def test_what_cannot_be_read_is_refused_and_holds_nobody_up(tytan, kind, payload, more):
    bad = tytan.send(kind, payload, **more)
    good = tytan.send("message.sent", {"text": "x"})
    assert process_inbox(tytan.engine) == 2
    assert (tytan.result(bad)["status"], tytan.result(bad)["reason_code"]) == ("rejected", "other")
    assert tytan.result(good)["status"] == "accepted"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_emptied_payload_is_refused(tytan):
    message = tytan.send("message.sent", {"text": "x"})
    with tytan.engine.begin() as connection:
        connection.execute(tytan.tables["ebok_inbox"].update().values(payload=None))
    process_inbox(tytan.engine)
    assert tytan.result(message)["reason_code"] == "other"


def test_messages_of_a_stream_are_answered_in_their_order(tytan):
    given = [tytan.send("message.sent", {"n": n}, stream=f"c:{n % 3}") for n in range(12)]
    process_inbox(tytan.engine)
    results = sorted(tytan.rows("ebok_results"), key=lambda row: row["change_no"])
    assert [row["change_no"] for row in results] == list(range(1, 13))
    order = [row["message_id"] for row in results]
    assert order == [message for stream in range(3) for message in given[stream::3]]


def test_unknown_customers_are_told_so(tytan):
    stranger = tytan.send("customer.change_requested", {"changes": {}}, "1-99999")
    nobody = tytan.send("consent.changed", {"consent": "einvoice", "granted": True}, None, stream="r:1")
    report = tytan.send("failure.reported", {"text": "Woda na ulicy"}, None, stream="f:1")
    process_inbox(tytan.engine)
    assert [tytan.result(found)["reason_code"] for found in (stranger, nobody)] == ["unknown_customer"] * 2
    assert tytan.result(report)["status"] == "accepted"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_registration_is_answered_with_the_customer_code(tytan, clock):
    known = tytan.send("registration.requested", {"customer_code": "1-01004"}, None, stream="r:1")
    unknown = tytan.send("registration.requested", {"customer_code": "1-77777"}, None, stream="r:2")
    new = tytan.send("registration.requested", {"name": "Nowy Klient"}, None, stream="r:3")
    process_inbox(tytan.engine)
    assert tytan.result(known)["reference"] == "1-01004"
    assert (tytan.result(unknown)["status"], tytan.result(unknown)["reason_code"]) == ("rejected", "unknown_customer")
    assert tytan.result(new)["reference"] == "RJ/2026/000001"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_customer_whose_file_is_closed_gets_no_account(tytan, clock):
    with tytan.engine.begin() as connection:
        customers = tytan.tables["ebok_customers"]
        connection.execute(customers.update().where(customers.c.code == "1-01004").values(status="Zamknięty"))
    asked = tytan.send("registration.requested", {"customer_code": "1-01004"}, "1-01004")
    process_inbox(tytan.engine)
    assert (tytan.result(asked)["status"], tytan.result(asked)["reason_code"]) == ("rejected", "not_allowed")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_changes_and_consents_show_in_the_view(tytan):
    before = tytan.row("ebok_customers", code="1-01004")["change_no"]
    changes = {"email": "halina@poczta.example", "phone": None, "name": "Ktoś Inny", "mailing_city": "Łęg"}
    tytan.send("customer.change_requested", {"changes": changes}, "1-01004")
    tytan.send("consent.changed", {"consent": "einvoice", "granted": True, "changed_on": "2026-11-20"}, "1-01004")
    tytan.send("consent.changed", {"consent": "sms", "granted": False}, "1-01004")
    process_inbox(tytan.engine)
    after = tytan.row("ebok_customers", code="1-01004")
    assert (after["email"], after["mailing_city"], after["name"]) == ("halina@poczta.example", "Łęg", "Halina Dąb")
    assert after["einvoice_since"] == date(2026, 11, 20) and before < after["change_no"] == 22
    tytan.send("consent.changed", {"consent": "einvoice", "granted": False}, "1-01004")
    process_inbox(tytan.engine)
    assert tytan.row("ebok_customers", code="1-01004")["einvoice_since"] is None


def test_an_empty_tytan_answers_too(empty_database_url, books):
    """On an engine that somebody else made, with Python's own SQLite, in a schema of its own where there are some."""
    engine = sa.create_engine(empty_database_url)
    schema = "billing" if engine.dialect.name == "postgresql" else None
    database.create(engine, schema)
    tytan = books(engine, schema)
    message = tytan.send("failure.reported", {"text": "Woda na ulicy"}, None, stream="f:1")
    stranger = tytan.send_reading("L-1", "2026-11-22", 430)
    assert process_inbox(engine, schema) == 2
    assert [tytan.result(found)["status"] for found in (message, stranger)] == ["accepted", "rejected"]
    engine.dispose()


def test_two_offices_on_one_database_answer_each_message_once(tytan, tytan_url):
    for n in range(40):
        tytan.send("payment.received", {"amount": "1.00", "paid_on": "2026-11-24"}, "1-01002", stream=f"c:{n}")
    engines = [database.open_engine(tytan_url) for _ in range(2)]
    threads = [threading.Thread(target=process_inbox, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    results = tytan.rows("ebok_results")
    assert len(results) == 40
    assert sorted(row["change_no"] for row in results) == list(range(1, 41))
    assert tytan.balance("1-01002") == Decimal("-80.00") == tytan.ledger_sum("1-01002")


def test_the_portal_writes_and_reads_while_the_office_works(tytan, tytan_url):
    """A reader in the middle of a query keeps its state, and messages come in between two answers."""
    for n in range(20):
        tytan.send("payment.received", {"amount": "1.00", "paid_on": "2026-11-24"}, "1-01002", stream=f"c:{n}")
    portal = database.open_engine(tytan_url)
    worker = threading.Thread(target=process_inbox, args=(tytan.engine,))
    with portal.connect() as reader:
        ledger = tytan.tables["ebok_ledger"]
        query = sa.select(ledger.c.id).where(ledger.c.customer_code == "1-01002")
        before = len(reader.execution_options(isolation_level="SERIALIZABLE").execute(query).all())
        worker.start()
        for n in range(20, 30):
            tytan.send("payment.received", {"amount": "1.00", "paid_on": "2026-11-24"}, "1-01002", stream=f"c:{n}")
        worker.join()
        if portal.dialect.name == "postgresql":
            assert len(reader.execute(query).all()) == before
    portal.dispose()
    process_inbox(tytan.engine)
    assert len(tytan.rows("ebok_results")) == 30
    assert tytan.balance("1-01002") == Decimal("-70.00")


def test_a_day_of_work(tytan, clock):
    tytan.send_reading("L-1001-M1", "2026-11-22", 430)
    day = tick(tytan.engine, date(2026, 11, 24))
    assert (day.answered, len(day.invoices), day.interest_notes) == (1, 1, [])
    first_of_month = tick(tytan.engine, date(2026, 12, 1))
    assert first_of_month.answered == 0 and first_of_month.interest_notes
    again = tick(tytan.engine, date(2026, 12, 1))
    assert (again.answered, again.invoices, again.interest_notes) == (0, [], [])
