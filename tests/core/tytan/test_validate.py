"""What a row of TYTAN must be like: one malformation a case, and the harmless oddities that are put right."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ebok_core.db import search_key
from ebok_core.tytan import contract
from ebok_core.tytan.validate import Batch, Converter, search_texts, secret_hmac, shape

KEY = "k" * 40


def converted(view: Any, *rows: dict[str, Any]) -> Batch:
    """The rows as one chunk; columns that a row does not name are null."""
    names = [c.name for c in view.columns] + ["change_no", "removed"]
    if not isinstance(view.customer, str):
        names.append("customer_code")
    whole = [{"change_no": n, "removed": 0, **row} for n, row in enumerate(rows, start=1)]
    return Converter(view, KEY)(names, [tuple(row.get(name) for name in names) for row in whole])


def copied(view: Any, **row: Any) -> dict[str, Any]:
    """The copy's row of one good row."""
    batch = converted(view, row)
    assert batch.faults == []
    return {name: column[0] for name, column in zip(Converter(view, KEY).columns, batch.columns, strict=True)}


CUSTOMER = {
    "code": "1-00001",
    "name": "Żółw",
    "customer_type": "Osoba fizyczna",
    "status": "Normalny",
    "house_no": "4",
    "postal_code": "64-920",
    "city": "Piła",
    "registered_on": "2018-03-01",
    "balance": "60.00",
}
READING = {
    "id": "r1",
    "meter_id": "m1",
    "point_code": "p1",
    "customer_code": "1-00001",
    "read_on": "2026-10-31",
    "reading_value": "100.000",
    "reading_method": "reader",
    "status": "settled",
}
METER = {
    "id": "m1",
    "meter_number": "12CB",
    "point_code": "p1",
    "customer_code": "1-00001",
    "role": "main",
    "installed_on": "2018-03-01",
    "installed_value": "0.000",
    "digits": 5,
    "active": 1,
    "status": "Zamontowany",
}
LINE = {
    "invoice_number": "R. 1",
    "line_no": 1,
    "customer_code": "1-00001",
    "name": "Woda",
    "unit": "m³",
    "quantity": "1.000",
    "unit_price_net": "4.1234",
    "net": "4.12",
    "vat_rate": "8%",
    "vat": "0.33",
    "gross": "4.45",
}
INVOICE = {
    "number": "R. 1",
    "customer_code": "1-00001",
    "kind": "invoice",
    "issued_on": "2026-11-02",
    "due_on": "2026-11-16",
    "net": "1.00",
    "vat": "0.00",
    "gross": "1.00",
    "to_pay": "1.00",
    "has_xml": 0,
    "seller_name": "W",
    "seller_nip": "764",
    "seller_address": "P",
    "buyer_name": "Ż",
    "buyer_address": "P",
}
VIEWS = {
    "ebok_customers": (contract.CUSTOMERS, CUSTOMER),
    "ebok_readings": (contract.READINGS, READING),
    "ebok_meters": (contract.METERS, METER),
    "ebok_invoice_lines": (contract.INVOICE_LINES, LINE),
    "ebok_invoices": (contract.INVOICES, INVOICE),
}

MALFORMED: list[tuple[str, str, Any, str]] = [
    ("ebok_customers", "code", None, "missing"),
    ("ebok_customers", "code", "", "missing"),
    ("ebok_customers", "code", "   ", "missing"),
    ("ebok_customers", "code", "x" * 21, "too_long"),
    ("ebok_customers", "name", None, "missing"),
    ("ebok_customers", "name", "x" * 201, "too_long"),
    ("ebok_customers", "name", "x" * 10_000_000, "too_long"),
    ("ebok_customers", "name", "Żółw\x00", "control_character"),
    ("ebok_customers", "name", "Żółw\x07", "control_character"),
    ("ebok_customers", "name", "\x1b[31mŻółw", "control_character"),
    ("ebok_customers", "name", "\u202ewłóŻ", "control_character"),
    ("ebok_customers", "name", "\ud800", "control_character"),
    ("ebok_customers", "name", "\uffff", "control_character"),
    ("ebok_customers", "name", "\ufffdó\ufffdw", "code_page"),
    ("ebok_customers", "name", "Wodoci\x9cgi", "code_page"),
    ("ebok_customers", "name", b"Zolw", "code_page"),
    ("ebok_customers", "registered_on", None, "missing"),
    ("ebok_customers", "registered_on", "2018-02-31", "date"),
    ("ebok_customers", "registered_on", "31.02.2018", "date"),
    ("ebok_customers", "registered_on", "0000-00-00", "date"),
    ("ebok_customers", "registered_on", "9999-12-31", "date"),
    ("ebok_customers", "registered_on", "1201-03-01", "date"),
    ("ebok_customers", "registered_on", "2918-03-01", "date"),
    ("ebok_customers", "registered_on", date(9999, 12, 31), "date"),
    ("ebok_customers", "registered_on", datetime(2018, 3, 1, 12, 30), "date"),
    ("ebok_customers", "registered_on", "20180301", "date"),
    ("ebok_customers", "registered_on", 43160, "date"),
    ("ebok_customers", "registered_on", [], "date"),
    ("ebok_customers", "einvoice_since", "yesterday", "date"),
    ("ebok_customers", "balance", None, "missing"),
    ("ebok_customers", "balance", "12.345", "decimals"),
    ("ebok_customers", "balance", 12.345, "decimals"),
    ("ebok_customers", "balance", Decimal("12.345"), "decimals"),
    ("ebok_customers", "balance", 0.1 + 0.2, "decimals"),
    ("ebok_customers", "balance", "NaN", "number"),
    ("ebok_customers", "balance", Decimal("NaN"), "number"),
    ("ebok_customers", "balance", float("nan"), "number"),
    ("ebok_customers", "balance", float("inf"), "number"),
    ("ebok_customers", "balance", "-Infinity", "number"),
    ("ebok_customers", "balance", "12,30", "number"),
    ("ebok_customers", "balance", "1 234.50", "number"),
    ("ebok_customers", "balance", "1_234.50", "number"),
    ("ebok_customers", "balance", "12.30 zł", "number"),
    ("ebok_customers", "balance", "", "number"),
    ("ebok_customers", "balance", True, "number"),
    ("ebok_customers", "balance", "١٢.٣٠", "number"),
    ("ebok_customers", "balance", "1000000000000.00", "range"),
    ("ebok_customers", "balance", "1e999999999", "range"),
    ("ebok_customers", "balance", 1e300, "range"),
    ("ebok_customers", "change_no", None, "missing"),
    ("ebok_customers", "change_no", -1, "negative"),
    ("ebok_customers", "removed", None, "missing"),
    ("ebok_customers", "removed", 2, "flag"),
    ("ebok_readings", "customer_code", None, "missing"),
    ("ebok_readings", "reading_value", "-1.000", "negative"),
    ("ebok_readings", "reading_value", -0.001, "negative"),
    ("ebok_readings", "reading_value", "1.0001", "decimals"),
    ("ebok_readings", "reading_method", "telepathy", "unknown_word"),
    ("ebok_readings", "status", "withdrawn", "unknown_word"),
    ("ebok_readings", "status", "Settled", "unknown_word"),
    ("ebok_meters", "role", "heat", "unknown_word"),
    ("ebok_meters", "active", "yes", "flag"),
    ("ebok_meters", "active", 2, "flag"),
    ("ebok_meters", "active", [], "flag"),
    ("ebok_meters", "digits", -5, "negative"),
    ("ebok_meters", "digits", "5.5", "decimals"),
    ("ebok_meters", "digits", 2**64, "range"),
    ("ebok_meters", "installed_value", None, "missing"),
    ("ebok_meters", "customer_code", None, "dangling"),
    ("ebok_invoice_lines", "customer_code", None, "dangling"),
    ("ebok_invoice_lines", "line_no", None, "missing"),
    ("ebok_invoice_lines", "line_no", "one", "number"),
    ("ebok_invoice_lines", "unit_price_net", "4.12345", "decimals"),
    ("ebok_invoices", "kind", "bill", "unknown_word"),
    ("ebok_invoices", "ksef_mode", "sideways", "unknown_word"),
    ("ebok_invoices", "ksef_assigned_at", "at noon", "instant"),
    ("ebok_invoices", "certificate_url", "javascript:alert(1)", "address"),
    ("ebok_invoices", "certificate_url", "http://example.pl/", "address"),
]


@pytest.mark.promise
@pytest.mark.parametrize(("view", "column", "value", "rule"), MALFORMED)
def test_R29_a_malformed_value_sends_its_row_to_the_quarantine_and_no_other(view, column, value, rule):
    table, good = VIEWS[view]
    others = [{**good, table.key[0]: f"a{n}"} for n in range(3)]
    batch = converted(table, *others[:2], {**good, column: value}, others[2])
    assert [(fault.column, fault.rule) for fault in batch.faults] == [(column, rule)]
    assert batch.size == 3
    keys = batch.columns[Converter(table, KEY).columns.index(table.key[0])]
    assert list(keys) == ["a0", "a1", "a2"]


def test_the_malformations_are_many_enough():
    assert len(MALFORMED) >= 60


ODD_BUT_GOOD: list[tuple[str, str, Any, Any]] = [
    ("ebok_customers", "name", "  Żółw  ", "Żółw"),
    ("ebok_customers", "name", "Żółw\r\nLęk\tiwy", "Żółw Lęk iwy"),
    ("ebok_customers", "name", "Żółw\u00a0 i spółka", "Żółw i spółka"),
    ("ebok_customers", "name", "", ""),
    ("ebok_customers", "code", 17, "17"),
    ("ebok_customers", "street", "", None),
    ("ebok_customers", "email", "   ", None),
    ("ebok_customers", "einvoice_since", "9999-12-31", None),
    ("ebok_customers", "einvoice_since", date(9999, 12, 31), None),
    ("ebok_customers", "registered_on", date(2018, 3, 1), "2018-03-01"),
    ("ebok_customers", "registered_on", datetime(2018, 3, 1), "2018-03-01"),
    ("ebok_customers", "registered_on", "2018-03-01 00:00:00", "2018-03-01"),
    ("ebok_customers", "registered_on", "2024-02-29", "2024-02-29"),
    ("ebok_customers", "balance", "-0.05", -5),
    ("ebok_customers", "balance", "12.3", 1230),
    ("ebok_customers", "balance", "12.3000", 1230),
    ("ebok_customers", "balance", 12, 1200),
    ("ebok_customers", "balance", 12.3, 1230),
    ("ebok_customers", "balance", 999999999999.99, 99999999999999),
    ("ebok_customers", "balance", Decimal("12.30"), 1230),
    ("ebok_customers", "balance", Decimal("1.2E+1"), 1200),
    ("ebok_customers", "balance", "-999999999999.99", -99999999999999),
    ("ebok_readings", "reading_value", Decimal("0"), 0),
    ("ebok_readings", "consumption_m3", "-0.001", -1),
    ("ebok_meters", "active", True, 1),
    ("ebok_meters", "active", Decimal(1), 1),
    ("ebok_meters", "digits", "5", 5),
    ("ebok_meters", "digits", Decimal("5"), 5),
    ("ebok_invoices", "ksef_assigned_at", "2026-11-24 06:15:00", "2026-11-24T06:15:00.000Z"),
    ("ebok_invoices", "ksef_assigned_at", datetime(2026, 11, 24, 6, 15, 0, 999), "2026-11-24T06:15:00.000Z"),
    ("ebok_invoices", "ksef_assigned_at", "2026-11-24T07:15:00+01:00", "2026-11-24T06:15:00.000Z"),
    ("ebok_invoices", "certificate_url", "https://qr.ksef.mf.gov.pl/x", "https://qr.ksef.mf.gov.pl/x"),
]


@pytest.mark.parametrize(("view", "column", "value", "expected"), ODD_BUT_GOOD)
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside_plain_rows"])
def test_an_odd_value_is_put_right(view, column, value, expected, beside):
    table, good = VIEWS[view]
    rows = [{**good, column: value}]
    if beside:
        rows += [{**good, table.key[0]: f"a{n}"} for n in range(2)]
    batch = converted(table, *rows)
    assert batch.faults == []
    found = batch.columns[Converter(table, KEY).columns.index(column)][0]
    assert (int(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize("places", [2, 3, 4])
def test_every_form_of_a_number_gives_the_same_whole_number(places):
    column = {
        2: ("ebok_customers", "balance"),
        3: ("ebok_readings", "consumption_m3"),
        4: ("ebok_invoice_lines", "unit_price_net"),
    }
    view, name = column[places]
    table, good = VIEWS[view]
    whole = [*range(-300, 300), 10**9 + 1, 10**12 + 7, -(10**13) + 3, 29_999_999_999_999]
    for form in (
        lambda n: f"{Decimal(n).scaleb(-places):.{places}f}",
        lambda n: Decimal(n).scaleb(-places),
        lambda n: float(Decimal(n).scaleb(-places)),
    ):
        rows = [{**good, table.key[0]: f"k{n}", name: form(n)} for n in whole]
        batch = converted(table, *rows)
        assert batch.faults == []
        found = batch.columns[Converter(table, KEY).columns.index(name)]
        assert [int(n) for n in found] == whole


def test_a_tombstone_needs_nothing_but_its_key():
    batch = converted(contract.READINGS, READING, {"id": "r2", "removed": 1}, {"id": None, "removed": 1})
    assert (batch.size, batch.gone, batch.faults) == (1, [("r2",)], [])
    assert batch.highest == 3


def test_a_broken_row_with_a_good_key_is_spared_in_the_copy():
    batch = converted(contract.READINGS, {**READING, "read_on": "2026-02-31"}, {**READING, "id": None})
    assert (batch.size, batch.spared) == (0, [("r1",)])
    assert {fault.key for fault in batch.faults} == {"r1", ""}
    assert {fault.customer_code for fault in batch.faults} == {"1-00001"}


def test_broken_rows_among_tombstones_keep_their_places():
    batch = converted(
        contract.READINGS,
        {"id": "gone", "removed": 1},
        READING,
        {**READING, "id": "odd", "removed": 7},
        {**READING, "id": "bad", "reading_value": "-1"},
    )
    assert {(f.key, f.rule) for f in batch.faults} == {("odd", "flag"), ("bad", "negative")}
    assert (batch.size, batch.gone) == (1, [("gone",)])


def test_the_personal_number_becomes_an_hmac():
    row = copied(contract.CUSTOMERS, **CUSTOMER, pesel="02070803628")
    assert row["pesel_hmac"] == secret_hmac(KEY, "02070803628")
    assert "02070803628" not in str(row)
    assert secret_hmac("other" * 10, "02070803628") != row["pesel_hmac"]


def test_the_sample_of_a_fault_shows_no_value():
    batch = converted(contract.CUSTOMERS, {**CUSTOMER, "balance": "Jan Kowalski 44,10 zł"})
    assert batch.faults[0].sample == "aaa aaaaaaaa 99,99 aa"
    assert shape(None) == "" and shape("x" * 50) == "a" * 40 + "…" and shape("a\x00b") == "a?a"


def test_search_texts_are_those_of_the_search_key():
    texts = ["R. 2019/000001", "Łąkowa 4 m. 2", None, "", "ŻÓŁĆ_ß İ", "ﬁ ½ Ⅷ ٣", "a-b\u00adc", "Ça va", "О'Нілл"]
    whole = search_texts([texts, list(reversed(texts))])
    assert whole == [
        f"{search_key(a or '')} {search_key(b or '')}" for a, b in zip(texts, reversed(texts), strict=True)
    ]


def test_an_empty_chunk_is_no_row():
    assert Converter(contract.CUSTOMERS, KEY)([], []).size == 0
