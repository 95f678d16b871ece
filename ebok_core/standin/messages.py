"""What comes in through `ebok_inbox` and how TYTAN answers. Source: tytan-contract.md, "Messages to TYTAN"."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from ebok_core import clock
from ebok_core.standin.database import Work

ACCEPTED, REJECTED = "accepted", "rejected"
UNKNOWN_CUSTOMER, UNKNOWN_OBJECT, DUPLICATE = "unknown_customer", "unknown_object", "duplicate"
TOO_LATE, IMPLAUSIBLE, NOT_ALLOWED, OTHER = "too_late", "implausible", "not_allowed", "other"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """TYTAN's answer; a rejection has a code of the contract and a reason in TYTAN's own words."""

    status: str
    reason_code: str | None = None
    reason: str | None = None
    reference: str | None = None


def accepted(reference: str | None) -> Verdict:
    """Taken over, under this reference."""
    return Verdict(status=ACCEPTED, reference=reference)


def rejected(reason_code: str, reason: str) -> Verdict:
    """Refused."""
    return Verdict(status=REJECTED, reason_code=reason_code, reason=reason)


class Unreadable(ValueError):
    """A payload that lacks something or holds something else; its text becomes the reason of the rejection."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A row of the inbox with its payload read."""

    message_id: str
    kind: str
    version: int
    customer_code: str | None
    payload: Mapping[str, Any]
    accepted_on: date

    def text(self, name: str) -> str:
        """A text of the payload that must be there. Raises `Unreadable`."""
        value = self.payload.get(name)
        if not isinstance(value, str) or not value:
            raise Unreadable(f"brak pola „{name}”")
        return value

    def day(self, name: str) -> date:
        """A date of the payload (ISO) that must be there. Raises `Unreadable`."""
        try:
            return date.fromisoformat(self.text(name)[:10])
        except ValueError as error:
            raise Unreadable(f"pole „{name}” nie jest datą") from error

    def whole(self, name: str) -> int:
        """A whole number of the payload that must be there. Raises `Unreadable`."""
        value = self.payload.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unreadable(f"pole „{name}” nie jest liczbą całkowitą")
        return value

    def amount(self, name: str) -> Decimal:
        """A positive amount in złoty that must be there, written as text with at most two decimals."""
        return amount_of(self.payload.get(name), name)


def amount_of(value: object, name: str) -> Decimal:
    """A positive amount in złoty from its text. Raises `Unreadable`."""
    try:
        amount = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation as error:
        raise Unreadable(f"pole „{name}” nie jest kwotą") from error
    if not amount.is_finite() or amount <= 0 or amount != round(amount, 2):
        raise Unreadable(f"pole „{name}” nie jest kwotą")
    return round(amount, 2)


Handler = Callable[[Work, Message], Verdict]


def read(row: sa.RowMapping) -> Message:
    """Read a row of the inbox. Raises `Unreadable` when the payload is gone, altered or no JSON object."""
    payload = row["payload"]
    if payload is None:
        raise Unreadable("brak treści")
    if sha256(payload.encode()).hexdigest() != row["payload_sha256"]:
        raise Unreadable("suma kontrolna nie zgadza się z treścią")
    try:
        content = json.loads(payload)
    except ValueError as error:
        raise Unreadable("treść nie jest poprawnym JSON") from error
    if not isinstance(content, dict):
        raise Unreadable("treść nie jest obiektem JSON")
    return Message(
        message_id=row["message_id"],
        kind=row["kind"],
        version=row["version"],
        customer_code=row["customer_code"],
        payload=content,
        accepted_on=_local_day(row["accepted_at"]),
    )


def _local_day(instant: datetime) -> date:
    """The Warsaw date of an instant of the contract, which is UTC without a zone: deadlines count by it (R46)."""
    return clock.local(instant.replace(tzinfo=UTC)).date()


def answer(work: Work, message_id: str, verdict: Verdict) -> None:
    """Write the row of `ebok_results`."""
    work.insert(
        "ebok_results",
        message_id=message_id,
        status=verdict.status,
        reason_code=verdict.reason_code,
        reason=verdict.reason,
        reference=verdict.reference,
        status_at=clock.now_utc().replace(tzinfo=None),
    )


def reference(work: Work, series: str) -> str:
    """The next reference of a series, such as `ZL/2026/000017`."""
    name = f"{series}/{clock.today().year}"
    return f"{name}/{work.next_number(name):06d}"
