"""Readings at the back office: taken over, refused, withdrawn (L72-L76, billing.md §10)."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from ebok_core.standin.office import process_inbox, settle_readings

MAIN, GARDEN, RADIO = "L-1001-M1", "L-1001-M2", "L-1001-M3"
ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def _answer(tytan, meter, day, value, customer="1-01001", **more):
    message = tytan.send_reading(meter, day, value, customer, **more)
    process_inbox(tytan.engine)
    return tytan.result(message)


def _new_meter(tytan):
    """The exchanged meter of 1-01006, which is about to roll over."""
    (meter,) = tytan.rows("ebok_meters", point_code="403-1006-0", active=1)
    return meter


def test_an_accepted_reading_waits_to_be_settled(tytan):
    meter = tytan.row("ebok_meters", id=MAIN)
    result = _answer(tytan, MAIN, "2026-11-22", 430)
    assert (result["status"], result["reason_code"]) == ("accepted", None) and result["reference"]
    reading = tytan.row("ebok_readings", message_id=result["message_id"])
    assert (reading["status"], reading["reading_method"]) == ("accepted", "customer")
    assert (reading["reading_value"], reading["consumption_m3"], reading["invoice_number"]) == (430, 9, None)
    assert reading["read_on"] == date(2026, 11, 22) and reading["customer_code"] == "1-01001"
    assert reading["change_no"] == max(row["change_no"] for row in tytan.rows("ebok_readings"))
    assert tytan.row("ebok_meters", id=MAIN) == meter


@ON_SQLITE
@pytest.mark.parametrize(
    ("meter", "day", "value", "code", "words"),
    [
        ("L-9999", "2026-11-22", 430, "unknown_object", "Nie znaleziono"),
        ("L00001203", "2026-11-22", 430, "unknown_object", "Nie znaleziono"),  # somebody else's
        (MAIN, "2026-08-31", 430, "too_late", "do 31.08.2026"),
        (MAIN, "2026-07-01", 415, "too_late", "już rozliczony"),
        (MAIN, "2026-11-22", 420, "implausible", "niższy niż poprzedni (421 z 31.08.2026)"),
        (MAIN, "2026-11-25", 430, "implausible", "z przyszłości"),
        (MAIN, "2026-11-22", 100_000, "implausible", "5 cyfr"),
        (MAIN, "2026-11-22", -1, "implausible", "5 cyfr"),
        (MAIN, "2026-11-22", 99_999, "implausible", "przepustowość"),
        (RADIO, "2024-02-29", 40, "implausible", "wcześniejsza niż montaż"),
        (RADIO, "2026-11-20", 88, "implausible", "wyższy niż z 23.11.2026"),
    ],
)
def test_refusals(tytan, meter, day, value, code, words):
    result = _answer(tytan, meter, day, value)
    assert (result["status"], result["reason_code"]) == ("rejected", code)
    assert words in result["reason"]
    assert tytan.rows("ebok_readings", message_id=result["message_id"]) == []


@ON_SQLITE
def test_a_second_reading_of_the_day_is_a_duplicate(tytan):
    assert _answer(tytan, MAIN, "2026-11-22", 430)["status"] == "accepted"
    result = _answer(tytan, MAIN, "2026-11-22", 431)
    assert (result["status"], result["reason_code"]) == ("rejected", "duplicate")


@ON_SQLITE
def test_a_meter_that_was_taken_down_is_not_read(tytan):
    (old,) = tytan.rows("ebok_meters", point_code="403-1006-0", active=0)
    result = _answer(tytan, old["id"], "2026-11-22", 400, "1-01006")
    assert (result["status"], result["reason_code"]) == ("rejected", "unknown_object")


def test_a_dial_that_rolled_over_is_understood(tytan):
    meter = _new_meter(tytan)
    result = _answer(tytan, meter["id"], "2026-11-22", 12, "1-01006")
    assert result["status"] == "accepted"
    reading = tytan.row("ebok_readings", message_id=result["message_id"])
    assert reading["consumption_m3"] == 12 + 100_000 - meter["last_value"]


@ON_SQLITE
def test_a_roll_over_must_be_plausible(tytan):
    result = _answer(tytan, _new_meter(tytan)["id"], "2026-11-22", 900, "1-01006")
    assert (result["status"], result["reason_code"]) == ("rejected", "implausible")


@ON_SQLITE
def test_a_deadline_counts_by_the_acceptance_in_warsaw(tytan):
    """A reading of the 25th accepted at 23:30 UTC of the 24th is half an hour old there (R46)."""
    result = _answer(tytan, MAIN, "2026-11-25", 430, accepted_at=datetime(2026, 11, 24, 23, 30))
    assert result["status"] == "accepted"
    late = _answer(tytan, GARDEN, "2026-11-25", 41, accepted_at=datetime(2026, 11, 24, 22, 59, 59))
    assert (late["status"], late["reason_code"]) == ("rejected", "implausible")


@ON_SQLITE
def test_readings_of_two_days_follow_each_other(tytan):
    first = _answer(tytan, MAIN, "2026-11-20", 429)
    second = _answer(tytan, MAIN, "2026-11-22", 430)
    between = _answer(tytan, MAIN, "2026-11-21", 431)
    readings = [tytan.row("ebok_readings", message_id=row["message_id"]) for row in (first, second)]
    assert [row["consumption_m3"] for row in readings] == [8, 1]
    assert (between["status"], between["reason_code"]) == ("rejected", "implausible")


def _withdraw(tytan, message, customer="1-01001"):
    found = tytan.send("reading.withdrawn", {"reading_message_id": message}, customer)
    process_inbox(tytan.engine)
    return tytan.result(found)


def test_a_reading_is_withdrawn_while_nothing_used_it(tytan):
    message = _answer(tytan, MAIN, "2026-11-22", 430)["message_id"]
    before = tytan.row("ebok_readings", message_id=message)
    assert _withdraw(tytan, message)["status"] == "accepted"
    after = tytan.row("ebok_readings", message_id=message)
    assert (before["removed"], after["removed"]) == (0, 1) and after["change_no"] > before["change_no"]
    assert settle_readings(tytan.engine, date(2026, 11, 24)) == []
    assert _withdraw(tytan, message)["status"] == "accepted"  # it is what they wanted
    assert _answer(tytan, MAIN, "2026-11-22", 431)["status"] == "accepted"


@ON_SQLITE
def test_a_settled_reading_is_not_withdrawn(tytan):
    message = _answer(tytan, MAIN, "2026-11-22", 430)["message_id"]
    (number,) = settle_readings(tytan.engine, date(2026, 11, 24))
    result = _withdraw(tytan, message)
    assert (result["status"], result["reason_code"]) == ("rejected", "too_late")
    assert number in result["reason"]


@ON_SQLITE
def test_only_one_s_own_reading_is_withdrawn(tytan):
    message = _answer(tytan, MAIN, "2026-11-22", 430)["message_id"]
    for result in (_withdraw(tytan, message, "1-01002"), _withdraw(tytan, "01900000-0000-7000-8000-999999999999")):
        assert (result["status"], result["reason_code"]) == ("rejected", "unknown_object")


@ON_SQLITE
def test_submitted_and_withdrawn_in_one_run(tytan):
    message = tytan.send_reading(MAIN, "2026-11-22", 430)
    tytan.send("reading.withdrawn", {"reading_message_id": message})
    process_inbox(tytan.engine)
    assert tytan.row("ebok_readings", message_id=message)["removed"] == 1
