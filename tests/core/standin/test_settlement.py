"""Readings become invoices by tariff (L73, billing.md §2, §3.2, §10.4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ebok_core.standin.office import process_inbox, settle_readings

MAIN, GARDEN, RADIO = "L-1001-M1", "L-1001-M2", "L-1001-M3"
TODAY = date(2026, 11, 24)
ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def _settle(tytan, *readings, customer="1-01001", as_of=TODAY):
    for meter, day, value in readings:
        tytan.send_reading(meter, day, value, customer)
    process_inbox(tytan.engine)
    return settle_readings(tytan.engine, as_of)


def _holds(tytan, customer):
    """The sums that the refresh checks."""
    assert tytan.balance(customer) == tytan.ledger_sum(customer)
    for invoice in tytan.rows("ebok_invoices", customer_code=customer):
        lines = tytan.rows("ebok_invoice_lines", invoice_number=invoice["number"])
        assert invoice["gross"] == sum(line["gross"] for line in lines)
        assert invoice["to_pay"] == tytan.row("ebok_ledger", document_number=invoice["number"])["to_pay"]


def test_main_and_garden_go_on_one_invoice(tytan):
    (number,) = _settle(tytan, (MAIN, "2026-11-22", 430), (GARDEN, "2026-11-22", 43))
    lines = tytan.rows("ebok_invoice_lines", invoice_number=number)
    assert [(row["name"], row["quantity"], row["net"]) for row in lines] == [
        ("Dostarczanie wody z sieci, taryfa G1", 9, Decimal("41.58")),
        ("Woda bezpowrotnie zużyta (podlicznik ogrodowy)", 3, Decimal("0.00")),
        ("Odprowadzanie ścieków, taryfa G1", 6, Decimal("48.36")),
        ("Opłata abonamentowa", 2, Decimal("11.18")),  # September and October; November is not over
    ]
    assert (lines[0]["value_from"], lines[0]["value_to"], lines[0]["meter_id"]) == (421, 430, MAIN)
    assert (lines[0]["read_from"], lines[0]["read_to"]) == (date(2026, 8, 31), date(2026, 11, 22))
    invoice = tytan.row("ebok_invoices", number=number)
    assert (invoice["net"], invoice["vat"], invoice["gross"]) == (Decimal("101.12"), Decimal("8.09"), Decimal("109.21"))
    assert (invoice["period_from"], invoice["period_to"]) == (date(2026, 9, 1), date(2026, 11, 22))
    assert (invoice["issued_on"], invoice["due_on"]) == (TODAY, date(2026, 12, 8))
    assert (invoice["kind"], invoice["contract_number"], invoice["point_code"]) == (
        "invoice",
        "Um 2018/3111",
        "403-1001-0",
    )
    assert number.startswith("R. 2026/") and tytan.balance("1-01001") == Decimal("29.20") + Decimal("109.21")
    _holds(tytan, "1-01001")


def test_readings_and_meters_are_settled(tytan):
    (number,) = _settle(tytan, (MAIN, "2026-11-22", 430), (GARDEN, "2026-11-22", 43))
    for meter, value in ((MAIN, 430), (GARDEN, 43)):
        row = tytan.row("ebok_meters", id=meter)
        assert (row["last_read_on"], row["last_value"]) == (date(2026, 11, 22), value)
        (reading,) = tytan.rows("ebok_readings", meter_id=meter, read_on=date(2026, 11, 22))
        assert (reading["status"], reading["invoice_number"]) == ("settled", number)
    assert settle_readings(tytan.engine, TODAY) == []


@ON_SQLITE
def test_every_changed_row_gets_a_number_above_all_before(tytan):
    views = ["ebok_readings", "ebok_meters", "ebok_invoices", "ebok_invoice_lines", "ebok_ledger", "ebok_customers"]
    before = {view: max(row["change_no"] for row in tytan.rows(view)) for view in views}
    _settle(tytan, (MAIN, "2026-11-22", 430), (GARDEN, "2026-11-22", 43))
    for view, highest in before.items():
        numbers = [row["change_no"] for row in tytan.rows(view)]
        assert max(numbers) > highest and len(numbers) == len(set(numbers))


@ON_SQLITE
def test_sewage_never_falls_below_zero(tytan):
    (number,) = _settle(tytan, (MAIN, "2026-11-22", 423), (GARDEN, "2026-11-22", 47))
    quantities = {row["name"]: row["quantity"] for row in tytan.rows("ebok_invoice_lines", invoice_number=number)}
    assert quantities["Odprowadzanie ścieków, taryfa G1"] == 0
    assert quantities["Dostarczanie wody z sieci, taryfa G1"] == 2


@ON_SQLITE
def test_a_garden_meter_without_legalisation_lowers_nothing(tytan):
    with tytan.engine.begin() as connection:
        meters = tytan.tables["ebok_meters"]
        connection.execute(meters.update().where(meters.c.id == GARDEN).values(legalization_valid_to="2026.10"))
    (number,) = _settle(tytan, (MAIN, "2026-11-22", 430), (GARDEN, "2026-11-22", 43))
    quantities = {row["name"]: row["quantity"] for row in tytan.rows("ebok_invoice_lines", invoice_number=number)}
    assert quantities["Odprowadzanie ścieków, taryfa G1"] == 9
    (reading,) = tytan.rows("ebok_readings", meter_id=GARDEN, read_on=date(2026, 11, 22))
    assert reading["status"] == "settled"


@ON_SQLITE
def test_a_garden_reading_alone_waits_for_the_main_one(tytan):
    assert _settle(tytan, (GARDEN, "2026-11-22", 43)) == []
    (number,) = _settle(tytan, (MAIN, "2026-11-23", 430))
    assert len([row for row in tytan.rows("ebok_invoice_lines", invoice_number=number) if row["meter_id"]]) == 2


@ON_SQLITE
def test_the_radio_s_reading_waits_until_somebody_asks(tytan):
    assert settle_readings(tytan.engine, TODAY) == []
    (number,) = _settle(tytan, (RADIO, "2026-11-24", 88))
    water = tytan.rows("ebok_invoice_lines", invoice_number=number)[0]
    assert (water["value_from"], water["value_to"], water["quantity"]) == (84, 88, 4)
    assert {row["status"] for row in tytan.rows("ebok_readings", meter_id=RADIO)} == {"settled"}
    assert tytan.row("ebok_invoices", number=number)["contract_number"] == "Um 2024/0207"


@ON_SQLITE
def test_points_get_invoices_of_their_own(tytan):
    numbers = _settle(tytan, (MAIN, "2026-11-22", 430), (RADIO, "2026-11-24", 88))
    points = [tytan.row("ebok_invoices", number=number)["point_code"] for number in numbers]
    assert points == ["403-1001-0", "403-1001-1"]
    _holds(tytan, "1-01001")


def test_a_rolled_over_dial_is_billed_by_what_flowed(tytan):
    (meter,) = tytan.rows("ebok_meters", point_code="403-1006-0", active=1)
    (number,) = _settle(tytan, (meter["id"], "2026-11-22", 12), customer="1-01006")
    water = tytan.rows("ebok_invoice_lines", invoice_number=number)[0]
    assert (water["value_from"], water["value_to"]) == (meter["last_value"], 12)
    assert water["quantity"] == 100_012 - meter["last_value"]
    _holds(tytan, "1-01006")


@ON_SQLITE
def test_an_overpayment_is_counted_towards_the_invoice(tytan):
    (meter,) = tytan.rows("ebok_meters", point_code="403-1002-0", active=1)
    value = int(meter["last_value"]) + 20
    (number,) = _settle(tytan, (meter["id"], "2026-11-22", value), customer="1-01002")
    invoice = tytan.row("ebok_invoices", number=number)
    assert invoice["to_pay"] == invoice["gross"] - 40 == tytan.balance("1-01002") > 0
    _holds(tytan, "1-01002")


@ON_SQLITE
def test_the_month_that_was_not_over_is_charged_next_time(tytan):
    _settle(tytan, (MAIN, "2026-11-22", 430))
    tytan.send_reading(MAIN, "2026-12-31", 434, accepted_at=TODAY.replace(year=2027))
    process_inbox(tytan.engine)
    (number,) = settle_readings(tytan.engine, date(2027, 1, 2))
    standing = [row for row in tytan.rows("ebok_invoice_lines", invoice_number=number) if row["unit"] == "mc"]
    assert [row["quantity"] for row in standing] == [2] and number == "R. 2027/000001"


@ON_SQLITE
def test_an_exchange_that_nobody_has_billed_yet_is_on_the_invoice(tytan):
    """The final state of the meter that was taken down, and the new one's from its initial state on."""
    (old,) = tytan.rows("ebok_meters", point_code="403-1006-0", active=0)
    (new,) = tytan.rows("ebok_meters", point_code="403-1006-0", active=1)
    readings = tytan.tables["ebok_readings"]
    with tytan.engine.begin() as connection:
        later = (readings.c.meter_id == new["id"]) & (readings.c.reading_method != "initial")
        connection.execute(readings.delete().where(later))
        final = (readings.c.meter_id == old["id"]) & (readings.c.reading_method == "final")
        connection.execute(readings.update().where(final).values(status="accepted", invoice_number=None))
    (number,) = _settle(tytan, (new["id"], "2026-11-22", 99_980), customer="1-01006")
    metered = [row for row in tytan.rows("ebok_invoice_lines", invoice_number=number) if row["meter_id"]]
    assert [row["meter_id"] for row in metered] == [old["id"], new["id"]]
    assert (metered[1]["value_from"], metered[1]["value_to"]) == (99_955, 99_980)
