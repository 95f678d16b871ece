"""Nouns that modules share without knowing each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

CustomerCode = str


@dataclass(frozen=True, kw_only=True)
class PendingEntry:
    """A ledger entry that was sent and that the copy does not carry yet. `amount` in złoty, signed as in the ledger."""

    message_id: str
    customer_code: CustomerCode
    kind: str
    amount: Decimal
    accepted_at: datetime
    title: str


@dataclass(frozen=True, kw_only=True)
class Receivable:
    """Something to be paid. `to_pay` in złoty, what is left after part payments."""

    customer_code: CustomerCode
    document_number: str
    kind: str
    due_on: date
    to_pay: Decimal
    title: str
    individual_account: str | None = None


@dataclass(frozen=True, kw_only=True)
class DocumentRef:
    """A document that another module offers, by the endpoint that serves it."""

    key: str
    title: str
    endpoint: str
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A short notice with a period of validity."""

    key: str
    title: str
    text: str
    valid_from: datetime
    valid_to: datetime | None = None
