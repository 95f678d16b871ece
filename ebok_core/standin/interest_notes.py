"""Charges interest on overdue documents by notes. Rates and counting: `interest.py` (billing.md §8)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

import sqlalchemy as sa

from ebok_core.standin import accounts, billing, interest, numbering, paying
from ebok_core.standin.billing import Draft
from ebok_core.standin.database import Work, is_owed, tables, work
from ebok_core.standin.settlement import insert_document

LEDGER, CHARGED = "ebok_ledger", "standin_interest"
PRINCIPAL = ("invoice", "correction")
"""Interest bears no interest, and neither does the cost of a demand (§8.4 rule 6)."""


def accrue_interest(engine: sa.Engine, as_of: date, schema: str | None = None) -> list[str]:
    """Make one note for each customer with overdue documents, for the days up to `as_of`; returns the notes' numbers.

    Days that an earlier note charged are not charged again, so a second call on the same day makes nothing.
    """
    ledger = tables(schema)[LEDGER]
    overdue = (
        sa.select(ledger.c.customer_code, ledger.c.document_number)
        .where(is_owed(ledger), ledger.c.due_on < as_of, ledger.c.kind.in_(PRINCIPAL), ledger.c.removed == 0)
        .order_by(ledger.c.customer_code, ledger.c.due_on, ledger.c.id)
    )
    with engine.connect() as connection:
        found = connection.execute(overdue).all()
    notes = []
    for customer_code, rows in groupby(found, key=lambda row: row.customer_code):
        with work(engine, schema) as at_work:
            note = charge_customer(at_work, customer_code, [row.document_number for row in rows], as_of)
            notes += [note] if note else []
    return notes


def charge_customer(at_work: Work, customer_code: str, documents: list[str], as_of: date) -> str | None:
    """Make a note of the interest on a customer's documents; None when it comes to nothing."""
    customer = at_work.get(accounts.CUSTOMERS, code=customer_code)
    rates = interest.COMMERCIAL if customer and customer["nip"] else interest.CONSUMER
    drafts: list[Draft] = []
    for document in documents:
        drafts += _drafts(at_work, customer_code, document, as_of, rates)
    bill = billing.total(drafts)
    if bill.gross <= 0:
        return None
    series = f"{numbering.INTEREST_NOTE} {as_of.year}"
    number = f"{series}/{at_work.next_number(series):06d}"
    due_on = as_of + timedelta(days=paying.NOTE_TERM)
    insert_document(at_work, number, "interest_note", customer_code, as_of, due_on, bill)
    accounts.post(
        at_work,
        customer_code,
        "interest",
        as_of,
        billing.zloty(bill.gross),
        f"Nota odsetkowa {number}",
        document_number=number,
        due_on=due_on,
    )
    for document in documents:
        _remember(at_work, document, as_of)
    accounts.allocate(at_work, customer_code)
    return number


def _drafts(at_work: Work, customer_code: str, document: str, as_of: date, rates: interest.Rates) -> list[Draft]:
    ledger, charged = at_work.tables[LEDGER], at_work.tables[CHARGED]
    entry = at_work.first(
        sa.select(ledger).where(
            ledger.c.customer_code == customer_code,
            ledger.c.document_number == document,
            ledger.c.kind.in_(PRINCIPAL),
            ledger.c.removed == 0,
        )
    )
    if entry is None or entry["to_pay"] <= 0:
        return []
    before = at_work.first(sa.select(charged.c.charged_to).where(charged.c.document_number == document))
    parts = interest.segments(
        entry["amount"],
        entry["due_on"],
        as_of,
        rates=rates,
        payments=_payments(at_work, document),
        charged_to=before["charged_to"] if before else None,
    )
    return paying.interest_drafts(document, parts)


def _payments(at_work: Work, document: str) -> list[tuple[date, Decimal]]:
    """What lowered a document: day and amount of each allocation to it."""
    allocations, ledger = at_work.tables[accounts.ALLOCATIONS], at_work.tables[LEDGER]
    found = at_work.rows(
        sa.select(ledger.c.posted_on, allocations.c.amount)
        .join(ledger, ledger.c.id == allocations.c.payment_id)
        .where(allocations.c.document_number == document, allocations.c.removed == 0)
    )
    return [(row["posted_on"], row["amount"]) for row in found]


def _remember(at_work: Work, document: str, day: date) -> None:
    charged = at_work.tables[CHARGED]
    key = charged.c.document_number == document
    if at_work.connection.execute(charged.update().where(key).values(charged_to=day)).rowcount == 0:
        at_work.connection.execute(charged.insert(), {"document_number": document, "charged_to": day})
