"""Where an amount comes from: what a line means, whether it is counted as it says, whether the sums agree (P36).

Amounts are złoty, volumes m³. Nothing is recomputed to be shown: the document is right, the rules only look whether
an explanation holds before it is given (billing.md §2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from .states import ZERO

GROSZ = Decimal("0.01")
CUBIC_METRES = frozenset({"m3", "m³"})
MONTHS = frozenset({"mc", "mies.", "mies", "miesiąc", "m-c"})
DAYS = frozenset({"dzień", "dni", "d", "doba"})
DIGITS = (4, 5, 6, 7, 8)


class Service(Enum):
    """What a line is for."""

    WATER = "water"
    SEWAGE = "sewage"
    UNRETURNED = "unreturned"
    STANDING = "standing"
    INTEREST = "interest"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """A line of a document: amounts in złoty, `price` net for one `unit`, states of the meter in m³."""

    name: str
    unit: str
    quantity: Decimal
    price: Decimal
    net: Decimal
    vat_rate: str
    vat: Decimal
    gross: Decimal
    meter_id: str | None = None
    value_from: Decimal | None = None
    value_to: Decimal | None = None
    read_from: date | None = None
    read_to: date | None = None
    estimated: bool = False

    @property
    def service(self) -> Service:
        """What the line is for, by its unit and the words of its name."""
        return service_of(self.name, self.unit)

    @property
    def is_metered(self) -> bool:
        """Whether the line names the states it was counted from."""
        return self.value_from is not None and self.value_to is not None


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A line and what may truthfully be said of it."""

    line: BillLine
    multiplies: bool
    """Quantity × price is the net amount to the grosz."""
    subtracts: bool
    """The second state less the first is the quantity."""
    rolled_over: bool
    """It is once the dial has passed its last number."""


@dataclass(frozen=True, kw_only=True)
class SewageRule:
    """Sewage counted as water less what was not returned, in m³; holds only where the numbers agree."""

    water: Decimal
    unreturned: Decimal
    sewage: Decimal
    saved: Decimal
    """What the unreturned water would have cost as sewage, gross, in złoty."""


@dataclass(frozen=True, kw_only=True)
class VatSum:
    """The lines of one VAT rate together."""

    rate: str
    net: Decimal
    vat: Decimal
    gross: Decimal


def service_of(name: str, unit: str) -> Service:
    """What a line of this name and unit is for; TYTAN gives no code (tytan-contract.md, `ebok_invoice_lines`)."""
    words = name.casefold()
    if "odsetki" in words:
        return Service.INTEREST
    if "abonament" in words:
        return Service.STANDING
    if unit.casefold() not in CUBIC_METRES:
        return Service.OTHER
    if "bezpowrotn" in words or "ogrod" in words:
        return Service.UNRETURNED
    if "ściek" in words or "sciek" in words:
        return Service.SEWAGE
    return Service.WATER if "wod" in words else Service.OTHER


def explain(line: BillLine) -> Explained:
    """What holds of a line."""
    multiplies = _rounded(line.quantity * line.price) == line.net
    difference = line.value_to - line.value_from if line.value_from is not None and line.value_to is not None else None
    subtracts = difference is not None and difference == line.quantity
    rolled = difference is not None and any(difference + 10**digits == line.quantity for digits in DIGITS)
    return Explained(line=line, multiplies=multiplies, subtracts=subtracts, rolled_over=rolled)


def sewage_rule(lines: Iterable[BillLine]) -> SewageRule | None:
    """Whether sewage is the water less the unreturned water, and what that saved; None where it is not so."""
    found: dict[Service, list[BillLine]] = {}
    for line in lines:
        found.setdefault(line.service, []).append(line)
    if any(service not in found for service in (Service.WATER, Service.SEWAGE)):
        return None
    water, sewage, unreturned = (
        sum((x.quantity for x in found.get(service, ())), Decimal(0))
        for service in (Service.WATER, Service.SEWAGE, Service.UNRETURNED)
    )
    if water - unreturned != sewage:
        return None
    gross = sum((x.gross for x in found[Service.SEWAGE]), ZERO)
    saved = _rounded(unreturned * gross / sewage) if sewage else ZERO
    return SewageRule(water=water, unreturned=unreturned, sewage=sewage, saved=saved)


def vat_sums(lines: Iterable[BillLine]) -> list[VatSum]:
    """The lines by VAT rate, in the order in which the rates come."""
    sums: dict[str, list[Decimal]] = {}
    for line in lines:
        own = sums.setdefault(line.vat_rate, [ZERO, ZERO, ZERO])
        for place, amount in enumerate((line.net, line.vat, line.gross)):
            own[place] += amount
    return [VatSum(rate=rate, net=net, vat=vat, gross=gross) for rate, (net, vat, gross) in sums.items()]


def sums_agree(lines: Sequence[BillLine], net: Decimal, vat: Decimal, gross: Decimal) -> bool:
    """Whether the lines add up to the document, and the document to itself. A document without lines says nothing."""
    if net + vat != gross:
        return False
    totals = vat_sums(lines)
    return not totals or (net, vat, gross) == (
        sum((x.net for x in totals), ZERO),
        sum((x.vat for x in totals), ZERO),
        sum((x.gross for x in totals), ZERO),
    )


def mentions(text: str, number: str) -> bool:
    """Whether a text names a document, and not another one whose number only begins or ends alike."""
    return re.search(rf"(?<![\w/]){re.escape(number)}(?![\w/])", text) is not None


def _rounded(amount: Decimal) -> Decimal:
    """To the grosz, halves away from zero (billing.md §2)."""
    return amount.quantize(GROSZ, ROUND_HALF_UP)
