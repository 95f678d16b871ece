"""The rows of the invented utility fit together, and everything that a page must bear is there (N23)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from ebok_core.contracts.tytan import Kind
from ebok_core.standin import fa3, identifiers
from ebok_core.tytan.contract import CORE_VIEWS, LEDGER

pytestmark = pytest.mark.feature("N23")

AS_OF, CUSTOMERS = date(2026, 11, 24), 300
REFERENCES = [
    ("ebok_contracts", "customer_code", "ebok_customers", "code"),
    ("ebok_contracts", "point_code", "ebok_service_points", "code"),
    ("ebok_service_points", "customer_code", "ebok_customers", "code"),
    ("ebok_service_points", "contract_number", "ebok_contracts", "number"),
    ("ebok_meters", "point_code", "ebok_service_points", "code"),
    ("ebok_meters", "parent_id", "ebok_meters", "id"),
    ("ebok_readings", "meter_id", "ebok_meters", "id"),
    ("ebok_readings", "point_code", "ebok_service_points", "code"),
    ("ebok_readings", "customer_code", "ebok_customers", "code"),
    ("ebok_readings", "invoice_number", "ebok_invoices", "number"),
    ("ebok_invoices", "customer_code", "ebok_customers", "code"),
    ("ebok_invoices", "point_code", "ebok_service_points", "code"),
    ("ebok_invoices", "contract_number", "ebok_contracts", "number"),
    ("ebok_invoices", "corrected_invoice", "ebok_invoices", "number"),
    ("ebok_invoice_lines", "invoice_number", "ebok_invoices", "number"),
    ("ebok_invoice_lines", "meter_id", "ebok_meters", "id"),
    ("ebok_ledger", "customer_code", "ebok_customers", "code"),
    ("ebok_ledger", "document_number", "ebok_invoices", "number"),
    ("ebok_payment_allocations", "payment_id", "ebok_ledger", "id"),
    ("ebok_payment_allocations", "document_number", "ebok_invoices", "number"),
]


@pytest.mark.parametrize(("view", "column", "target", "key"), REFERENCES)
def test_references_resolve(utility, view, column, target, key):
    there = {row[key] for row in utility.rows(target)}
    used = {row[column] for row in utility.rows(view)} - {None}
    assert used and used <= there


def test_size_is_what_was_asked_for(utility):
    assert len(utility.rows("ebok_customers")) == CUSTOMERS


@pytest.mark.parametrize("view", [view.view for view in CORE_VIEWS if view.bulk])
def test_change_numbers_run_from_one_without_a_hole(utility, view):
    numbers = sorted(row["change_no"] for row in utility.rows(view))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("view", [view for view in CORE_VIEWS if view.bulk], ids=lambda view: view.view)
def test_values_keep_the_contract(utility, view):
    for row in utility.rows(view.view):
        for column in view.columns:
            value = row[column.name]
            assert value is not None or column.null, (view.view, column.name)
            if column.size and value is not None:
                assert len(value) <= column.size
            if column.kind is Kind.FLAG and value is not None:
                assert value in (0, 1)


def test_a_customer_has_about_eight_documents_a_year(utility):
    (count,) = utility.sql("select count(*) from ebok_invoices where customer_code > '1-02014'")[0]
    assert 6.5 <= count / (CUSTOMERS - 20) / 6 <= 9.5


def test_history_covers_six_years_and_not_a_day_of_the_future(utility):
    (first, last), *_ = utility.sql("select min(issued_on), max(issued_on) from ebok_invoices")
    assert "2020-09-01" <= first <= "2021-01-31"
    assert last <= AS_OF.isoformat()
    assert utility.sql("select max(posted_on) from ebok_ledger")[0][0] <= AS_OF.isoformat()
    assert utility.sql("select max(read_on) from ebok_readings")[0][0] <= AS_OF.isoformat()


def test_names_bring_diacritics_quotes_and_120_characters(utility):
    names = [row["name"] for row in utility.rows("ebok_customers")]
    assert any(len(name) == 120 for name in names)
    assert any("'" in name for name in names) and any('"' in name and "„" in name for name in names)
    assert set("ąćęłńóśźż") <= set("".join(names).lower())
    streets = "".join(row["street"] or "" for row in utility.rows("ebok_service_points"))
    assert set("ąęłńśźż") <= set(streets.lower())
    assert any(row["street"] is None for row in utility.rows("ebok_customers"))


def test_tax_numbers_are_valid_and_belong_to_nobody(utility):
    nips = [row["nip"] for row in utility.rows("ebok_customers") if row["nip"]]
    assert len(nips) == len(set(nips)) > 10
    for nip in nips:
        assert nip.startswith("999") and identifiers.nip_check_digit(nip[:9]) == int(nip[9])


def test_pesel_numbers_are_valid_and_belong_to_nobody(utility):
    people = [row for row in utility.rows("ebok_customers") if row["customer_type"] == "Osoba fizyczna"]
    numbers = [row["pesel"] for row in people]
    assert len(numbers) == len(set(numbers)) == len(people)
    for row in people:
        pesel = row["pesel"]
        assert identifiers.pesel_check_digit(pesel[:10]) == int(pesel[10])
        month, day = int(pesel[2:4]) - 60, int(pesel[4:6])
        assert 1 <= month <= 12 and date(2200 + int(pesel[:2]), month, day)
        assert (int(pesel[9]) % 2 == 0) == row["name"].split()[0].endswith("a")
        assert row["nip"] is None


def test_individual_accounts_have_a_valid_check_sum(utility):
    accounts = [row["individual_account"] for row in utility.rows("ebok_customers")]
    accounts += [row["individual_account"] for row in utility.rows("ebok_contracts") if row["individual_account"]]
    assert len(accounts) == len(set(accounts)) > CUSTOMERS
    for account in accounts:
        assert re.fullmatch(r"\d{2}99900009\d{16}", account)
        assert int(account[2:] + "2521" + account[:2]) % 97 == 1


def test_firms_invoices_carry_ksef_numbers(utility):
    firms = [
        row for row in utility.rows("ebok_invoices") if row["buyer_nip"] and row["kind"] in ("invoice", "correction")
    ]
    numbered = [row for row in firms if row["ksef_number"]]
    assert numbered and len({row["ksef_number"] for row in numbered}) == len(numbered)
    for row in numbered:
        body, check = row["ksef_number"][:32], row["ksef_number"][33:]
        assert f"{identifiers.crc8(body):02X}" == check and body.startswith(row["seller_nip"])
        assert re.fullmatch(r"[0-9a-f]{64}", row["xml_sha256"]) and row["has_xml"]
        late = 0 if row["ksef_mode"] == "online" else 1
        assert row["ksef_assigned_at"].date() == row["issued_on"] + timedelta(days=late) >= date(2026, 4, 1)
    assert not any(
        row["ksef_number"] or row["ksef_mode"] for row in utility.rows("ebok_invoices") if not row["buyer_nip"]
    )


def test_every_mode_of_ksef_is_there(utility):
    modes = {row["ksef_mode"] for row in utility.rows("ebok_invoices")}
    assert modes == {None, "online", "offline24", "unavailability", "failure", "failure_total"}
    never = [row for row in utility.rows("ebok_invoices") if row["ksef_mode"] == "failure_total"]
    assert never and not any(row["ksef_number"] or row["certificate_url"] for row in never)


def test_an_invoice_of_today_waits_for_its_number():
    day = date(2026, 11, 24).toordinal()
    waiting = {mode: fa3.ksef(number, day, b"x", day) for number, mode in _numbers_of_modes().items()}
    assert not any(found.get("ksef_number") for found in waiting.values())
    assert {mode for mode, found in waiting.items() if found.get("certificate_url")} == {
        "offline24",
        "unavailability",
        "failure",
    }


def _numbers_of_modes():
    """A document number for each mode."""
    found = {}
    for place in range(2000):
        found.setdefault(fa3.mode_of(f"R. 2026/{place:06d}"), f"R. 2026/{place:06d}")
    return {number: mode for mode, number in found.items()}


def test_files_are_kept_with_the_hash_that_the_invoice_names(utility):
    files = utility.rows("ebok_invoice_files")
    hashes = {row["number"]: row["xml_sha256"] for row in utility.rows("ebok_invoices") if row["has_xml"]}
    assert files and {row["invoice_number"]: row["sha256"] for row in files} == hashes
    assert all(sha256(row["content"]).hexdigest() == row["sha256"] for row in files)


def test_corrections_lower_the_invoice_that_they_name(utility):
    corrections = utility.rows("ebok_invoices", kind="correction")
    invoices = {row["number"]: row for row in utility.rows("ebok_invoices")}
    assert len(corrections) > 5
    for row in corrections:
        original = invoices[row["corrected_invoice"]]
        assert original["kind"] == "invoice" and row["gross"] < 0 < original["gross"] + row["gross"]
        assert row["correction_reason"] and row["issued_on"] > original["issued_on"]


def test_a_correction_brings_a_lower_reading_of_the_same_day(utility):
    readings = utility.rows("ebok_readings", status="settled")
    of_document = {(row["invoice_number"], row["meter_id"], row["read_on"]): row for row in readings}
    for correction in utility.rows("ebok_invoices", kind="correction"):
        (right,) = [row for row in readings if row["invoice_number"] == correction["number"]]
        wrong = of_document[correction["corrected_invoice"], right["meter_id"], right["read_on"]]
        lines = utility.rows("ebok_invoice_lines", invoice_number=correction["number"])
        assert lines and {line["quantity"] for line in lines} == {right["reading_value"] - wrong["reading_value"]}
        assert right["consumption_m3"] - wrong["consumption_m3"] == lines[0]["quantity"] < 0


def test_an_exchange_is_a_meter_taken_down_and_another_put_up(utility):
    points: dict[str, list] = {}
    for meter in utility.rows("ebok_meters"):
        if meter["role"] == "main":
            points.setdefault(meter["point_code"], []).append(meter)
    pairs = [sorted(found, key=lambda meter: meter["installed_on"]) for found in points.values() if len(found) == 2]
    assert len(pairs) > 50
    methods = {(row["meter_id"], row["reading_method"]): row for row in utility.rows("ebok_readings")}
    for old, new in pairs:
        assert old["removed_on"] == new["installed_on"] and not old["active"] and new["active"]
        final, initial = methods[old["id"], "final"], methods[new["id"], "initial"]
        assert (final["read_on"], final["reading_value"]) == (old["removed_on"], old["removed_value"])
        assert (initial["read_on"], initial["reading_value"]) == (new["installed_on"], new["installed_value"])


def test_what_a_page_must_bear_is_there(utility):
    meters = utility.rows("ebok_meters")
    assert {"main", "garden", "flat", "well"} <= {meter["role"] for meter in meters}
    assert any(meter["active"] and meter["legalization_valid_to"] < "2026.11" for meter in meters)
    assert any(meter["radio_module_number"] for meter in meters)
    assert any(meter["seal_number"] is None for meter in meters)
    assert any(meter["meter_group"] == "Ogród" and meter["parent_id"] for meter in meters)
    assert any(row["status"] == "Zamknięty" for row in utility.rows("ebok_service_points"))
    contracts = utility.rows("ebok_contracts")
    assert any(row["valid_to"] and row["valid_to"] < AS_OF for row in contracts)
    assert any(row["valid_to"] and AS_OF <= row["valid_to"] <= AS_OF + timedelta(days=30) for row in contracts)
    kinds = {row["kind"] for row in utility.rows("ebok_ledger")}
    assert kinds == {"invoice", "correction", "interest", "payment_demand", "payment", "overpayment"}
    statuses = {(row["status"], row["reading_method"]) for row in utility.rows("ebok_readings")}
    assert {("rejected", "customer"), ("accepted", "radio"), ("settled", "estimate"), ("settled", "final")} <= statuses
    assert all(row["reason"] for row in utility.rows("ebok_readings", status="rejected"))


def test_a_dial_rolls_over(utility):
    lines = [row for row in utility.rows("ebok_invoice_lines") if row["meter_id"]]
    rolled = [row for row in lines if row["value_to"] < row["value_from"]]
    assert rolled and all(row["quantity"] < 500 for row in rolled)


def test_there_are_debtors_and_overpaid_customers(utility):
    balances = [row["balance"] for row in utility.rows("ebok_customers")]
    assert sum(balance > 0 for balance in balances) > 10 and sum(balance < 0 for balance in balances) >= 3
    debtors = utility.rows("ebok_customers", status="Windykacja")
    assert debtors and all(row["balance"] > Decimal(50) for row in debtors)


def test_closed_points_have_no_later_documents(utility):
    for point in utility.rows("ebok_service_points", status="Zamknięty"):
        documents = utility.rows("ebok_invoices", point_code=point["code"])
        assert max(row["period_to"] for row in documents) == point["changed_on"]
        assert all(not meter["active"] and meter["removed_value"] is not None
                   for meter in utility.rows("ebok_meters", point_code=point["code"]))  # fmt: skip


def test_meters_show_their_newest_settled_reading(utility):
    newest: dict[str, tuple] = {}
    for row in utility.rows("ebok_readings"):
        if row["status"] == "settled":
            found = (row["read_on"], row["id"], row["reading_value"])
            newest[row["meter_id"]] = max(newest.get(row["meter_id"], found), found)
    for meter in utility.rows("ebok_meters"):
        if meter["id"] != "L-1001-M3":  # read by radio yesterday, on no invoice yet
            read_on, _, value = newest[meter["id"]]
            assert (meter["last_read_on"], meter["last_value"]) == (read_on, value)


def test_money_of_the_contract_has_two_decimals(utility):
    money = [column.name for column in LEDGER.columns if column.kind is Kind.MONEY]
    for row in utility.rows("ebok_ledger")[:500]:
        assert all(row[name] == row[name].quantize(Decimal("0.01")) for name in money)
