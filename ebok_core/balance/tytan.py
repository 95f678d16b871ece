"""The copy as the balance's pages read it: small typed rows and the statements that fill them, built once.

Each NamedTuple's fields stand in the order of its statement's columns. `tytan.reads` adds the viewer's customers.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from ebok_core.tytan import copy, state

from .rules import Allocation, Entry

_c, _l, _a = copy.customers.c, copy.ledger.c, copy.payment_allocations.c
_i, _n, _k = copy.invoices.c, copy.invoice_lines.c, copy.contracts.c

# What the list of payments shows: money that came, that went back, and that was moved here (L112).
MONEY = ("payment", "refund", "overpayment")


class Holder(NamedTuple):
    """Whose account it is; `balance` in złoty, positive is owed, `nip` tells a business."""

    code: str
    name: str
    nip: str | None
    individual_account: str | None
    balance: Decimal


class OpenEntry(NamedTuple):
    """An entry with something left, of any of the viewer's customers; amounts in złoty, signed."""

    customer_code: str
    id: str
    kind: str
    document_number: str | None
    posted_on: date
    due_on: date | None
    amount: Decimal
    to_pay: Decimal
    title: str


class SetOff(NamedTuple):
    """What lowered a document, and on which day the money came."""

    document_number: str
    amount: Decimal
    posted_on: date


class NoteLine(NamedTuple):
    """A line of an interest note: what for and at which rate, for how many days, the amount in złoty (L81)."""

    invoice_number: str
    issued_on: date
    name: str
    unit: str
    quantity: Decimal
    gross: Decimal


class PaymentRow(NamedTuple):
    """A payment, a refund or a transferred overpayment; amounts as in the ledger, `to_pay` is set against nothing."""

    id: str
    kind: str
    posted_on: date
    amount: Decimal
    to_pay: Decimal
    method: str | None
    title: str


class Year(NamedTuple):
    """The payments of a year: how many, what came in, what was paid back, in złoty (L113)."""

    year: int
    count: int
    paid: Decimal
    returned: Decimal


class AccountOfDocument(NamedTuple):
    """The account of the contract that a document belongs to, where the utility keeps one per contract (L35)."""

    number: str
    individual_account: str


def _columns(table: sa.Table, row: type) -> list[sa.Column]:
    return [table.c[name] for name in row._fields]  # type: ignore[attr-defined]


HOLDER = sa.select(*_columns(copy.customers, Holder))
OPEN_ENTRIES = sa.select(*_columns(copy.ledger, OpenEntry)).where(_l.to_pay != 0).order_by(_l.posted_on, _l.id)
ENTRIES = sa.select(*_columns(copy.ledger, Entry)).order_by(_l.posted_on, _l.id)
ALLOCATIONS = sa.select(*_columns(copy.payment_allocations, Allocation))
SET_OFFS = (
    sa.select(_a.document_number, _a.amount, _l.posted_on)
    .join_from(copy.payment_allocations, copy.ledger, _l.id == _a.payment_id)
    .where(_a.document_number.in_(sa.bindparam("numbers", expanding=True)))
    .order_by(_l.posted_on, _l.id)
)
NOTE_LINES = (
    sa.select(_n.invoice_number, _i.issued_on, _n.name, _n.unit, _n.quantity, _n.gross)
    .join_from(copy.invoice_lines, copy.invoices, _i.number == _n.invoice_number)
    .where(_i.kind == "interest_note")
    .order_by(_n.invoice_number, _n.line_no)
)
PAYMENTS = sa.select(*_columns(copy.ledger, PaymentRow)).where(_l.kind.in_(MONEY))
PAYMENT = PAYMENTS.where(_l.id == sa.bindparam("id"))
SET_AGAINST = (
    sa.select(*_columns(copy.payment_allocations, Allocation))
    .where(_a.payment_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_a.payment_id, _a.document_number)
)
_YEAR = sa.extract("year", _l.posted_on)
YEARS = (
    sa.select(
        _YEAR,
        sa.func.count(),
        -sa.func.sum(sa.case((_l.amount < 0, _l.amount), else_=sa.literal(Decimal(0), _l.amount.type))),
        sa.func.sum(sa.case((_l.amount > 0, _l.amount), else_=sa.literal(Decimal(0), _l.amount.type))),
    )
    .where(_l.kind.in_(MONEY))
    .group_by(_YEAR)
    .order_by(_YEAR.desc())
)
CONTRACT_ACCOUNTS = (
    sa.select(_i.number, _k.individual_account)
    .join_from(copy.invoices, copy.contracts, _k.number == _i.contract_number)
    .where(_i.number.in_(sa.bindparam("numbers", expanding=True)), _k.individual_account.is_not(None))
)

# No row of the copy: the caller binds the viewer's customers itself.
HELD_BACK = sa.select(state.held.c.customer_code).where(
    state.held.c.customer_code.in_(sa.bindparam("codes", expanding=True))
)
DOUBTFUL = sa.select(state.held.c.customer_code, state.held.c.reason, state.held.c.since).order_by(
    state.held.c.since, state.held.c.customer_code
)
