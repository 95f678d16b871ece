"""The balance and the four parts that the leaflet names (L80-L83). Source: billing.md §9.1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from .days import effective_due

ZERO = Decimal("0.00")


class Side(Enum):
    """On which side a balance stands; a bare sign is never shown (billing.md §9.1)."""

    OWED = "owed"
    OVERPAID = "overpaid"
    SETTLED = "settled"


def side_of(balance: Decimal) -> Side:
    """The side of a balance in złoty: positive is what the customer owes."""
    if balance > 0:
        return Side.OWED
    return Side.OVERPAID if balance < 0 else Side.SETTLED


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """A ledger entry: amounts in złoty, signed, `to_pay` is what is left; kinds as in tytan-contract.md."""

    kind: str
    document_number: str | None
    posted_on: date
    due_on: date | None
    amount: Decimal
    to_pay: Decimal
    title: str
    id: str = ""

    @property
    def is_part_paid(self) -> bool:
        """Whether something of it, but not all, was paid or set off."""
        return self.to_pay != self.amount


def line_of(entry: Any, to_pay: Decimal) -> LedgerLine:
    """A row of `ebok_ledger` as a line of which `to_pay` złoty are left."""
    return LedgerLine(
        id=entry.id,
        kind=entry.kind,
        document_number=entry.document_number,
        posted_on=entry.posted_on,
        due_on=entry.due_on,
        amount=entry.amount,
        to_pay=to_pay,
        title=entry.title,
    )


# Which part of the balance an entry's rest belongs to (tytan-contract.md, `ebok_ledger`).
_PART_OF = {
    "invoice": "invoices",
    "correction": "invoices",
    "interest": "interest",
    "payment_demand": "demands",
    "payment": "overpayment",
    "overpayment": "overpayment",
    "refund": "overpayment",
}

PARTS = ("invoices", "interest", "demands", "overpayment")
PRINCIPAL = frozenset({"invoice", "correction"})
"""What bears interest: neither interest nor the cost of a demand does (billing.md §8.4 rule 6)."""


def part_of(kind: str) -> str | None:
    """The part of the balance that entries of a kind belong to; None for a kind the contract does not know."""
    return _PART_OF.get(kind)


@dataclass(frozen=True, kw_only=True)
class Balance:
    """A balance and its parts on a day, in złoty, each with its open documents.

    `overpayment` is positive: what is taken off. `overdue` and `due_later` split `invoices` by the day until which a
    payment is in time.
    """

    day: date
    total: Decimal
    invoices: Decimal
    interest: Decimal
    demands: Decimal
    overpayment: Decimal
    overdue: Decimal
    due_later: Decimal
    lines: tuple[LedgerLine, ...]

    @property
    def adds_up(self) -> bool:
        """Whether the parts give the total: when they do not, no balance is shown."""
        return self.invoices + self.interest + self.demands - self.overpayment == self.total

    @property
    def side(self) -> Side:
        """Whether the customer owes, has paid too much, or neither."""
        return side_of(self.total)

    def of(self, part: str) -> tuple[LedgerLine, ...]:
        """The open documents of a part, the earliest due date first."""
        return tuple(line for line in self.lines if part_of(line.kind) == part)


def balance_of(total: Decimal, lines: Iterable[LedgerLine], day: date) -> Balance:
    """Split a balance into its parts as they stand on a day."""
    open_lines = tuple(sorted((x for x in lines if x.to_pay), key=lambda x: (x.due_on or x.posted_on, x.title)))
    sums = dict.fromkeys(PARTS, ZERO)
    for line in open_lines:
        part = part_of(line.kind)
        if part:
            sums[part] += line.to_pay
    overdue = sum((x.to_pay for x in open_lines if x.kind in PRINCIPAL and days_left(x, day) < 0), ZERO)
    return Balance(
        day=day,
        total=total,
        invoices=sums["invoices"],
        interest=sums["interest"],
        demands=sums["demands"],
        overpayment=-sums["overpayment"],
        overdue=overdue,
        due_later=sums["invoices"] - overdue,
        lines=open_lines,
    )


def days_left(line: LedgerLine, day: date) -> int:
    """Days until a payment is late, counted from the moved due date; negative: days of delay; 0 without a due date."""
    return 0 if line.due_on is None else (effective_due(line.due_on) - day).days
