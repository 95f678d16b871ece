"""Every sum of the invented utility holds, for every customer and document: N23, tytan-contract.md, billing.md §2.1."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

GROSZ = Decimal("0.01")
CREDITS = {"payment", "overpayment", "correction"}
pytestmark = pytest.mark.feature("N23")


def _sums(rows: list[Any], key: str, *amounts: str) -> dict[str, list[Decimal]]:
    found: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(amounts))
    for row in rows:
        found[row[key]] = [total + row[name] for total, name in zip(found[row[key]], amounts, strict=True)]
    return found


def test_balance_is_the_sum_of_what_is_to_pay(utility):
    to_pay = _sums(utility.rows("ebok_ledger"), "customer_code", "to_pay")
    for customer in utility.rows("ebok_customers"):
        assert [customer["balance"]] == to_pay.get(customer["code"], [Decimal(0)]), customer["code"]


def test_balance_is_the_sum_of_all_amounts(utility):
    amounts = _sums(utility.rows("ebok_ledger"), "customer_code", "amount")
    for customer in utility.rows("ebok_customers"):
        assert [customer["balance"]] == amounts.get(customer["code"], [Decimal(0)]), customer["code"]


def test_totals_of_an_invoice_are_the_sums_of_its_lines(utility):
    lines = _sums(utility.rows("ebok_invoice_lines"), "invoice_number", "net", "vat", "gross")
    for invoice in utility.rows("ebok_invoices"):
        assert [invoice["net"], invoice["vat"], invoice["gross"]] == lines[invoice["number"]], invoice["number"]


def test_gross_is_net_and_vat(utility):
    for row in [*utility.rows("ebok_invoices"), *utility.rows("ebok_invoice_lines")]:
        assert row["gross"] == row["net"] + row["vat"]


def test_vat_is_counted_from_the_total_of_each_rate(utility):
    nets: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    vats: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in utility.rows("ebok_invoice_lines"):
        nets[line["invoice_number"], line["vat_rate"]] += line["net"]
        vats[line["invoice_number"], line["vat_rate"]] += line["vat"]
    percent = {"8%": Decimal("0.08"), "23%": Decimal("0.23"), "np": Decimal(0)}
    for key, net in nets.items():
        assert vats[key] == (net * percent[key[1]]).quantize(GROSZ, ROUND_HALF_UP), key


def test_net_of_a_line_is_quantity_times_price(utility):
    for line in utility.rows("ebok_invoice_lines"):
        if line["unit"] in ("m3", "mc", "szt."):
            wanted = (line["quantity"] * line["unit_price_net"]).quantize(GROSZ, ROUND_HALF_UP)
            assert line["net"] == wanted, line


def test_what_is_left_of_an_invoice_is_what_its_entry_says(utility):
    entries = {row["document_number"]: row for row in utility.rows("ebok_ledger") if row["document_number"]}
    invoices = utility.rows("ebok_invoices")
    assert len(invoices) == len(entries)
    for invoice in invoices:
        entry = entries[invoice["number"]]
        assert (invoice["gross"], invoice["to_pay"]) == (entry["amount"], entry["to_pay"])
        assert (invoice["due_on"], invoice["issued_on"]) == (entry["due_on"], entry["posted_on"])


def test_to_pay_is_the_amount_less_the_allocations(utility):
    allocations = utility.rows("ebok_payment_allocations")
    by_document = _sums(allocations, "document_number", "amount")
    by_payment = _sums(allocations, "payment_id", "amount")
    for entry in utility.rows("ebok_ledger"):
        if entry["amount"] > 0:
            left = entry["amount"] - by_document.get(entry["document_number"], [Decimal(0)])[0]
        else:
            left = entry["amount"] + by_payment.get(entry["id"], [Decimal(0)])[0]
        assert entry["to_pay"] == left, entry


def test_nobody_owes_and_is_owed_at_once(utility):
    signs: dict[str, set[bool]] = defaultdict(set)
    for entry in utility.rows("ebok_ledger"):
        if entry["to_pay"]:
            signs[entry["customer_code"]].add(entry["to_pay"] > 0)
    assert all(len(found) == 1 for found in signs.values())


def test_signs_and_limits_of_what_is_left(utility):
    for entry in utility.rows("ebok_ledger"):
        low, high = sorted((Decimal(0), entry["amount"]))
        assert low <= entry["to_pay"] <= high
        assert (entry["amount"] < 0) == (entry["kind"] in CREDITS)


def test_consumption_is_the_difference_of_the_states_over_the_dial(utility):
    digits = {meter["id"]: meter["digits"] for meter in utility.rows("ebok_meters")}
    for line in utility.rows("ebok_invoice_lines"):
        if line["meter_id"]:
            capacity = 10 ** digits[line["meter_id"]]
            assert line["quantity"] == int(line["value_to"] - line["value_from"]) % capacity, line
            assert 0 <= line["value_to"] < capacity
            assert line["read_from"] < line["read_to"]


def test_meters_go_on_where_the_last_invoice_stopped(utility):
    """From state to state without a hole; a correction's reading takes the place of the wrong one."""
    corrected = {
        (row["meter_id"], row["read_on"]): row["reading_value"]
        for row in utility.rows("ebok_readings")
        if row["invoice_number"] and row["invoice_number"].startswith("K.")
    }
    of_meter: dict[str, list[Any]] = defaultdict(list)
    for line in utility.rows("ebok_invoice_lines"):
        if line["meter_id"]:
            of_meter[line["meter_id"]].append(line)
    checked = 0
    for meter, lines in of_meter.items():
        lines.sort(key=lambda line: line["read_to"])
        for before, after in zip(lines, lines[1:], strict=False):
            assert after["read_from"] == before["read_to"]
            assert after["value_from"] == corrected.get((meter, before["read_to"]), before["value_to"])
            checked += 1
    assert checked > 5000


def test_sewage_is_main_less_garden(utility):
    by_invoice: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in utility.rows("ebok_invoice_lines"):
        by_invoice[line["invoice_number"]][line["name"].split(",")[0]] += line["quantity"]
    kinds = {row["number"]: row["kind"] for row in utility.rows("ebok_invoices")}
    gardens = 0
    for number, names in by_invoice.items():
        water, sewage = names.get("Dostarczanie wody z sieci"), names.get("Odprowadzanie ścieków")
        garden = names.get("Woda bezpowrotnie zużyta (podlicznik ogrodowy)", Decimal(0))
        if water is not None and sewage is not None and kinds[number] == "invoice":
            assert sewage == max(water - garden, 0)
            gardens += garden > 0
    assert gardens > 50


def test_flats_use_no_more_than_the_main_meter(utility):
    meters = {meter["id"]: meter for meter in utility.rows("ebok_meters")}
    used: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for reading in utility.rows("ebok_readings"):
        if reading["invoice_number"] and reading["consumption_m3"]:
            used[reading["invoice_number"], meters[reading["meter_id"]]["role"]] += reading["consumption_m3"]
    flats = [(number, m3) for (number, role), m3 in used.items() if role == "flat" and not number.startswith("K.")]
    assert flats
    assert all(m3 <= used[number, "main"] for number, m3 in flats)


def test_each_month_of_a_point_is_charged_once(utility):
    months: dict[str, Decimal] = defaultdict(Decimal)
    points = {row["number"]: row["point_code"] for row in utility.rows("ebok_invoices")}
    for line in utility.rows("ebok_invoice_lines"):
        if line["name"] in ("Opłata abonamentowa", "Opłata abonamentowa – woda"):
            months[points[line["invoice_number"]]] += line["quantity"]
    periods = "select point_code, min(period_from), max(period_to) from ebok_invoices where period_from > '' group by 1"
    for point, first, last in utility.sql(periods):
        if point in months:
            years, month = int(last[:4]) - int(first[:4]), int(last[5:7]) - int(first[5:7])
            assert months[point] == years * 12 + month + 1, point
