"""Explanations in plain words: how a line was counted, what a part of a difference comes from (P36, N24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ebok_core.i18n import gettext as _
from ebok_core.i18n import in_words, lazy_gettext, money, ngettext, number, volume

from ..rules import BillLine, Cause, Explained, Part, Service
from ..rules.bills import CUBIC_METRES, DAYS, MONTHS
from ..rules.states import ZERO
from ..service import Document

SERVICES: Mapping[Service, Any] = {
    Service.WATER: lazy_gettext("Water"),
    Service.SEWAGE: lazy_gettext("Sewage"),
    Service.UNRETURNED: lazy_gettext("Garden water"),
    Service.STANDING: lazy_gettext("Standing charge"),
    Service.INTEREST: lazy_gettext("Interest"),
    Service.OTHER: lazy_gettext("Other services"),
}


def amount_of(quantity: Decimal, unit: str) -> str:
    """A quantity with its unit: `9 m³`, `3 miesiące`, `27 dni`, `1 szt.`."""
    whole = quantity == quantity.to_integral_value()
    if unit.casefold() in CUBIC_METRES:
        return volume(quantity)
    if unit.casefold() in MONTHS and whole:
        return ngettext("%(n)s month", "%(n)s months", int(quantity))
    if unit.casefold() in DAYS and whole:
        return ngettext("%(n)s day", "%(n)s days", int(quantity))
    return f"{volume(quantity, unit=False)} {unit}"


def price(value: Decimal) -> str:
    """A net price in złoty: two places, or the four of the price list where it has them."""
    exact = value.quantize(Decimal("0.01"))
    return money(exact) if exact == value else f"{number(value, decimals=4)} zł"


def sentence_of(explained: Explained) -> list[str]:
    """What may be said of a line: from which states, at which price, with which tax."""
    line, found = explained.line, []
    if line.is_metered and (explained.subtracts or explained.rolled_over):
        found.append(_states(line, rolled_over=explained.rolled_over))
    if line.estimated:
        found.append(_("The state is an estimate; the next reading will settle the difference."))
    if line.service is Service.UNRETURNED and not line.gross:
        found.append(_("This water costs nothing by itself: it lowers the sewage."))
    elif explained.multiplies:
        product = f"{amount_of(line.quantity, line.unit)} × {price(line.price)} = {money(line.net)}"
        found.append(_("%(product)s net.", product=product) if line.vat else f"{product}.")
    if line.vat:
        amounts = {"rate": line.vat_rate, "vat": money(line.vat), "gross": money(line.gross)}
        found.append(_("With VAT %(rate)s (%(vat)s): %(gross)s.", **amounts))
    return found


def _states(line: BillLine, *, rolled_over: bool) -> str:
    values = {
        "second": volume(line.value_to or ZERO, unit=False),
        "first": volume(line.value_from or ZERO, unit=False),
        "use": volume(line.quantity),
        "second_on": in_words(line.read_to) if line.read_to else "–",
        "first_on": in_words(line.read_from) if line.read_from else "–",
    }
    if rolled_over:
        return _(
            "The dial began from zero again: from %(first)s (%(first_on)s) to %(second)s (%(second_on)s): %(use)s.",
            **values,
        )
    return _("State %(second)s (%(second_on)s) less state %(first)s (%(first_on)s) = %(use)s.", **values)


def sums_of(lines: Iterable[BillLine]) -> list[tuple[str, str, Decimal]]:
    """The lines by what they are for, as parts of a sum: name, note, gross amount."""
    sums: dict[tuple[Service, str], list[Decimal]] = {}
    units: dict[tuple[Service, str], str] = {}
    for line in lines:
        if not line.gross:
            continue
        key = (line.service, line.name if line.service in (Service.OTHER, Service.INTEREST) else "")
        own = sums.setdefault(key, [Decimal(0), ZERO])
        own[0] += line.quantity
        own[1] += line.gross
        units[key] = line.unit if units.get(key, line.unit) == line.unit else ""
    found = []
    for (service, name), (quantity, gross) in sums.items():
        unit = units[service, name]
        found.append((name or str(SERVICES[service]), amount_of(quantity, unit) if unit else "", gross))
    return found


def part_of(part: Part) -> tuple[str, str, Decimal]:
    """A part of the difference to a year ago as a row of a sum: what it is, what it was then and now, the amount."""
    name = part.name or str(SERVICES[part.service])
    before, now = part.before or Decimal(0), part.now or Decimal(0)
    if part.cause is Cause.DAYS:
        note = _("%(now)s instead of %(before)s", now=_days(now), before=_days(before))
        return _("%(name)s: length of the period", name=name), note, part.amount
    if part.cause is Cause.USE:
        note = _("%(now)s instead of %(before)s", now=volume(now), before=volume(before))
        return _("%(name)s: use", name=name), note, part.amount
    if part.cause is Cause.MONTHS:
        note = _("%(now)s instead of %(before)s", now=amount_of(now, "mc"), before=amount_of(before, "mc"))
        return _("%(name)s: number of months", name=name), note, part.amount
    if part.cause is Cause.PRICE and before != now:
        note = _("%(now)s instead of %(before)s", now=_("%(price)s net", price=price(now)), before=price(before))
        return _("%(name)s: price", name=name), note, part.amount
    notes = {
        Cause.PRICE: _("another rate of VAT"),
        Cause.ADDED: _("was not there a year ago"),
        Cause.GONE: _("is not there this time"),
        Cause.CHANGED: _("another amount than a year ago"),
    }
    return name, notes[part.cause], part.amount


def water_of(found: Document) -> tuple[str, Decimal] | None:
    """The water of a bill in m³, or the sewage where there is no water: the third number of the easy version."""
    for service in (Service.WATER, Service.SEWAGE):
        quantities = [line.quantity for line in found.lines if line.service is service]
        if quantities:
            return str(SERVICES[service]), sum(quantities, Decimal(0))
    return None


def _days(days: Decimal) -> str:
    return ngettext("%(n)s day", "%(n)s days", int(days))
