"""The account in time: everything that TYTAN posted for the acting customer, from which any day and period is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.identity import Viewer
from ebok_core.tytan import reads

from .. import rules, tytan
from ..rules import Allocation, Balance, Entry, Statement
from .accounts import Customer


@dataclass(frozen=True, kw_only=True)
class Books:
    """Entries and what was set against what; `now` is today's balance in złoty."""

    now: Decimal
    entries: tuple[Entry, ...]
    allocations: tuple[Allocation, ...]

    @property
    def first_day(self) -> date | None:
        """The day of the first entry; None where there is none."""
        return self.entries[0].posted_on if self.entries else None

    def balance_on(self, day: date) -> Balance:
        """The balance at the end of a day, today at the latest. The caller asks `adds_up` before showing it (N05)."""
        return rules.balance_on(self.now, self.entries, self.allocations, day, clock.today())

    def statement(self, since: date, until: date) -> Statement:
        """The statement of a period, both days counted; it ends today at the latest (P39)."""
        return rules.statement_of(self.now, self.entries, self.allocations, since, until, clock.today())

    def set_offs(self, numbers: frozenset[str]) -> list[tytan.SetOff]:
        """What lowered some documents, and when the money came."""
        posted = {entry.id: entry.posted_on for entry in self.entries}
        return [
            tytan.SetOff(a.document_number, a.amount, posted[a.payment_id])
            for a in self.allocations
            if a.document_number in numbers and a.payment_id in posted
        ]


def books(session: Session, viewer: Viewer, customer: Customer) -> Books:
    """Everything of the acting customer. Two queries."""
    return Books(
        now=customer.balance,
        entries=tuple(reads.rows(session, viewer, tytan.ENTRIES, as_=Entry)),
        allocations=tuple(reads.rows(session, viewer, tytan.ALLOCATIONS, as_=Allocation)),
    )
