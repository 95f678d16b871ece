"""What registration reads of the copy, and what it tells TYTAN and the worker.

No viewer exists yet, so these selects are not bound to one: only the worker runs them, and only codes leave them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy.orm import Session

from ebok_core.contracts.tytan import OutboxMessage
from ebok_core.tytan import copy

from . import rules

# Documents that a customer holds on paper and that ask for money; corrections and what is no bill are left out (§8.2).
BILLS = ("invoice", "settlement", "advance", "simplified", "debit_note", "interest_note")
SEPARATORS = "- /._"

_C, _I = copy.customers.c, copy.invoices.c


def _folded(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    for separator in SEPARATORS:
        column = sa.func.replace(column, separator, "")
    return sa.func.upper(column)


_CUSTOMER = sa.select(_C.code, _C.name, _C.email)
_BY_CODE = _CUSTOMER.where(_C.code == sa.bindparam("code"))
_ALIKE = _CUSTOMER.where(_folded(_C.code) == sa.bindparam("folded")).order_by(_C.code).limit(10)
_NEWEST = (
    sa.select(_I.number, _I.gross, _I.issued_on)
    .where(_I.customer_code == sa.bindparam("code"), _I.kind.in_(BILLS), _I.gross > 0)
    .order_by(_I.issued_on.desc(), _I.number.desc())
    .limit(rules.NEWEST_BILLS)
)


class CustomerRow(NamedTuple):
    """A customer, as far as a registration needs to know."""

    code: str
    name: str
    email: str | None


class BillRow(NamedTuple):
    """One of the newest bills; `gross` in złoty."""

    number: str
    gross: Decimal
    issued_on: date


def customer(session: Session, code: str) -> CustomerRow | None:
    """The customer of this very code."""
    row = session.execute(_BY_CODE, {"code": code}).first()
    return CustomerRow._make(row) if row else None


def customers_like(session: Session, typed: str) -> list[CustomerRow]:
    """The customers whose code is meant by what was typed: one, or in a bad series of codes several."""
    folded = rules.folded(typed)
    return [CustomerRow._make(row) for row in session.execute(_ALIKE, {"folded": folded})] if folded else []


def newest_bills(session: Session, code: str) -> list[BillRow]:
    """The customer's newest bills, at most three."""
    return [BillRow._make(row) for row in session.execute(_NEWEST, {"code": code})]


# Messages


class RequestedSchema(Schema):
    """The payload of `registration.requested`, version 1: who has an account now, and by which proof."""

    class Meta:
        unknown = RAISE

    customer_code = fields.String(required=True, validate=validate.Length(1, 20))
    email = fields.String(required=True, validate=validate.Length(3, 254))
    verifier = fields.String(required=True, validate=validate.Length(1, 60))
    confirmed_at = fields.DateTime(required=True, format="iso")


class CheckSchema(Schema):
    """The payload of `core.registration_check`: which registration, and which question of it."""

    class Meta:
        unknown = RAISE

    registration = fields.String(required=True, validate=validate.Length(equal=36))
    revision = fields.Integer(required=True, strict=True)


class RecoverySchema(Schema):
    """The payload of `core.recovery_asked`: the typed login or e-mail address, and the language of the page."""

    class Meta:
        unknown = RAISE

    login = fields.String(required=True, validate=validate.Length(1, 254))
    locale = fields.String(required=True, validate=validate.Length(2, 5))


SUBJECT, RECOVERY_SUBJECT = "core.registration", "core.recovery"
WORKER = "identity"


class RegistrationCheck(OutboxMessage):
    """Somebody asks for an account: the worker compares the proof and writes the mail."""

    kind = "core.registration_check"
    target = WORKER
    payload_schema = CheckSchema


class RecoveryAsked(OutboxMessage):
    """Somebody forgot the password: the worker writes the mail, if there is an account."""

    kind = "core.recovery_asked"
    target = WORKER
    payload_schema = RecoverySchema
