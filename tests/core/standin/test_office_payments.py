"""Payments and refunds at the back office: grosze always add up (R25, billing.md §9.2)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebok_core.standin.office import process_inbox

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
INVOICE, NOTE, DEMAND = "R. 2026/000412", "NO 2026/000077", "W 2026/000131"


def _pay(tytan, amount, customer="1-01001", **more):
    message = tytan.send("payment.received", {"amount": amount, "paid_on": "2026-11-24", **more}, customer)
    process_inbox(tytan.engine)
    return message


def _refund(tytan, payment, amount, customer="1-01001"):
    payload = {"payment_message_id": payment, "amount": amount, "refunded_on": "2026-11-24"}
    message = tytan.send("payment.refunded", payload, customer)
    process_inbox(tytan.engine)
    return tytan.result(message)


def _left(tytan):
    return [tytan.row("ebok_invoices", number=number)["to_pay"] for number in (INVOICE, NOTE, DEMAND)]


def _holds(tytan, customer="1-01001"):
    """Every entry's rest is its amount less the allocations, and the balance is the sum of the rests."""
    allocations = tytan.allocations(customer)
    invoices = {row["number"]: row for row in tytan.rows("ebok_invoices", customer_code=customer)}
    for entry in tytan.rows("ebok_ledger", customer_code=customer):
        to = sum(row["amount"] for row in allocations if row["document_number"] == entry["document_number"])
        off = sum(row["amount"] for row in allocations if row["payment_id"] == entry["id"])
        assert entry["to_pay"] == entry["amount"] + (off if entry["amount"] < 0 else -to)
        if entry["document_number"] and entry["kind"] != "refund":
            assert invoices[entry["document_number"]]["to_pay"] == entry["to_pay"]
    assert tytan.balance(customer) == tytan.ledger_sum(customer)


def test_the_whole_balance_is_paid(tytan):
    message = _pay(tytan, "29.20", title="Klient 1-01001 saldo", method="payu")
    entry = tytan.row("ebok_ledger", message_id=message)
    assert (entry["kind"], entry["amount"], entry["to_pay"]) == ("payment", Decimal("-29.20"), Decimal("0.00"))
    assert (entry["posted_on"], entry["title"], entry["method"]) == (date(2026, 11, 24), "Klient 1-01001 saldo", "payu")
    assert tytan.result(message)["reference"] == entry["id"]
    assert _left(tytan) == [0, 0, 0] and tytan.balance("1-01001") == 0
    _holds(tytan)


@ON_SQLITE
def test_the_earliest_due_is_paid_first(tytan):
    _pay(tytan, "11.00")
    assert _left(tytan) == [0, Decimal("0.83"), Decimal("17.37")]
    _holds(tytan)


@ON_SQLITE
def test_the_payer_says_what_for(tytan):
    _pay(tytan, "18.00", allocations=[{"document_number": DEMAND, "amount": "17.37"}])
    assert _left(tytan) == [Decimal("10.34"), Decimal("0.86"), 0]
    _holds(tytan)


@ON_SQLITE
def test_what_is_too_much_is_an_overpayment(tytan):
    message = _pay(tytan, "50.00")
    assert tytan.row("ebok_ledger", message_id=message)["to_pay"] == Decimal("-20.80")
    assert tytan.balance("1-01001") == Decimal("-20.80")
    _holds(tytan)


@ON_SQLITE
def test_a_document_that_was_paid_meanwhile_makes_an_overpayment(tytan):
    named = [{"document_number": INVOICE, "amount": "10.97"}]
    _pay(tytan, "29.20")
    second = _pay(tytan, "10.97", allocations=named)
    assert tytan.row("ebok_ledger", message_id=second)["to_pay"] == Decimal("-10.97")
    _holds(tytan)


@ON_SQLITE
def test_delivered_twice_booked_once(tytan):
    _pay(tytan, "10.00")
    process_inbox(tytan.engine)
    assert tytan.balance("1-01001") == Decimal("19.20")


def test_a_refund_opens_what_the_payment_had_paid(tytan):
    payment = _pay(tytan, "50.00")
    first = _refund(tytan, payment, "20.80")
    assert first["status"] == "accepted" and tytan.balance("1-01001") == 0
    second = _refund(tytan, payment, "18.00")
    assert second["status"] == "accepted"
    assert _left(tytan) == [0, Decimal("0.63"), Decimal("17.37")]
    refund = tytan.row("ebok_ledger", id=second["reference"])
    assert (refund["kind"], refund["amount"], refund["to_pay"]) == ("refund", Decimal("18.00"), Decimal("0.00"))
    _holds(tytan)


@ON_SQLITE
def test_no_refund_beyond_the_payment(tytan):
    payment = _pay(tytan, "10.00")
    assert _refund(tytan, payment, "10.01")["reason_code"] == "not_allowed"
    assert _refund(tytan, payment, "6.00")["status"] == "accepted"
    assert _refund(tytan, payment, "4.01")["reason_code"] == "not_allowed"
    assert _refund(tytan, payment, "4.00")["status"] == "accepted"
    assert tytan.balance("1-01001") == Decimal("29.20")
    _holds(tytan)


@ON_SQLITE
def test_no_refund_of_somebody_else_s_payment(tytan):
    payment = _pay(tytan, "10.00")
    assert _refund(tytan, payment, "1.00", "1-01002")["reason_code"] == "unknown_object"
    assert _refund(tytan, "01900000-0000-7000-8000-999999999999", "1.00")["reason_code"] == "unknown_object"


@ON_SQLITE
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4000)), min_size=1, max_size=5))
def test_any_series_of_payments_and_refunds_adds_up(tytan, moves):
    """Each example goes on from the last one's account."""
    before, paid, back, message = tytan.balance("1-01001"), 0, 0, None
    for refunds, grosze in moves:
        amount = f"{grosze // 100}.{grosze % 100:02d}"
        if refunds and message:
            back += grosze if _refund(tytan, message, amount)["status"] == "accepted" else 0
        else:
            message = _pay(tytan, amount)
            paid += grosze
    assert tytan.balance("1-01001") == before - Decimal(paid - back).scaleb(-2)
    _holds(tytan)
