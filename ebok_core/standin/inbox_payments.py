"""Payments and refunds that the portal reports. Amounts are text in złoty ("10.97"). Source: billing.md §9.2."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa

from ebok_core.standin import accounts
from ebok_core.standin.accounts import LEDGER
from ebok_core.standin.database import Work
from ebok_core.standin.messages import (
    DUPLICATE,
    NOT_ALLOWED,
    UNKNOWN_OBJECT,
    Message,
    Unreadable,
    Verdict,
    accepted,
    amount_of,
    rejected,
)

METHOD = "płatność internetowa"
REFUND_SERIES = "ZW"


def receive(work: Work, message: Message) -> Verdict:
    """`payment.received` v1: `{"amount": "28.34", "paid_on": date, "title"?: str, "method"?: str,
    "allocations"?: [{"document_number": str, "amount": str}]}`. Booked whole: the named documents first, then the
    earliest due, the rest an overpayment.
    """
    amount, day = message.amount("amount"), message.day("paid_on")
    wanted = _wanted(message)
    if _by_message(work, message, message.message_id):
        return rejected(DUPLICATE, "Wpłata została już zaksięgowana.")
    entry = accounts.post(
        work,
        message.customer_code or "",
        "payment",
        day,
        -amount,
        str(message.payload.get("title") or "Wpłata")[:200],
        method=str(message.payload.get("method") or METHOD)[:40],
        message_id=message.message_id,
    )
    accounts.allocate(work, message.customer_code or "", wanted)
    return accepted(entry)


def _wanted(message: Message) -> list[tuple[str, Decimal]]:
    items = message.payload.get("allocations") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Unreadable("pole „allocations” nie jest listą")
    return [(str(item.get("document_number")), amount_of(item.get("amount"), "amount")) for item in items]


def refund(work: Work, message: Message) -> Verdict:
    """`payment.refunded` v1: `{"payment_message_id": str, "amount": str, "refunded_on": date}`.

    The money comes from what is left of that payment, then from the documents it paid, the latest allocation first;
    those are open again.
    """
    amount, day = message.amount("amount"), message.day("refunded_on")
    payment = _by_message(work, message, message.text("payment_message_id"))
    if payment is None or payment["kind"] != "payment":
        return rejected(UNKNOWN_OBJECT, "Nie znaleziono wpłaty, której dotyczy zwrot.")
    if amount > -payment["amount"] - _refunded(work, payment):
        return rejected(NOT_ALLOWED, "Zwrot jest większy niż wpłata.")
    number = f"{REFUND_SERIES} {day.year}/{work.next_number(f'{REFUND_SERIES} {day.year}'):06d}"
    missing = amount + payment["to_pay"]
    if missing > 0:
        _take_back(work, payment, missing)
    accounts.add_allocation(work, payment["id"], number, amount)
    work.update(LEDGER, {"id": payment["id"]}, to_pay=min(payment["to_pay"] + amount, accounts.ZERO))
    entry = accounts.post(
        work,
        payment["customer_code"],
        "refund",
        day,
        amount,
        "Zwrot wpłaty",
        method=METHOD,
        document_number=number,
        message_id=message.message_id,
    )
    work.update(LEDGER, {"id": entry}, to_pay=accounts.ZERO)
    accounts.allocate(work, payment["customer_code"])
    return accepted(entry)


def _by_message(work: Work, message: Message, message_id: str) -> sa.RowMapping | None:
    """The entry of the message's customer that another message brought."""
    ledger = work.tables[LEDGER]
    return work.first(
        sa.select(ledger).where(
            ledger.c.customer_code == message.customer_code, ledger.c.message_id == message_id, ledger.c.removed == 0
        )
    )


def _refunded(work: Work, payment: sa.RowMapping) -> Decimal:
    return sum((row["amount"] for row in _allocations(work, payment, refunds=True)), accounts.ZERO)


def _allocations(work: Work, payment: sa.RowMapping, *, refunds: bool) -> list[sa.RowMapping]:
    """What a payment was allocated to, the latest first: refunds, or documents."""
    table, ledger = work.tables[accounts.ALLOCATIONS], work.tables[LEDGER]
    kind = ledger.c.kind == "refund" if refunds else ledger.c.kind != "refund"
    return work.rows(
        sa.select(table, ledger.c.id.label("entry_id"), ledger.c.to_pay)
        .join(ledger, ledger.c.document_number == table.c.document_number)
        .where(
            table.c.payment_id == payment["id"],
            table.c.removed == 0,
            kind,
            ledger.c.amount > 0,
            ledger.c.customer_code == payment["customer_code"],
        )
        .order_by(table.c.change_no.desc())
    )


def _take_back(work: Work, payment: sa.RowMapping, amount: Decimal) -> None:
    """Open documents again that a payment has paid, for an amount."""
    for row in _allocations(work, payment, refunds=False):
        part = min(amount, row["amount"])
        if part > 0:
            accounts.add_allocation(work, payment["id"], row["document_number"], -part)
            accounts.set_to_pay(work, row["entry_id"], row["document_number"], row["to_pay"] + part)
            amount -= part
