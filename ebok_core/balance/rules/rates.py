"""The statutory rates of late-payment interest, and how a person writes such a table. Source: billing.md §8.2, §8.3.

Consumers: NBP reference rate + 5.5 points, from the day of its change (art. 481 § 2 KC). Commercial transactions: the
reference rate of 1 January or 1 July + 10 points, for half a year. A change after `KNOWN_ON` must be entered by hand.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

Rates = tuple[tuple[date, Decimal], ...]
"""Percent a year from each day on, the earliest first."""

KNOWN_ON = date(2026, 7, 1)
"""The last day for which the rates below are known to be complete."""
MOST_PERCENT = 100
_LINE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[\s:;]+([0-9]{1,3}(?:[.,][0-9]{1,2})?) ?%?\Z")


class RateFault(ValueError):
    """A line of a table that is none. `code`: line, date, percent, twice, empty; `line` counts from 1."""

    def __init__(self, code: str, line: int = 0) -> None:
        super().__init__(code)
        self.code, self.line = code, line


def rates_from_text(text: str) -> Rates:
    """Read a table, one `2026-03-05 9,25` a line in any order. Raises `RateFault` for the first bad line."""
    found: dict[date, Decimal] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.match(line.strip())
        if match is None:
            raise RateFault("line", number)
        try:
            day = date.fromisoformat(match[1])
        except ValueError:
            raise RateFault("date", number) from None
        percent = Decimal(match[2].replace(",", ".")).quantize(Decimal("0.01"))
        if percent > MOST_PERCENT:
            raise RateFault("percent", number)
        if day in found:
            raise RateFault("twice", number)
        found[day] = percent
    if not found:
        raise RateFault("empty")
    return tuple(sorted(found.items()))


def rates_to_text(rates: Rates) -> str:
    """The table as a person edits it, the newest rate first."""
    return "\n".join(f"{day.isoformat()} {percent:f}".replace(".", ",") for day, percent in reversed(rates))


CONSUMER: Rates = rates_from_text(
    "2008-12-15 13,00\n2014-12-23 8,00\n2016-01-01 7,00\n2020-03-18 6,50\n2020-04-09 6,00\n2020-05-29 5,60\n"
    "2021-10-07 6,00\n2021-11-04 6,75\n2021-12-09 7,25\n2022-01-05 7,75\n2022-02-09 8,25\n2022-03-09 9,00\n"
    "2022-04-07 10,00\n2022-05-06 10,75\n2022-06-09 11,50\n2022-07-08 12,00\n2022-09-08 12,25\n2023-09-07 11,50\n"
    "2023-10-05 11,25\n2025-05-08 10,75\n2025-07-03 10,50\n2025-09-04 10,25\n2025-10-09 10,00\n2025-11-06 9,75\n"
    "2025-12-04 9,50\n2026-03-05 9,25"
)
COMMERCIAL: Rates = rates_from_text(
    "2014-01-01 10,00\n2014-10-09 8,00\n2016-01-01 9,50\n2020-01-01 11,50\n2020-07-01 10,10\n2022-01-01 11,75\n"
    "2022-07-01 16,00\n2023-01-01 16,75\n2024-01-01 15,75\n2025-07-01 15,25\n2026-01-01 14,00\n2026-07-01 13,75"
)
