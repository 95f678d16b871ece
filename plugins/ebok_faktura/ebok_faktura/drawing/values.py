"""Values of a document as its readers write them. Polish, as the document is; nothing is rounded away."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from ebok_core import clock, pdf
from ebok_core.i18n import NBSP, account_number, dotted, money, number

from ..rules.document import Labelled, Value

Pair = tuple[str, pdf.Text]

_UNITS = {"m3": "m³", "m2": "m²"}
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)
_LINKS = ("https://", "http://")


def amount(value: Decimal | None, currency: str = "PLN", *, unit: bool = True) -> str:
    """`1 234,56 zł`, or with another currency's code; "" for no amount. `unit=False` where the column names it."""
    if value is None:
        return ""
    if currency == "PLN" or not unit:
        return money(value, unit=unit)
    return f"{money(value, unit=False)}{NBSP}{currency}"


def unit_price(value: Decimal | None) -> str:
    """A price with two places, or with as many as it has (FA(3) allows eight)."""
    if value is None:
        return ""
    places = max(2, -int(value.normalize().as_tuple().exponent))
    return money(value, unit=False) if places == 2 else number(value, decimals=places)


def plain(value: Decimal | None) -> str:
    """A number without needless zeros."""
    if value is None:
        return ""
    places = max(0, -int(value.normalize().as_tuple().exponent))
    return number(value, decimals=places)


def quantity(value: Decimal | None, unit: str) -> str:
    """`21 m³`."""
    return NBSP.join(part for part in (plain(value), measure(unit)) if part)


def measure(unit: str) -> str:
    """A unit as it is printed."""
    return _UNITS.get(unit, unit)


def said(value: Value | None, unit: str = "") -> str:
    """Any value: a day with dots, an instant on a Warsaw clock, a number with its unit, a text as it is."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        moment = clock.local(value)
        return f"{dotted(moment.date())}, {moment.hour}:{moment.minute:02d}"
    if isinstance(value, date):
        return dotted(value)
    if isinstance(value, Decimal):
        if len(unit) == 3 and unit.isupper():
            return amount(value, unit)
        return NBSP.join(part for part in (plain(value), measure(unit)) if part)
    return value


def labelled(entry: Labelled) -> Pair:
    """A label with its value, the code behind it where people know it by that."""
    text = said(entry.value, entry.unit)
    if entry.code and entry.code not in text:
        text = f"{text} ({entry.code})" if text else entry.code
    return entry.label, pdf.Run(text, link=f"mailto:{text}") if _MAIL.fullmatch(text) else text


def pairs(entries: Iterable[Labelled]) -> list[Pair]:
    """Labels and values of entries."""
    return [labelled(entry) for entry in entries]


def facts(entries: Iterable[Pair]) -> pdf.Pairs:
    """Labels and values, two beside each other where all of them are short."""
    found = tuple(entries)
    short = all(len(label) <= 30 and isinstance(value, str) and len(value) <= 36 for label, value in found)
    return pdf.Pairs(found, columns=2 if short and len(found) > 2 else 1)


def span(first: date | None, last: date | None) -> str:
    """`01.06.2026 – 31.08.2026`, or what there is of it."""
    if first and last:
        return f"{dotted(first)}{NBSP}– {dotted(last)}"
    return f"od {dotted(first)}" if first else f"do {dotted(last)}" if last else ""


def account(text: str) -> str:
    """A bank account in groups where it is one of digits alone."""
    return account_number(text) if text.isdigit() and len(text) == 26 else text


def link(text: str) -> str | pdf.Run:
    """An address that may be followed, else the bare text: a link of a document is foreign text."""
    return pdf.Run(text, link=text) if text.startswith(_LINKS) and text.isascii() and " " not in text else text
