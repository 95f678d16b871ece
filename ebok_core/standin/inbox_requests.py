"""Everything else that the portal sends: registrations, changes of data, consents, and what only gets a reference."""

from __future__ import annotations

from ebok_core.standin import messages
from ebok_core.standin.database import Work
from ebok_core.standin.messages import NOT_ALLOWED, UNKNOWN_CUSTOMER, Handler, Message, Verdict, accepted, rejected

CUSTOMERS = "ebok_customers"
CLOSED = "Zamknięty"
CHANGEABLE: dict[str, int] = {
    "email": 254,
    "phone": 40,
    "mailing_street": 100,
    "mailing_house_no": 20,
    "mailing_flat_no": 20,
    "mailing_postal_code": 10,
    "mailing_city": 80,
}
"""What a customer may have changed without a paper, with the longest text that TYTAN takes."""


def register(work: Work, message: Message) -> Verdict:
    """`registration.requested` v1: accepted with the code of the customer that the payload or the message names.

    Who names none is not a customer yet and gets a case number; a customer whose file is closed gets no account.
    """
    code = message.customer_code or message.payload.get("customer_code")
    if not code:
        return accepted(messages.reference(work, "RJ"))
    customer = work.get(CUSTOMERS, code=str(code))
    if customer is None:
        return rejected(UNKNOWN_CUSTOMER, "Nie ma odbiorcy o takim kodzie.")
    if customer["status"] == CLOSED:
        return rejected(NOT_ALLOWED, "Umowa z tym odbiorcą jest zakończona.")
    return accepted(str(code))


def change(work: Work, message: Message) -> Verdict:
    """`customer.change_requested` v1: `{"changes": {column: text or null}}`.

    Contact data and the mailing address change at once; anything else is a case for a clerk.
    """
    changes = message.payload.get("changes")
    wanted = {
        name: value[: CHANGEABLE[name]] if isinstance(value, str) else None
        for name, value in (changes.items() if isinstance(changes, dict) else ())
        if name in CHANGEABLE and (value is None or isinstance(value, str))
    }
    if wanted:
        work.update(CUSTOMERS, {"code": message.customer_code}, **wanted)
    return accepted(messages.reference(work, "ZD"))


def consent(work: Work, message: Message) -> Verdict:
    """`consent.changed` v1: `{"consent": "einvoice", "granted": bool, "changed_on"?: date}`; others are noted."""
    if message.payload.get("consent") == "einvoice":
        granted = message.payload.get("granted") is True
        day = message.day("changed_on") if message.payload.get("changed_on") else message.accepted_on
        work.update(CUSTOMERS, {"code": message.customer_code}, einvoice_since=day if granted else None)
    return accepted(messages.reference(work, "ZG"))


def refer(series: str) -> Handler:
    """A handler that files the message under the next reference of a series."""

    def file(work: Work, message: Message) -> Verdict:
        return accepted(messages.reference(work, series))

    return file
