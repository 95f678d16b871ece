"""How a document stands: its family, what is left of it, whether it is late. Source: billing.md §1.2, §9.1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

ZERO = Decimal("0.00")


class Family(Enum):
    """What a document is to a customer, whatever its exact kind."""

    BILL = "bill"
    CORRECTION = "correction"
    INTEREST = "interest"
    DEMAND = "demand"
    OTHER = "other"


CORRECTIONS = frozenset({"correction", "advance_correction", "settlement_correction"})
BILLS = frozenset({"invoice", "advance", "settlement", "simplified"})
# Kinds that repeat what another document charges, or charge nothing: their amounts are counted nowhere.
COUNTED_NOWHERE = frozenset({"duplicate", "balance_confirmation"})


def family_of(kind: str) -> Family:
    """The family of a kind of billing.md §1.2; a kind that is not known there is `OTHER`."""
    if kind in BILLS:
        return Family.BILL
    if kind in CORRECTIONS:
        return Family.CORRECTION
    return {"interest_note": Family.INTEREST, "payment_demand": Family.DEMAND}.get(kind, Family.OTHER)


class State(Enum):
    """How a document is paid. It follows the amount left, no flag of its own (features.md L18)."""

    UNPAID = "unpaid"
    PART_PAID = "part_paid"
    PAID = "paid"
    CREDIT = "credit"
    SETTLED = "settled"


def state_of(gross: Decimal, to_pay: Decimal) -> State:
    """The state of a document by its amount and what is left of it, in złoty.

    A correction that lowers a bill is a `CREDIT` while it waits to be set off, then `SETTLED`; so is an amount of 0.
    """
    if to_pay < 0:
        return State.CREDIT
    if to_pay > 0:
        return State.UNPAID if to_pay >= gross else State.PART_PAID
    return State.PAID if gross > 0 else State.SETTLED


def days_late(to_pay: Decimal, due_on: date, today: date) -> int:
    """How many days an open document is after its due date; 0 for one that is not late (L14)."""
    return max((today - due_on).days, 0) if to_pay > 0 else 0


def a_year_before(day: date) -> date:
    """The same day one year earlier; 29 February has the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def last_year(today: date) -> date:
    """The first day of the last twelve months: what was issued on it or later is in them (L11)."""
    return a_year_before(today) + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Open:
    """What is open of the documents of one family: how many, and the sum left in złoty; credits have their own row."""

    family: Family
    is_credit: bool
    count: int
    left: Decimal


@dataclass(frozen=True, kw_only=True)
class Unpaid:
    """The documents with something left to pay, and the credits that wait to be set off, as sums that add up (L79).

    `bills + credits` is the balance's part *kwota faktury* (billing.md §9.1), `credits` is 0 or negative.
    """

    count: int
    bills: Decimal
    credits: Decimal
    interest: Decimal
    demands: Decimal

    @property
    def total(self) -> Decimal:
        """Everything that is left to pay; credits are not taken off, they are shown apart."""
        return self.bills + self.interest + self.demands


def unpaid_of(rows: Iterable[Open]) -> Unpaid:
    """Add up what is open. Corrections upwards count with the bills, as in the ledger."""
    sums = dict.fromkeys(("bills", "credits", "interest", "demands"), ZERO)
    names = {Family.INTEREST: "interest", Family.DEMAND: "demands"}
    count = 0
    for row in rows:
        sums["credits" if row.is_credit else names.get(row.family, "bills")] += row.left
        count += 0 if row.is_credit else row.count
    return Unpaid(count=count, **sums)
