"""What the utility charges: net prices by date and tariff group. Ranges: billing.md §3.4.

Prices are kept in ten-thousandths of a złoty, the contract's PRICE, as whole numbers: a bill is exact and quick.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

PRICE_SCALE = 10_000
HOUSEHOLD, OTHER, MULTI_DWELLING, LARGE = "G1", "G2", "G3", "G4"
GROUPS: dict[str, str] = {
    HOUSEHOLD: "Gospodarstwa domowe",
    OTHER: "Pozostali odbiorcy",
    MULTI_DWELLING: "Zabudowa wielorodzinna",
    LARGE: "Wodomierz główny DN50 i większy",
}
ONE_STANDING_CHARGE = frozenset({HOUSEHOLD})
"""Groups whose two standing charges are one line on the invoice."""


class Prices(NamedTuple):
    """Net prices in ten-thousandths of a złoty: per m³ of water and of sewage, per month of standing charge."""

    water: int
    sewage: int
    standing_water: int
    standing_sewage: int


class Part(NamedTuple):
    """The days `first` to `last` (ordinals, both counted) of a period at one price list."""

    prices: Prices
    first: int
    last: int


# A water tariff is approved for three years with a price list for each; the lists change on 1 March.
_PRICES = """
2018-03-01 G1 3.54  6.52 3.05 1.40  G2 3.76  7.10  4.20 2.10  G3 3.48  6.52  6.00 3.00  G4 3.60  6.90 32.00 5.00
2019-03-01 G1 3.62  6.71 3.05 1.40  G2 3.85  7.31  4.20 2.10  G3 3.56  6.71  6.10 3.00  G4 3.69  7.10 33.00 5.00
2020-03-01 G1 3.71  6.88 3.12 1.45  G2 3.94  7.49  4.31 2.15  G3 3.65  6.88  6.20 3.10  G4 3.78  7.28 34.00 5.10
2021-03-01 G1 3.76  6.94 3.12 1.55  G2 4.02  7.62  4.31 2.15  G3 3.70  6.94  6.30 3.10  G4 3.84  7.40 35.00 5.20
2022-03-01 G1 3.92  7.15 3.20 1.60  G2 4.19  7.94  4.50 2.30  G3 3.86  7.15  6.50 3.20  G4 4.00  7.71 38.00 5.40
2023-03-01 G1 4.14  7.44 3.28 1.70  G2 4.43  8.30  4.75 2.40  G3 4.08  7.44  6.80 3.30  G4 4.23  8.05 42.00 5.70
2024-03-01 G1 4.37  7.69 3.41 1.80  G2 4.70  8.66  4.98 2.60  G3 4.31  7.69  7.10 3.50  G4 4.48  8.39 45.00 6.00
2025-03-01 G1 4.49  7.86 3.50 1.90  G2 4.89  8.90  5.16 2.70  G3 4.43  7.86  7.24 3.60  G4 4.66  8.62 48.00 6.20
2026-03-01 G1 4.62  8.06 3.59 2.00  G2 5.12  9.12  5.35 2.80  G3 4.56  8.06  7.40 3.70  G4 4.87  8.85 50.00 6.40
2027-03-01 G1 4.78  8.29 3.68 2.05  G2 5.30  9.38  5.49 2.90  G3 4.71  8.29  7.60 3.80  G4 5.05  9.10 52.00 6.50
2028-03-01 G1 4.91  8.47 3.77 2.10  G2 5.44  9.61  5.62 3.00  G3 4.84  8.47  7.80 3.90  G4 5.18  9.33 54.00 6.60
"""


def _price(text: str) -> int:
    return int(Decimal(text) * PRICE_SCALE)


def _read(text: str) -> tuple[list[int], list[dict[str, Prices]]]:
    days: list[int] = []
    lists: list[dict[str, Prices]] = []
    for line in text.strip().splitlines():
        day, *cells = line.split()
        days.append(date.fromisoformat(day).toordinal())
        groups = (cells[i : i + 5] for i in range(0, len(cells), 5))
        lists.append({name: Prices(*map(_price, prices)) for name, *prices in groups})
    return days, lists


_DAYS, _LISTS = _read(_PRICES)


def prices_on(group: str, day: int) -> Prices:
    """The price list of a group on a day (ordinal); days before the first list have the first."""
    return _LISTS[max(bisect_right(_DAYS, day) - 1, 0)][group]


@lru_cache(maxsize=65_536)
def parts(group: str, first: int, last: int) -> tuple[Part, ...]:
    """A period cut where the price list changes: consumption is divided over the parts by days (billing.md §3.2)."""
    return tuple(_cut(group, first, last))


def _cut(group: str, first: int, last: int) -> Iterator[Part]:
    starts = [first, *(day for day in _DAYS if first < day <= last)]
    for start, following in zip(starts, [*starts[1:], last + 1], strict=True):
        yield Part(prices_on(group, start), start, following - 1)
