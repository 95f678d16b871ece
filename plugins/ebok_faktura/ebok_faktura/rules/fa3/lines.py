"""Lines, VAT table and totals of an FA(3) document, as they stand in it: nothing is computed but sums of sums."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from ..document import Labelled, Line, LineState, MeterReading, VatRow
from .node import Node
from .words import day, decimal, is_yes, label, labelled, meaning, plain

# The rates that a pair of sums may hold: where the lines tell which one it is, the table says that one.
VAT_SUMS: Mapping[str, tuple[str, ...]] = {
    "1": ("23", "22"),
    "2": ("8", "7"),
    "3": ("5",),
    "4": ("4", "3"),
    "5": (),
    "6_1": (),
    "6_2": (),
    "6_3": (),
    "7": (),
    "8": (),
    "9": (),
    "10": (),
    "11": (),
}
# The convention of billing.md §7.3: what is said of a line's meter, by the key of the description.
METER, FROM, TO = "Nr wodomierza", "Odczyt poprzedni", "Odczyt bieżący"
GARDEN = "Podlicznik ogrodowy nr"
_STATE = re.compile(r"(\d{4}-\d{2}-\d{2}): (\d+(?:[.,]\d{1,3})?) m3")
DETAILS = (
    *("UU_ID", "Indeks", "GTIN", "PKWiU", "CN", "PKOB", "P_12_XII", "P_12_Zal_15", "KwotaAkcyzy"),
    *("GTU", "Procedura", "KursWaluty"),
)


def lines(fa: Node, currency: str) -> tuple[Line, ...]:
    """Every line, in order; on a correction each says whether it stands before or after."""
    nodes = fa.all("FaWiersz")
    before = {node.first("NrWierszaFa").text for node in nodes if is_yes(node.first("StanPrzed").text)}
    readings = _readings(fa)
    return tuple(_line(node, currency, before, readings) for node in nodes)


def _line(node: Node, currency: str, before: frozenset[str] | set[str], readings: Mapping[str, MeterReading]) -> Line:
    number = node.take("NrWierszaFa")
    state = LineState.AFTER if number in before else LineState.PLAIN
    if is_yes(node.take("StanPrzed")):
        state = LineState.BEFORE
    return Line(
        number=int(number) if number else None,
        name=node.take("P_7"),
        sold_on=day(node.take("P_6A")),
        reading=readings.get(plain(number)),
        unit=node.take("P_8A"),
        quantity=decimal(node.take("P_8B")),
        unit_price_net=decimal(node.take("P_9A")),
        unit_price_gross=decimal(node.take("P_9B")),
        discount=decimal(node.take("P_10")),
        net=decimal(node.take("P_11")),
        vat_rate=meaning("vat_rate", node.take("P_12")),
        vat=decimal(node.take("P_11Vat")),
        gross=decimal(node.take("P_11A")),
        state=state,
        details=tuple(labelled(found, currency) for name in DETAILS if (found := node.first(name))),
    )


def _readings(fa: Node) -> dict[str, MeterReading]:
    """Readings of lines, where descriptions follow our convention; what they say is shown among them all the same."""
    said: dict[str, dict[str, str]] = {}
    for node in fa.all("DodatkowyOpis"):
        number = node.first("NrWiersza").text
        if number:
            said.setdefault(plain(number), {})[node.first("Klucz").text] = node.first("Wartosc").text
    return {number: found for number, texts in said.items() if (found := _reading(texts)) is not None}


def _reading(texts: Mapping[str, str]) -> MeterReading | None:
    meter, first, last = texts.get(METER), _state(texts.get(FROM, "")), _state(texts.get(TO, ""))
    if not meter or first is None or last is None:
        return None
    return MeterReading(
        meter_number=meter,
        read_from=first[0],
        value_from=first[1],
        read_to=last[0],
        value_to=last[1],
        estimated="szacun" in texts[TO],
    )


def _state(text: str) -> tuple[date, Decimal] | None:
    found = _STATE.match(text)
    return (date.fromisoformat(found[1]), Decimal(found[2].replace(",", "."))) if found else None


def vat_rows(fa: Node) -> tuple[VatRow, ...]:
    """The sums by rate, in the form's order, as the document gives them."""
    rates = {plain(node.first("P_12").text) for node in fa.all("FaWiersz")}
    rows = []
    for suffix, choices in VAT_SUMS.items():
        net = decimal(fa.take(f"P_13_{suffix}"))
        vat, in_zloty = decimal(fa.take(f"P_14_{suffix}")), decimal(fa.take(f"P_14_{suffix}W"))
        if net is None:
            continue
        used = [rate for rate in choices if rate in rates]
        title = meaning("vat_rate", used[0]) if len(used) == 1 else label(f"P_13_{suffix}")
        gross = net + vat if vat is not None else net
        rows.append(VatRow(label=title, net=net, vat=vat, gross=gross, vat_pln=in_zloty))
    return tuple(rows)


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the amounts that are there, or None where there is none."""
    found = [amount for amount in amounts if amount is not None]
    return sum(found, Decimal(0)) if found else None


def totals_label(kind: str) -> str:
    """What the document's total is called: by its kind it is another thing (billing.md §7.2)."""
    return TOTALS.get(kind, label("P_15"))


TOTALS = {
    "ZAL": "Otrzymana kwota zapłaty",
    "ROZ": "Kwota pozostała do zapłaty",
    "KOR": "Korekta kwoty należności ogółem",
    "KOR_ZAL": "Korekta otrzymanej kwoty zapłaty",
    "KOR_ROZ": "Korekta kwoty pozostałej do zapłaty",
}


def line_notes(nodes: Iterable[Node]) -> tuple[Labelled, ...]:
    """Descriptions as labelled values; those of a line say which."""
    found = []
    for node in nodes:
        number, key, value = node.take("NrWiersza"), node.take("Klucz"), node.take("Wartosc")
        found.append(Labelled(label=f"{label('NrWiersza')} {number}: {key}" if number else key, value=value))
    return tuple(found)
