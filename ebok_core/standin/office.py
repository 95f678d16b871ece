"""The back office at work: answers what is in `ebok_inbox`, settles readings, books payments, charges interest.

No state but the database: every function takes the engine, so that tests and several processes can call them at will.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ebok_core.standin import inbox_payments, inbox_readings, inbox_requests, messages
from ebok_core.standin.database import Work, tables, work
from ebok_core.standin.interest_notes import accrue_interest
from ebok_core.standin.messages import OTHER, UNKNOWN_CUSTOMER, Handler, Message, Unreadable, Verdict
from ebok_core.standin.settlement import settle_readings

__all__ = ["DayOfWork", "accrue_interest", "process_inbox", "settle_readings", "tick"]

BATCH = 500
INTEREST_DAY = 1
"""The day of the month on which interest notes are made."""

HANDLERS: dict[tuple[str, int], Handler] = {
    ("registration.requested", 1): inbox_requests.register,
    ("customer.change_requested", 1): inbox_requests.change,
    ("consent.changed", 1): inbox_requests.consent,
    ("reading.submitted", 1): inbox_readings.submit,
    ("reading.withdrawn", 1): inbox_readings.withdraw,
    ("payment.received", 1): inbox_payments.receive,
    ("payment.refunded", 1): inbox_payments.refund,
    ("invoice.delivered", 1): inbox_requests.refer("DD"),
    ("invoice.opened", 1): inbox_requests.refer("DO"),
    ("document.filed", 1): inbox_requests.refer("DK"),
    ("message.sent", 1): inbox_requests.refer("SP"),
    ("failure.reported", 1): inbox_requests.refer("ZL"),
    ("failure.closed", 1): inbox_requests.refer("ZL"),
}
FROM_ANYBODY = frozenset(
    {"registration.requested", "failure.reported", "failure.closed", "message.sent", "document.filed"}
)
"""Kinds that may come from somebody who is no customer."""


@dataclass(frozen=True, kw_only=True)
class DayOfWork:
    """What a day's work came to."""

    answered: int
    invoices: list[str]
    interest_notes: list[str]


def process_inbox(engine: sa.Engine, schema: str | None = None) -> int:
    """Answer every message that has no answer yet, stream by stream in `seq` order; returns how many.

    Each message is one transaction. One that was answered is skipped, however often this runs and in how many
    processes; one that can't be read is rejected and holds nobody up.
    """
    done = 0
    while waiting := _unanswered(engine, schema):
        done += sum(_process(engine, message_id, schema) for message_id in waiting)
    return done


def tick(engine: sa.Engine, as_of: date, schema: str | None = None) -> DayOfWork:
    """A day's work: the inbox, the readings, and on the first of a month the interest."""
    answered = process_inbox(engine, schema)
    invoices = settle_readings(engine, as_of, schema)
    notes = accrue_interest(engine, as_of, schema) if as_of.day == INTEREST_DAY else []
    return DayOfWork(answered=answered, invoices=invoices, interest_notes=notes)


def _unanswered(engine: sa.Engine, schema: str | None) -> list[str]:
    inbox, results = tables(schema)["ebok_inbox"], tables(schema)["ebok_results"]
    query = (
        sa.select(inbox.c.message_id)
        .outerjoin(results, results.c.message_id == inbox.c.message_id)
        .where(results.c.message_id.is_(None))
        .order_by(inbox.c.stream_key, inbox.c.seq, inbox.c.message_id)
        .limit(BATCH)
    )
    with engine.connect() as connection:
        return list(connection.execute(query).scalars())


def _process(engine: sa.Engine, message_id: str, schema: str | None) -> bool:
    with work(engine, schema) as at_work:
        inbox, results = at_work.tables["ebok_inbox"], at_work.tables["ebok_results"]
        if at_work.first(sa.select(results.c.message_id).where(results.c.message_id == message_id)):
            return False
        row = at_work.first(sa.select(inbox).where(inbox.c.message_id == message_id))
        messages.answer(at_work, message_id, _decide(at_work, row))
        return True


def _decide(at_work: Work, row: sa.RowMapping) -> Verdict:
    try:
        message = messages.read(row)
        handler = HANDLERS.get((message.kind, message.version))
        if handler is None:
            return messages.rejected(OTHER, f"Nieznany rodzaj komunikatu {message.kind} w wersji {message.version}.")
        if not _is_customer(at_work, message):
            return messages.rejected(UNKNOWN_CUSTOMER, "Nie ma odbiorcy o takim kodzie.")
        return handler(at_work, message)
    except Unreadable as error:
        return messages.rejected(OTHER, f"Nie można odczytać komunikatu: {error}.")


def _is_customer(at_work: Work, message: Message) -> bool:
    if message.customer_code is None:
        return message.kind in FROM_ANYBODY
    return at_work.get("ebok_customers", code=message.customer_code) is not None
