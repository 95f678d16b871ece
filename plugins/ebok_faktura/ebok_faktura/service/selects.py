"""What e-Faktura's pages read of the copy: small typed rows and the selects that fill them, built once."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from ebok_core.db import at_most
from ebok_core.tytan import copy

from ..rules import BILLS, COUNTED_NOWHERE


class DocumentRow(NamedTuple):
    """A document (`ebok_invoices`); amounts in złoty, `to_pay` is what is left."""

    number: str
    kind: str
    point_code: str | None
    contract_number: str | None
    issued_on: date
    due_on: date
    period_from: date | None
    period_to: date | None
    net: Decimal
    vat: Decimal
    gross: Decimal
    to_pay: Decimal
    corrected_invoice: str | None
    correction_reason: str | None
    ksef_number: str | None
    ksef_assigned_at: datetime | None
    ksef_mode: str | None
    has_xml: bool
    seller_name: str
    seller_nip: str
    buyer_name: str
    buyer_nip: str | None
    buyer_address: str


class ListRow(NamedTuple):
    """A document as the lists show it; amounts in złoty."""

    number: str
    kind: str
    issued_on: date
    due_on: date
    gross: Decimal
    to_pay: Decimal
    corrected_invoice: str | None
    has_xml: bool


class LineRow(NamedTuple):
    """A line of a document (`ebok_invoice_lines`); the price net for one unit, states in m³."""

    invoice_number: str
    line_no: int
    name: str
    unit: str
    quantity: Decimal
    unit_price_net: Decimal
    net: Decimal
    vat_rate: str
    vat: Decimal
    gross: Decimal
    meter_id: str | None
    value_from: Decimal | None
    value_to: Decimal | None
    read_from: date | None
    read_to: date | None
    estimated: bool | None


class SettledRow(NamedTuple):
    """What lowered a document: a payment, an overpayment or a correction; `amount` in złoty, positive."""

    kind: str
    posted_on: date
    method: str | None
    document_number: str | None
    amount: Decimal


class ChargeRow(NamedTuple):
    """A line of an interest note or of a demand, with its document."""

    document_number: str
    kind: str
    posted_on: date
    name: str
    gross: Decimal


class NumberRow(NamedTuple):
    """The number of a document that is there."""

    number: str


class AccountRow(NamedTuple):
    """A bank account to pay to."""

    number: str | None


class OpenRow(NamedTuple):
    """Open documents of one kind together; `is_credit` is 1 where they wait to be set off."""

    kind: str
    is_credit: int
    count: int
    left: Decimal


class NewestRow(NamedTuple):
    """One of the newest documents, with what the start page says of all of them: counts, sum left, oldest due date."""

    number: str
    kind: str
    due_on: date
    gross: Decimal
    to_pay: Decimal
    recent: int
    unpaid: int
    left: Decimal
    late: int
    first_due_on: date | None


class MonthRow(NamedTuple):
    """Amounts of one kind in a month, in złoty."""

    kind: str
    year: int
    month: int
    amount: Decimal


_i, _l, _e, _a = copy.invoices.c, copy.invoice_lines.c, copy.ledger.c, copy.payment_allocations.c
_customer, _contract = copy.customers.c, copy.contracts.c
_number = sa.bindparam("number", type_=sa.String)
_corrected = sa.bindparam("corrected", type_=sa.String)
_first, _last = sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date)
_day = sa.bindparam("day", type_=sa.Date)

DOCUMENTS = sa.select(*(_i[name] for name in DocumentRow._fields))
DOCUMENT = DOCUMENTS.where(_i.number == _number)
KNOWN = sa.select(_i.number).where(_i.number.in_(sa.bindparam("numbers", expanding=True)))
# Corrections of a document, what it corrects with its other corrections, and the bills a year before it.
RELATED = DOCUMENTS.where(
    _i.number != _number,
    sa.or_(
        _i.corrected_invoice == _number,
        _i.number == _corrected,
        _i.corrected_invoice == _corrected,
        sa.and_(
            _i.point_code == sa.bindparam("point", type_=sa.String),
            _i.kind.in_(sorted(BILLS)),
            _i.period_to >= _first,
            _i.period_to <= _last,
        ),
    ),
).order_by(_i.issued_on, _i.number)
# The lines of documents, and of the corrections of one of them (the bill a year before, as it stands today).
LINES = (
    sa.select(*(_l[name] for name in LineRow._fields))
    .join_from(copy.invoice_lines, copy.invoices, _l.invoice_number == _i.number)
    .where(
        sa.or_(
            _i.number.in_(sa.bindparam("numbers", expanding=True)),
            _i.corrected_invoice == sa.bindparam("with_corrections", type_=sa.String),
        )
    )
    .order_by(_i.issued_on, _l.invoice_number, _l.line_no)
)
SETTLED_BY = (
    sa.select(_e.kind, _e.posted_on, _e.method, _e.document_number, _a.amount)
    .join_from(copy.payment_allocations, copy.ledger, _a.payment_id == _e.id)
    .where(_a.document_number == _number)
    .order_by(_e.posted_on, _e.id)
)
# Interest that names a document, and demands written after its due date.
CHARGED_FOR = (
    sa.select(_e.document_number, _e.kind, _e.posted_on, _l.name, _l.gross)
    .join_from(copy.ledger, copy.invoice_lines, _e.document_number == _l.invoice_number)
    .where(
        _e.posted_on > sa.bindparam("due_on", type_=sa.Date),
        sa.or_(sa.and_(_e.kind == "interest", _l.name.contains(_number)), _e.kind == "payment_demand"),
    )
    .order_by(_e.posted_on, _e.document_number, _l.line_no)
)
NAMED_IN = DOCUMENTS.where(sa.bindparam("text", type_=sa.String).contains(_i.number), _i.number != _number).order_by(
    _i.issued_on, _i.number
)
LATE_ON = DOCUMENTS.where(_i.due_on < _day, _i.to_pay > 0, _i.number != _number).order_by(_i.due_on, _i.number)
PAID_AFTER = (
    DOCUMENTS.join_from(copy.invoices, copy.payment_allocations, _a.document_number == _i.number)
    .join(copy.ledger, _e.id == _a.payment_id)
    .where(_i.due_on < _day, _e.posted_on >= _day, _i.number != _number)
    .distinct()
    .order_by(_i.due_on, _i.number)
)
CUSTOMER_ACCOUNT = sa.select(_customer.individual_account)
CONTRACT_ACCOUNT = sa.select(sa.func.coalesce(_contract.individual_account, _customer.individual_account)).join_from(
    copy.customers,
    copy.contracts,
    sa.and_(_contract.customer_code == _customer.code, _contract.number == sa.bindparam("contract", type_=sa.String)),
)

IS_UNPAID = sa.and_(_i.to_pay > 0, _i.kind.not_in(sorted(COUNTED_NOWHERE)))
_is_credit = sa.case((_i.to_pay < 0, 1), else_=0)
OPEN = (
    sa.select(_i.kind, _is_credit.label("is_credit"), sa.func.count(), sa.func.sum(_i.to_pay))
    .where(_i.to_pay != 0, _i.kind.not_in(sorted(COUNTED_NOWHERE)))
    .group_by(_i.kind, sa.text("is_credit"))
)
_is_late = sa.and_(IS_UNPAID, _i.due_on < sa.bindparam("today", type_=sa.Date))
NEWEST = (
    sa.select(
        _i.number,
        _i.kind,
        _i.due_on,
        _i.gross,
        _i.to_pay,
        sa.func.sum(sa.case((_i.issued_on >= sa.bindparam("since", type_=sa.Date), 1), else_=0)).over(),
        sa.func.sum(sa.case((IS_UNPAID, 1), else_=0)).over(),
        sa.func.sum(sa.case((IS_UNPAID, _i.to_pay), else_=sa.literal(Decimal(0), _i.to_pay.type))).over(),
        sa.func.sum(sa.case((_is_late, 1), else_=0)).over(),
        sa.func.min(sa.case((_is_late, _i.due_on))).over(),
    )
    .order_by(_i.issued_on.desc(), _i.number.desc())
    .limit(at_most(3))
)

# Months of amounts: what was charged by the kinds of documents, what came in by the kinds of the ledger.
_issued = (sa.extract("year", _i.issued_on).label("year"), sa.extract("month", _i.issued_on).label("month"))
_posted = (sa.extract("year", _e.posted_on).label("year"), sa.extract("month", _e.posted_on).label("month"))
CHARGED = (
    sa.select(_i.kind, *_issued, sa.func.sum(_i.gross))
    .where(_i.kind.not_in(sorted(COUNTED_NOWHERE)), _i.issued_on >= _first, _i.issued_on <= _last)
    .group_by(_i.kind, *_issued)
)
RECEIVED = (
    sa.select(_e.kind, *_posted, sa.func.sum(_e.amount))
    .where(_e.kind.in_(("payment", "refund")), _e.posted_on >= _first, _e.posted_on <= _last)
    .group_by(_e.kind, *_posted)
)

# For the office: documents whose lines are there and do not add up, or that do not add up by themselves.
NOT_ADDING_UP = (
    sa.select(_i.number, _i.customer_code, _i.issued_on)
    .join_from(copy.invoices, copy.invoice_lines, _l.invoice_number == _i.number)
    .where(_i.issued_on >= sa.bindparam("since", type_=sa.Date))
    .group_by(_i.number, _i.customer_code, _i.issued_on, _i.net, _i.vat, _i.gross)
    .having(
        sa.or_(
            sa.func.sum(_l.net) != _i.net,
            sa.func.sum(_l.vat) != _i.vat,
            sa.func.sum(_l.gross) != _i.gross,
            _i.net + _i.vat != _i.gross,
        )
    )
    .order_by(_i.issued_on, _i.number)
    .limit(100)
)
