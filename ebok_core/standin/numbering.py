"""Numbers of documents, readings and ledger entries. TYTAN goes on counting where the generator stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

INVOICE, CORRECTION, INTEREST_NOTE, PAYMENT_DEMAND = "R.", "K.", "NO", "W"
RESERVED = 1000
"""Numbers below are the personas'."""


class Numbering:
    """Counters of one run of the generator.

    Invoices are numbered by month of issue and point, so that a customer's invoices lie as far apart as in a real
    book, without the whole year's invoices having to be known: each month owns `stride` numbers, some of which stay
    free. Everything else is counted one by one.
    """

    def __init__(self, customers: int) -> None:
        self.stride = RESERVED + 500 + 2 * customers
        self._counters: dict[str, int] = {}
        self._years: set[int] = set()

    def next(self, name: str, *, start: int = 0) -> int:
        """The next number of a counter; the first one is `start` + 1."""
        number = self._counters.get(name, start) + 1
        self._counters[name] = number
        return number

    def last(self, name: str) -> int:
        """The last number given out of a counter."""
        return self._counters.get(name, 0)

    def set(self, name: str, number: int) -> None:
        """Let a counter go on from a number."""
        self._counters[name] = number

    def next_point(self) -> int:
        """The place of the next service point in the utility, which its invoice numbers carry."""
        return self.next("point", start=RESERVED)

    def invoice(self, issued: int, ordinal: int) -> str:
        """The number of the invoice that a point (by its place in the utility) gets in the month of issue."""
        day = date.fromordinal(issued)
        self._years.add(day.year)
        return f"{INVOICE} {day.year}/{(day.month - 1) * self.stride + ordinal:06d}"

    def document(self, series: str, issued: int) -> str:
        """The next number of another series in the year of issue."""
        year = date.fromordinal(issued).year
        return f"{series} {year}/{self.next(f'{series} {year}', start=RESERVED):06d}"

    def counters(self) -> Iterator[tuple[str, int]]:
        """The last number given out of each counter, by name."""
        found = dict(self._counters)
        for year in self._years:
            found[f"{INVOICE} {year}"] = 12 * self.stride
            for series in (CORRECTION, INTEREST_NOTE, PAYMENT_DEMAND):
                found.setdefault(f"{series} {year}", RESERVED)
        yield from sorted(found.items())
