"""What e-Faktura tells TYTAN: consents to e-invoices and the proof that documents arrived; the selects of its jobs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from marshmallow import RAISE, Schema, fields, validate

from ebok_core import OutboxMessage
from ebok_core.tytan import copy

INVOICE_KINDS = (
    *("invoice", "correction", "advance", "settlement", "simplified"),
    *("advance_correction", "settlement_correction"),
)
"""Kinds of documents that go out as e-invoices: the VAT documents of billing.md §1.2."""


class IssuedRow(NamedTuple):
    """A document as a notice needs it, with what TYTAN knows of its customer; `gross` in złoty."""

    number: str
    customer_code: str
    kind: str
    issued_on: date
    due_on: date
    gross: Decimal
    customer_email: str | None
    einvoice_since: date | None


class OwnRow(NamedTuple):
    """A document of the viewer, for its proof of receipt."""

    number: str
    customer_code: str


class CustomerRow(NamedTuple):
    """What TYTAN knows of a customer's address and consent."""

    code: str
    email: str | None
    einvoice_since: date | None


_i, _c = copy.invoices.c, copy.customers.c
ISSUED = (
    sa.select(
        *(_i[name] for name in ("number", "customer_code", "kind", "issued_on", "due_on", "gross")),
        _c.email,
        _c.einvoice_since,
    )
    .join_from(copy.invoices, copy.customers, _i.customer_code == _c.code)
    .where(
        _i.issued_on >= sa.bindparam("since"),
        _i.change_no > sa.bindparam("change_no"),
        _i.kind.in_(INVOICE_KINDS),
    )
    .order_by(_i.number)
)
"""Documents from a day and a change number on; who uses it leaves out what was announced already."""
NUMBER = _i.number
NEWEST_CHANGE = sa.select(sa.func.coalesce(sa.func.max(_i.change_no), 0))
OWN = sa.select(_i.number, _i.customer_code).where(_i.number == sa.bindparam("number"))
ANY_CUSTOMER = sa.select(_c.code, _c.email, _c.einvoice_since).where(_c.code == sa.bindparam("code"))
"""For the panel alone: a clerk sees every customer."""
CUSTOMER = sa.select(_c.code, _c.email, _c.einvoice_since)
BILLS_LATELY = sa.select(sa.func.count()).where(_i.kind == "invoice", _i.issued_on > sa.bindparam("since"))


class ConsentSchema(Schema):
    """The payload of `consent.changed`, version 1. `changed_on` is the day in Warsaw, `text_version` the wording's."""

    class Meta:
        unknown = RAISE

    consent = fields.String(required=True, validate=validate.Equal("einvoice"))
    granted = fields.Boolean(required=True)
    changed_on = fields.Date(required=True)
    channel = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    text_version = fields.Integer(required=True)


class ProofSchema(Schema):
    """The payload of `invoice.delivered` and `invoice.opened`, version 1; `at` in UTC, `event` a step of §9.5."""

    class Meta:
        unknown = RAISE

    document_number = fields.String(required=True)
    event = fields.String(required=True)
    channel = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class ConsentChanged(OutboxMessage):
    """A customer gave, changed or withdrew the consent to e-invoices."""

    kind = "consent.changed"
    payload_schema = ConsentSchema


class InvoiceDelivered(OutboxMessage):
    """The mail server took the notice of a document."""

    kind = "invoice.delivered"
    payload_schema = ProofSchema


class InvoiceOpened(OutboxMessage):
    """The first event that proves the receipt of a document."""

    kind = "invoice.opened"
    payload_schema = ProofSchema


class WantedSchema(Schema):
    """The payload of `faktura.files_wanted`, version 1: which document."""

    class Meta:
        unknown = RAISE

    document_number = fields.String(required=True, validate=validate.Length(1, 40))


FILES_TARGET = "faktura_files"


class FilesWanted(OutboxMessage):
    """A page wants the files that TYTAN holds of a document: a message to our own worker, which fetches them."""

    kind = "faktura.files_wanted"
    target = FILES_TARGET
    payload_schema = WantedSchema


MESSAGES = (ConsentChanged, InvoiceDelivered, InvoiceOpened, FilesWanted)
DOCUMENT = "faktura.document"
CONSENT = "faktura.consent"
