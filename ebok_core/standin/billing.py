"""From cubic metres to an invoice: lines, VAT, totals. Pure, whole grosze, exact. Source: billing.md §2, §3, §10.3.

The generator and the office bill with the same functions. Days are ordinals, volumes whole m³, amounts whole grosze,
prices ten-thousandths of a złoty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ebok_core.standin import tariff
from ebok_core.standin.tariff import Part

WATER_ONLY, SEWAGE_ONLY, BOTH = "Woda", "Ścieki", "Woda i ścieki"
VAT_REDUCED, VAT_BASIC, VAT_NONE = "8%", "23%", "np"
VAT_PERCENT: dict[str, int] = {VAT_REDUCED: 8, VAT_BASIC: 23, VAT_NONE: 0}
CUBIC_METRE, MONTH, PIECE, DAY = "m3", "mc", "szt.", "dzień"
GROSZ_PRICE = tariff.PRICE_SCALE // 100

WATER, SEWAGE = "Dostarczanie wody z sieci, taryfa {}", "Odprowadzanie ścieków, taryfa {}"
STANDING, STANDING_WATER, STANDING_SEWAGE = (
    "Opłata abonamentowa",
    "Opłata abonamentowa – woda",
    "Opłata abonamentowa – ścieki",
)
GARDEN = "Woda bezpowrotnie zużyta (podlicznik ogrodowy)"


class Metered(NamedTuple):
    """What one meter showed over a stretch of days: the readings at both ends and the m³ between them."""

    meter_id: str
    digits: int
    value_from: int
    value_to: int
    read_from: int
    read_to: int
    quantity: int
    estimated: int


class Draft(NamedTuple):
    """A line before VAT: `quantity` whole units, `price` in ten-thousandths of a złoty, `net` in grosze."""

    name: str
    unit: str
    quantity: int
    price: int
    net: int
    vat_rate: str
    metered: Metered | None = None


class Line(NamedTuple):
    """A line of an invoice, amounts in grosze."""

    draft: Draft
    vat: int
    gross: int


class Bill(NamedTuple):
    """An invoice's lines and totals in grosze; the sums of the lines equal the totals."""

    net: int
    vat: int
    gross: int
    lines: tuple[Line, ...]


def half_up(numerator: int, denominator: int) -> int:
    """Divide, rounding halves away from zero: a negative difference is rounded by its size (billing.md §2)."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -size if numerator < 0 else size


def grosze(amount: Decimal) -> int:
    """Whole grosze of an amount in złoty. Raises `ValueError` when it has parts of a grosz."""
    whole = amount.scaleb(2)
    if whole != whole.to_integral_value():
        raise ValueError(f"{amount} has parts of a grosz")
    return int(whole)


def zloty(amount: int) -> Decimal:
    """The amount in złoty of whole grosze."""
    return Decimal(amount).scaleb(-2)


def draft(name: str, unit: str, quantity: int, price: int, metered: Metered | None = None) -> Draft:
    """A line of a tariff price, at the reduced rate of VAT."""
    return Draft(name, unit, quantity, price, half_up(quantity * price, GROSZ_PRICE), VAT_REDUCED, metered)


def total(drafts: Sequence[Draft]) -> Bill:
    """Add up an invoice by method A of billing.md §2.1: VAT from the total of each rate.

    The lines carry VAT too: each its own, rounded, and the last line of a rate what is left, so that they add up.
    """
    net_of_rate: dict[str, int] = {}
    for item in drafts:
        net_of_rate[item.vat_rate] = net_of_rate.get(item.vat_rate, 0) + item.net
    left = {rate: half_up(net * VAT_PERCENT[rate], 100) for rate, net in net_of_rate.items()}
    net, vat = sum(net_of_rate.values()), sum(left.values())
    last = {item.vat_rate: number for number, item in enumerate(drafts)}
    lines = []
    for number, item in enumerate(drafts):
        rate = item.vat_rate
        own = left[rate] if number == last[rate] else half_up(item.net * VAT_PERCENT[rate], 100)
        left[rate] -= own
        lines.append(Line(item, own, item.net + own))
    return Bill(net, vat, net + vat, tuple(lines))


def consumption(value_from: int, value_to: int, digits: int) -> int:
    """The m³ between two states of one meter, whose dial may have rolled over once (billing.md §10.3)."""
    return (value_to - value_from) % 10**digits


def shares(quantity: int, periods: Sequence[tuple[int, int]]) -> list[int]:
    """Divide whole m³ over stretches of days (first, last) proportionally; the parts add up to the quantity."""
    days = [last - first + 1 for first, last in periods]
    whole, done, given, parts = sum(days), 0, 0, []
    for length in days:
        done += length
        upto = half_up(quantity * done, whole)
        parts.append(upto - given)
        given = upto
    return parts


def split_metered(item: Metered, group: str) -> list[tuple[Part, Metered]]:
    """Cut a meter's stretch where the price list changes. The day of the first reading belongs to the period before."""
    stretches = tariff.parts(group, item.read_from + 1, max(item.read_to, item.read_from + 1))
    if len(stretches) == 1:
        return [(stretches[0], item)]
    found = []
    value, read = item.value_from, item.read_from
    for part, quantity in zip(stretches, shares(item.quantity, [(p.first, p.last) for p in stretches]), strict=True):
        value_to = (value + quantity) % 10**item.digits
        found.append(
            (
                part,
                item._replace(
                    value_from=value, value_to=value_to, read_from=read, read_to=part.last, quantity=quantity
                ),
            )
        )
        value, read = value_to, part.last
    return found


def metered_lines(name: str, price: str, group: str, items: Sequence[Metered]) -> list[Draft]:
    """One line for each meter and price list; `price` names the field of `Prices`."""
    label = name.format(group)
    return [
        draft(label, CUBIC_METRE, piece.quantity, getattr(part.prices, price), piece)
        for item in items
        for part, piece in split_metered(item, group)
    ]


def sewage_lines(group: str, first: int, last: int, quantity: int) -> list[Draft]:
    """Lines for sewage that no meter of its own measures, divided over the price lists by days."""
    stretches = tariff.parts(group, first, last)
    volumes = shares(quantity, [(part.first, part.last) for part in stretches])
    label = SEWAGE.format(group)
    return [draft(label, CUBIC_METRE, m3, part.prices.sewage) for part, m3 in zip(stretches, volumes, strict=True)]


def standing_lines(group: str, service: str, months: Sequence[int]) -> list[Draft]:
    """Standing charges for months, each given by the ordinal of its first day and charged at that day's price."""
    counts: dict[tariff.Prices, int] = {}
    for day in months:
        prices = tariff.prices_on(group, day)
        counts[prices] = counts.get(prices, 0) + 1
    return [line for prices, count in counts.items() for line in _standing(group, service, prices, count)]


def _standing(group: str, service: str, prices: tariff.Prices, months: int) -> list[Draft]:
    if service == BOTH and group in tariff.ONE_STANDING_CHARGE:
        return [draft(STANDING, MONTH, months, prices.standing_water + prices.standing_sewage)]
    lines = []
    if service != SEWAGE_ONLY:
        lines.append(draft(STANDING_WATER, MONTH, months, prices.standing_water))
    if service != WATER_ONLY:
        lines.append(draft(STANDING_SEWAGE, MONTH, months, prices.standing_sewage))
    return lines


def water_bill(
    group: str,
    service: str,
    first: int,
    last: int,
    months: Sequence[int],
    main: Sequence[Metered],
    garden: Sequence[Metered] = (),
) -> Bill:
    """The invoice of one service point for the days `first` to `last`.

    Water is billed on the main meter in full; sewage on main less garden, never below 0 (billing.md §10.4). `garden`
    holds the garden meters that count; each has a line of 0.00 that shows its readings.
    """
    if service == SEWAGE_ONLY:
        drafts = metered_lines(SEWAGE, "sewage", group, main)
    else:
        drafts = metered_lines(WATER, "water", group, main)
    if service == BOTH:
        drafts += [draft(GARDEN, CUBIC_METRE, item.quantity, 0, item) for item in garden]
        unreturned = sum(item.quantity for item in garden)
        drafts += sewage_lines(group, first, last, max(sum(item.quantity for item in main) - unreturned, 0))
    drafts += standing_lines(group, service, months)
    return total(drafts)


def months_passed(first: int, last: int) -> list[int]:
    """The months that a period completes, as ordinals of their first days: each month is charged once.

    A month counts for the period in which its last day lies; what a period leaves of it falls to the next one.
    """
    start, end = date.fromordinal(first), date.fromordinal(last + 1)
    numbers = range(start.year * 12 + start.month - 1, end.year * 12 + end.month - 1)
    return [date(number // 12, number % 12 + 1, 1).toordinal() for number in numbers]
