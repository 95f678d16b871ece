"""A source of personal data made of statements: what most rooms keep is a table with an account or a customer in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from ebok_core import clock
from ebok_core.i18n import lazy_gettext as _

CORE = 900
"""The order of the core's sources: after those of modules."""
ACCOUNT = sa.bindparam("of_account", type_=sa.String)
CODES = sa.bindparam("of_codes", type_=sa.String, expanding=True)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """`statement` selects what is given out, by `ACCOUNT` or `CODES`; `erasing` updates and deletes by `ACCOUNT`."""

    key: str
    title: Any
    tables: tuple[str, ...]
    retention: Any
    statement: sa.Select[Any]
    erasing: tuple[Any, ...] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)
    order: int = CORE

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """The statement's rows as plain JSON values."""
        values = _values(self.statement, account_id, customer_codes)
        return [plain(row._mapping) for row in session.execute(self.statement, values)]

    def erase(self, session: Session, account_id: str) -> int:
        """Run what erases, in its order."""
        options = {"synchronize_session": False}
        return sum(
            session.execute(statement, _values(statement, account_id, ()), execution_options=options).rowcount
            for statement in self.erasing
        )


def plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as JSON knows it: instants in Warsaw time with their offset, amounts as `29.20`."""
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.local(value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _values(statement: Any, account_id: str, customer_codes: tuple[str, ...]) -> dict[str, Any]:
    """Of the two parameters those that the statement has."""
    known = {ACCOUNT.key: account_id, CODES.key: list(customer_codes)}
    asked = {item.key for item in visitors.iterate(statement) if isinstance(item, sa.BindParameter)}
    return {name: value for name, value in known.items() if name in asked}


LABELS: Mapping[str, Any] = {
    "access_from": _("Valid from"),
    "account_id": _("Account"),
    "address": _("Address"),
    "amount": _("Amount"),
    "answered_at": _("Answered"),
    "asked_at": _("Asked for"),
    "at": _("Date and time"),
    "balance": _("Balance"),
    "channel": _("Channel"),
    "city": _("Town"),
    "code": _("Code"),
    "confirmed_at": _("Confirmed"),
    "consent": _("Consent"),
    "consumption_m3": _("Consumption [m³]"),
    "created_at": _("When it was made"),
    "customer_code": _("Customer code"),
    "customer_type": _("Kind of customer"),
    "display_name": _("Name shown"),
    "document_number": _("Document number"),
    "due_on": _("Due date"),
    "email": _("E-mail address"),
    "expires_at": _("Valid until"),
    "flat_no": _("Flat"),
    "gross": _("Gross amount"),
    "house_no": _("House"),
    "individual_account": _("Account for payments"),
    "ip": _("Address on the internet"),
    "issued_on": _("Date of issue"),
    "kind": _("Kind"),
    "locale": _("Language"),
    "login": _("Login"),
    "meter_id": _("Meter"),
    "meter_number": _("Meter number"),
    "name": _("Title or name"),
    "nip": _("Tax number (NIP)"),
    "note": _("Note"),
    "number": _("Number"),
    "phone": _("Phone"),
    "point_code": _("Service point"),
    "postal_code": _("Postal code"),
    "read_on": _("Date of reading"),
    "reading_value": _("Meter state [m³]"),
    "reason": _("Reason"),
    "reference": _("Confirmation number"),
    "result": _("Result"),
    "role": _("Role"),
    "serial_number": _("Serial number"),
    "signed_on": _("Signed"),
    "source": _("Where it comes from"),
    "state": _("State"),
    "status": _("Status"),
    "street": _("Street"),
    "text": _("Text"),
    "title": _("Title"),
    "to_pay": _("Left to pay"),
    "user_agent": _("Browser"),
    "valid_from": _("Valid from"),
    "valid_to": _("Valid to"),
    "version": _("Version"),
    "way": _("Way"),
    "what": _("What happened"),
    "who": _("Who"),
}
"""Words for names that many sources use; a source's own `labels` win."""
