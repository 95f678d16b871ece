"""A customer's account at the office: what is open, how money is allocated, what the balance is. Amounts in złoty.

Every entry keeps `to_pay` = amount less what was allocated to it (a charge) or from it (a credit, negative). Charges
are `invoice`, `interest`, `payment_demand`; credits are `payment`, `overpayment`, `correction` below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from ebok_core.standin.database import Work

LEDGER, INVOICES, CUSTOMERS, ALLOCATIONS = (
    "ebok_ledger",
    "ebok_invoices",
    "ebok_customers",
    "ebok_payment_allocations",
)
ZERO = Decimal("0.00")


def post(work: Work, customer_code: str, kind: str, day: date, amount: Decimal, title: str, **more: object) -> str:
    """Add an entry to the ledger with all of it open; returns its id. The balance waits for `update_balance`."""
    entry = f"K{work.next_number('ledger'):09d}"
    work.insert(
        LEDGER,
        id=entry,
        customer_code=customer_code,
        kind=kind,
        posted_on=day,
        amount=amount,
        to_pay=amount,
        title=title,
        **more,
    )
    return entry


def open_entries(work: Work, customer_code: str) -> tuple[list[sa.RowMapping], list[sa.RowMapping]]:
    """The open charges, the earliest due first, and the open credits, the earliest posted first."""
    ledger = work.tables[LEDGER]
    found = work.rows(
        sa.select(ledger)
        .where(ledger.c.customer_code == customer_code, ledger.c.to_pay != 0, ledger.c.removed == 0)
        .order_by(sa.func.coalesce(ledger.c.due_on, ledger.c.posted_on), ledger.c.posted_on, ledger.c.id)
    )
    return [row for row in found if row["to_pay"] > 0], [row for row in found if row["to_pay"] < 0]


def allocate(work: Work, customer_code: str, wanted: Sequence[tuple[str, Decimal]] = ()) -> None:
    """Let the open credits pay the open charges, then update the balance.

    The payer's own wish comes first (art. 451 KC, billing.md §9.2): `wanted` are documents and amounts; then the
    earliest due. What is left of a credit stays an overpayment.
    """
    charges, credits = open_entries(work, customer_code)
    left = {row["document_number"]: row["to_pay"] for row in charges}
    entry_of = {row["document_number"]: row["id"] for row in charges}
    wishes = [*wanted, *left.items()]
    for credit in credits:
        money = -credit["to_pay"]
        for document, wish in wishes:
            part = min(money, wish, left.get(document, ZERO))
            if part > 0:
                left[document] -= part
                money -= part
                add_allocation(work, credit["id"], document, part)
                set_to_pay(work, entry_of[document], document, left[document])
        if money != -credit["to_pay"]:
            set_to_pay(work, credit["id"], credit["document_number"], -money)
    update_balance(work, customer_code)


def add_allocation(work: Work, payment_id: str, document_number: str, amount: Decimal) -> None:
    """Allocate (or, below zero, take back) money of an entry for a document; nothing left removes the row."""
    table = work.tables[ALLOCATIONS]
    key: dict[str, object] = {"payment_id": payment_id, "document_number": document_number}
    row = work.first(sa.select(table).filter_by(**key))
    if row is None:
        work.insert(ALLOCATIONS, **key, amount=amount)
        return
    before = ZERO if row["removed"] else row["amount"]
    work.update(ALLOCATIONS, key, amount=before + amount, removed=int(before + amount == 0))


def set_to_pay(work: Work, entry_id: str, document_number: str | None, to_pay: Decimal) -> None:
    """Say what is left of an entry, in the ledger and on the document itself."""
    work.update(LEDGER, {"id": entry_id}, to_pay=to_pay)
    if document_number and work.get(INVOICES, number=document_number):
        work.update(INVOICES, {"number": document_number}, to_pay=to_pay)


def update_balance(work: Work, customer_code: str) -> None:
    """`balance = sum(to_pay)`: the rule that the refresh checks."""
    ledger = work.tables[LEDGER]
    total = sa.select(sa.func.coalesce(sa.func.sum(ledger.c.to_pay), 0)).where(
        ledger.c.customer_code == customer_code, ledger.c.to_pay != 0, ledger.c.removed == 0
    )
    balance = round(Decimal(str(work.connection.execute(total).scalar_one())), 2)
    customer = work.get(CUSTOMERS, code=customer_code)
    if customer is not None and customer["balance"] != balance:
        work.update(CUSTOMERS, {"code": customer_code}, balance=balance)
