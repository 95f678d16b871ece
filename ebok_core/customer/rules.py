"""What the copied rows mean for a person: the balance and its parts, legalisation, contracts that end, addresses."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Protocol, TypeVar

# A contract that ends within this many days is said so in words (features.md L48).
ENDS_SOON_DAYS = 30
# A meter taken down at most this many days before another was installed was exchanged for it.
EXCHANGE_WITHIN_DAYS = 31
# TYTAN's word for a service point in use; a point of any other status is closed.
IN_USE = "Aktywny"
# The utility buys and maintains the main meter, the others are at the customer's cost (billing.md §3.2).
OF_UTILITY = frozenset({"main"})
# Submeters lower a bill only while their legalisation is valid (features.md P17, P32).
SUBMETERS = frozenset({"garden", "flat"})
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
    """An open ledger entry: amounts in złoty, signed, `to_pay` is what is left; kinds as in tytan-contract.md."""

    kind: str
    document_number: str | None
    posted_on: date
    due_on: date | None
    amount: Decimal
    to_pay: Decimal
    title: str

    @property
    def is_part_paid(self) -> bool:
        """Whether something of it, but not all, was paid or set off."""
        return self.to_pay != self.amount


# Which part of the balance an entry's rest belongs to (tytan-contract.md, `ebok_ledger`).
PART_OF = {
    "invoice": "invoices",
    "correction": "invoices",
    "interest": "interest",
    "payment_demand": "demands",
    "payment": "overpayment",
    "overpayment": "overpayment",
    "refund": "overpayment",
}

PARTS = ("invoices", "interest", "demands", "overpayment")


@dataclass(frozen=True, kw_only=True)
class Balance:
    """The balance and the four parts that the leaflet names (L80-L83), in złoty, each with its open documents.

    `overpayment` is positive: what is taken off. `overdue` and `due_later` split `invoices` by the due date.
    """

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

    def of(self, part: str) -> tuple[LedgerLine, ...]:
        """The open documents of a part, oldest due date first."""
        return tuple(line for line in self.lines if PART_OF.get(line.kind) == part)


def balance_of(total: Decimal, lines: Iterable[LedgerLine], today: date) -> Balance:
    """Split a balance into its parts. Source: billing.md §9.1."""
    open_lines = tuple(sorted((x for x in lines if x.to_pay), key=lambda x: (x.due_on or x.posted_on, x.title)))

    def add(part: str) -> Decimal:
        return sum((line.to_pay for line in open_lines if PART_OF.get(line.kind) == part), ZERO)

    overdue = sum(
        (x.to_pay for x in open_lines if PART_OF.get(x.kind) == "invoices" and x.due_on and x.due_on < today), ZERO
    )
    return Balance(
        total=total,
        invoices=add("invoices"),
        interest=add("interest"),
        demands=add("demands"),
        overpayment=-add("overpayment"),
        overdue=overdue,
        due_later=add("invoices") - overdue,
        lines=open_lines,
    )


class Validity(Enum):
    """How an end date stands against today."""

    OPEN_ENDED = "open_ended"
    RUNNING = "running"
    ENDS_SOON = "ends_soon"
    ENDED = "ended"


def validity_of(valid_to: date | None, today: date) -> Validity:
    """Whether a contract runs on; its last day still counts (features.md L48, L114)."""
    if valid_to is None:
        return Validity.OPEN_ENDED
    if valid_to < today:
        return Validity.ENDED
    return Validity.ENDS_SOON if valid_to <= today + timedelta(days=ENDS_SOON_DAYS) else Validity.RUNNING


def legalization_ends_on(valid_to: str | None) -> date | None:
    """The last day of `2018.12`, until which a legalisation is valid; None when TYTAN gives no readable month."""
    if not valid_to or len(valid_to) != 7 or valid_to[4] != ".":
        return None
    year, month = valid_to[:4], valid_to[5:]
    if not (year.isascii() and year.isdigit() and month.isascii() and month.isdigit() and 1 <= int(month) <= 12):
        return None
    return date(int(year), int(month), monthrange(int(year), int(month))[1])


def month_of(day: date) -> str:
    """The month as TYTAN writes it, `2018.12`: two such texts compare as the months do."""
    return f"{day.year:04d}.{day.month:02d}"


def legalization_expired(valid_to: str | None, today: date) -> bool:
    """Whether the legalisation has run out (features.md L59, P32)."""
    last_day = legalization_ends_on(valid_to)
    return last_day is not None and last_day < today


def street_line(street: str | None, house_no: str | None, flat_no: str | None, city: str) -> str:
    """The first line of an address, `ul. Lipowa 12/3`; without a street it begins with the place."""
    number = f"{house_no or ''}/{flat_no}" if flat_no else (house_no or "")
    return f"{street or city} {number}".strip()


def address_line(street: str | None, house_no: str | None, flat_no: str | None, postal_code: str, city: str) -> str:
    """An address on one line, `ul. Lipowa 12/3, 62-999 Brzozowa Struga`."""
    first, place = street_line(street, house_no, flat_no, city), f"{postal_code} {city}".strip()
    return f"{first}, {place}" if first else place


class Mounted(Protocol):
    """What an exchange is recognised by."""

    id: str
    role: str
    installed_on: date
    removed_on: date | None


M = TypeVar("M", bound=Mounted)


def predecessor_of(meter: Mounted, others: Iterable[M]) -> M | None:
    """The meter that was taken down when this one was installed, among the `others` of the same point.

    None when there is none, or more than one could be it.
    """
    return _only(other for other in others if _was_exchanged(other, meter))


def successor_of(meter: Mounted, others: Iterable[M]) -> M | None:
    """The meter that was installed when this one was taken down; None as for `predecessor_of`."""
    return _only(other for other in others if _was_exchanged(meter, other))


def _was_exchanged(old: Mounted, new: Mounted) -> bool:
    if old.id == new.id or old.role != new.role or old.removed_on is None:
        return False
    return timedelta(0) <= new.installed_on - old.removed_on <= timedelta(days=EXCHANGE_WITHIN_DAYS)


def _only(found: Iterable[M]) -> M | None:
    candidates = list(found)
    return candidates[0] if len(candidates) == 1 else None
