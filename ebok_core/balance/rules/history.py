"""The account in time: the balance of a past day, and the statement of a period.

Both go back from today: what was posted later is taken off. So they hold also where TYTAN no longer has the oldest
entries, and the balance of a day is the closing balance of every statement that ends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from .parts import ZERO, Balance, balance_of, days_left, line_of, part_of


class Entry(NamedTuple):
    """An entry of `ebok_ledger`; amounts in złoty, signed."""

    id: str
    kind: str
    document_number: str | None
    posted_on: date
    due_on: date | None
    amount: Decimal
    to_pay: Decimal
    title: str
    method: str | None


class Allocation(NamedTuple):
    """What of a payment or of a credit went to a document, in złoty (`ebok_payment_allocations`)."""

    payment_id: str
    document_number: str
    amount: Decimal


def balance_on(
    now: Decimal, entries: Sequence[Entry], allocations: Iterable[Allocation], day: date, today: date
) -> Balance:
    """The balance as it stood at the end of a day: `now` is today's.

    An allocation counts from the day on which both the money and the document were there. Money that TYTAN set against
    another document later is told as it is set today.
    """
    after = _after(day, today)
    left = {entry.id: entry.to_pay for entry in entries}
    posted = {entry.id: entry.posted_on for entry in entries}
    charge = {e.document_number: e.id for e in entries if e.document_number and e.amount > 0}
    for allocation in allocations:
        source, target = allocation.payment_id, charge.get(allocation.document_number)
        if source in left and target is not None and max(posted[source], posted[target]) > after:
            left[source] -= allocation.amount
            left[target] += allocation.amount
    lines = [line_of(entry, left[entry.id]) for entry in entries if entry.posted_on <= after]
    return balance_of(_total_on(now, entries, after), lines, day)


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """An entry of the statement and the balance after it, in złoty."""

    entry: Entry
    balance: Decimal

    @property
    def charge(self) -> Decimal | None:
        """What the entry added to the debt; None for a credit."""
        return self.entry.amount if self.entry.amount > 0 else None

    @property
    def credit(self) -> Decimal | None:
        """What the entry took off the debt; None for a charge."""
        return -self.entry.amount if self.entry.amount <= 0 else None


@dataclass(frozen=True, kw_only=True)
class Age:
    """Open charges by their delay: from `least` to `most` days late; `most` None is without end, 0 not late yet."""

    least: int
    most: int | None
    amount: Decimal


AGES: tuple[tuple[int, int | None], ...] = ((0, 0), (1, 30), (31, 60), (61, 90), (91, None))


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The account from `since` to `until`, both counted: `opening` + `charges` - `credits` = `closing`.

    `at_closing` is the balance of the last day with its parts, None where they do not add up.
    """

    since: date
    until: date
    opening: Decimal
    closing: Decimal
    lines: tuple[StatementLine, ...]
    at_closing: Balance | None

    @property
    def charges(self) -> Decimal:
        """What was added to the debt."""
        return sum((line.charge for line in self.lines if line.charge is not None), ZERO)

    @property
    def credits(self) -> Decimal:
        """What was paid or taken off."""
        return sum((line.credit for line in self.lines if line.credit is not None), ZERO)

    @property
    def ages(self) -> tuple[Age, ...]:
        """The open charges of the last day by their delay; empty where nothing is open."""
        return ageing_of(self.at_closing) if self.at_closing else ()


def statement_of(
    now: Decimal, entries: Sequence[Entry], allocations: Iterable[Allocation], since: date, until: date, today: date
) -> Statement:
    """The statement of a period that ends today at the latest; entries in the order in which they were posted."""
    after = _after(until, today)
    closing = _total_on(now, entries, after)
    shown = sorted((e for e in entries if since <= e.posted_on <= after), key=lambda e: (e.posted_on, e.id))
    opening = closing - sum((entry.amount for entry in shown), ZERO)
    lines, running = [], opening
    for entry in shown:
        running += entry.amount
        lines.append(StatementLine(entry=entry, balance=running))
    at_closing = balance_on(now, entries, allocations, until, today)
    return Statement(
        since=since,
        until=until,
        opening=opening,
        closing=closing,
        lines=tuple(lines),
        at_closing=at_closing if at_closing.adds_up else None,
    )


def ageing_of(balance: Balance) -> tuple[Age, ...]:
    """The open charges by how late they are on the balance's day; with the overpayment off they are the balance."""
    sums = dict.fromkeys(AGES, ZERO)
    for line in balance.lines:
        if part_of(line.kind) != "overpayment":
            late = max(0, -days_left(line, balance.day))
            sums[next(a for a in AGES if a[0] <= late and (a[1] is None or late <= a[1]))] += line.to_pay
    if not any(sums.values()):
        return ()
    return tuple(Age(least=least, most=most, amount=amount) for (least, most), amount in sums.items())


def _after(day: date, today: date) -> date:
    """The last posting date that counts: an entry that TYTAN dates ahead counts from today on."""
    return date.max if day >= today else day


def _total_on(now: Decimal, entries: Iterable[Entry], after: date) -> Decimal:
    return now - sum((entry.amount for entry in entries if entry.posted_on > after), ZERO)
