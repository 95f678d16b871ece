"""Overdue amounts become interest notes (L81, billing.md §8)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ebok_core.standin.office import accrue_interest, process_inbox

TODAY = date(2026, 11, 24)
ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def _new_notes(tytan, customer):
    return [
        row
        for row in tytan.rows("ebok_invoices", customer_code=customer, kind="interest_note")
        if row["issued_on"] >= TODAY
    ]


def test_days_that_were_charged_are_not_charged_again(tytan):
    """A's note of 30 October charged 31 days; from there the rest of 10.97 bears 0.28 grosze a day."""
    numbers = accrue_interest(tytan.engine, date(2027, 1, 23))
    (note,) = _new_notes(tytan, "1-01001")
    assert note["number"] in numbers and note["gross"] == Decimal("0.24")  # 10.97 × 9.25 % × 85 / 365
    (line,) = tytan.rows("ebok_invoice_lines", invoice_number=note["number"])
    assert (line["quantity"], line["vat_rate"], line["vat"]) == (85, "np", 0)
    assert "R. 2026/000412" in line["name"]
    assert tytan.balance("1-01001") == Decimal("29.44") == tytan.ledger_sum("1-01001")
    entry = tytan.row("ebok_ledger", document_number=note["number"])
    assert (entry["kind"], entry["to_pay"], entry["due_on"]) == ("interest", Decimal("0.24"), date(2027, 2, 6))
    assert accrue_interest(tytan.engine, date(2027, 1, 23)) == []


@ON_SQLITE
def test_who_owes_nothing_overdue_gets_no_note(tytan):
    accrue_interest(tytan.engine, TODAY)
    assert _new_notes(tytan, "1-01002") == [] == _new_notes(tytan, "1-01004")


@ON_SQLITE
def test_interest_bears_no_interest(tytan):
    """Once the invoice is paid, the note and the demand stay as they are."""
    payload = {
        "amount": "10.97",
        "paid_on": "2026-11-24",
        "allocations": [{"document_number": "R. 2026/000412", "amount": "10.97"}],
    }
    tytan.send("payment.received", payload)
    process_inbox(tytan.engine)
    accrue_interest(tytan.engine, date(2027, 3, 1))
    assert _new_notes(tytan, "1-01001") == []


@ON_SQLITE
def test_firms_pay_the_commercial_rate(tytan):
    debtor = next(row for row in tytan.rows("ebok_customers", status="Windykacja") if row["nip"])
    accrue_interest(tytan.engine, date(2026, 12, 30))
    (note,) = _new_notes(tytan, debtor["code"])
    lines = tytan.rows("ebok_invoice_lines", invoice_number=note["number"])
    assert lines and all("13,75%" in line["name"] for line in lines)
    assert note["gross"] == sum(line["gross"] for line in lines)
    assert tytan.balance(debtor["code"]) == tytan.ledger_sum(debtor["code"])
