"""Lines and the VAT table: only the columns in which at least one line has a value (billing.md §7.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ebok_core import pdf
from ebok_core.i18n import NBSP, dotted

from ..rules.document import InvoiceDocument, Line, LineState, MeterReading
from . import values

_STATES = {LineState.PLAIN: "", LineState.BEFORE: "przed korektą", LineState.AFTER: "po korekcie"}


class _Column(NamedTuple):
    title: str
    value: Callable[[Line], str]
    numeric: bool = True
    has_currency: bool = False


_COLUMNS = (
    _Column("Ilość", lambda line: values.quantity(line.quantity, line.unit)),
    _Column("Cena netto", lambda line: values.unit_price(line.unit_price_net), has_currency=True),
    _Column("Cena brutto", lambda line: values.unit_price(line.unit_price_gross), has_currency=True),
    _Column("Rabat", lambda line: values.unit_price(line.discount), has_currency=True),
    _Column("Netto", lambda line: values.amount(line.net, unit=False), has_currency=True),
    _Column("Stawka VAT", lambda line: line.vat_rate),
    _Column("VAT", lambda line: values.amount(line.vat, unit=False), has_currency=True),
    _Column("Brutto", lambda line: values.amount(line.gross, unit=False), has_currency=True),
)


def lines(document: InvoiceDocument) -> list[pdf.Block]:
    """The lines with what each was counted from, and the total under them."""
    total = values.amount(document.total, document.currency)
    if not document.lines:
        return [pdf.Sums("Kwota", (), (document.total_label, total))] if total and document.total_label else []
    used = [column for column in _COLUMNS if any(column.value(line) for line in document.lines)]
    numbered = any(line.number is not None for line in document.lines)
    unit = "zł" if document.currency == "PLN" else document.currency
    columns = [pdf.Column("Lp.")] if numbered else []
    columns.append(pdf.Column("Nazwa", head=True))
    if any(line.state is not LineState.PLAIN for line in document.lines):
        columns.append(pdf.Column("Stan"))
    has_state = columns[-1].title == "Stan"
    columns += [pdf.Column(f"{c.title} [{unit}]" if c.has_currency else c.title, numeric=c.numeric) for c in used]
    rows = tuple(_row(line, used, numbered=numbered, has_state=has_state) for line in document.lines)
    totals: tuple[tuple[pdf.Cell | str, ...], ...] = ()
    if total and len(columns) > 1:
        totals = ((pdf.Cell(document.total_label or "Razem", span=len(columns) - 1), total),)
    return [pdf.Heading("Pozycje"), pdf.Table("Pozycje", tuple(columns), rows, totals, quiet=True)]


def _row(line: Line, used: list[_Column], *, numbered: bool, has_state: bool) -> tuple[pdf.Cell | str | None, ...]:
    first = [str(line.number) if line.number is not None else None] if numbered else []
    state = [_STATES[line.state] or None] if has_state else []
    name = pdf.Cell(line.name or "–", note="\n".join(_notes(line)))
    return (*first, name, *state, *(column.value(line) or None for column in used))


def _notes(line: Line) -> list[str]:
    """What stands under a line's name."""
    found = []
    if period := values.span(line.period_from, line.period_to):
        found.append(f"za okres {period}")
    if line.sold_on:
        found.append(f"data dostawy lub usługi: {dotted(line.sold_on)}")
    if line.reading:
        found.append(reading(line.reading))
    return found + [f"{label}: {text}" for label, text in values.pairs(line.details)]


def reading(found: MeterReading) -> str:
    """`wodomierz główny 18-4471203: 1 243 m³ (31.05.2026) – 1 264 m³ (31.08.2026), zużycie 21 m³, szacunek`."""
    who = " ".join(part for part in ("wodomierz", found.role, found.meter_number) if part)
    states = []
    for value, day in ((found.value_from, found.read_from), (found.value_to, found.read_to)):
        text = values.quantity(value, "m3") if value is not None else ""
        when = f"({dotted(day)})" if day and text else dotted(day) if day else ""
        states.append(NBSP.join(part for part in (text, when) if part))
    parts = [f"{NBSP}– ".join(state for state in states if state)]
    if found.consumption_m3 is not None:
        parts.append(f"zużycie {values.quantity(found.consumption_m3, 'm3')}")
    if found.estimated:
        parts.append("szacunek")
    said = ", ".join(part for part in parts if part)
    return f"{who}: {said}" if said else who


def vat_table(document: InvoiceDocument) -> list[pdf.Block]:
    """Net, VAT and gross by rate, VAT in złoty for another currency."""
    rows = document.vat_rows
    if not rows:
        return []
    unit = "zł" if document.currency == "PLN" else document.currency
    in_zloty = any(row.vat_pln is not None for row in rows)
    columns = [pdf.Column("Stawka VAT", head=True)]
    columns += [pdf.Column(f"{title} [{unit}]", numeric=True) for title in ("Netto", "VAT", "Brutto")]
    columns += [pdf.Column("VAT [zł]", numeric=True)] if in_zloty and unit != "zł" else []
    cells = tuple(
        (
            row.label,
            *(values.amount(part, unit=False) or None for part in (row.net, row.vat, row.gross, row.vat_pln)),
        )[: len(columns)]
        for row in rows
    )
    totals: tuple[tuple[str | None, ...], ...] = ()
    if document.net is not None and document.vat is not None:
        gross = document.net + document.vat
        summed = (values.amount(value, unit=False) for value in (document.net, document.vat, gross))
        totals = (("Razem", *summed, *([None] if len(columns) == 5 else [])),)
    return [pdf.Heading("Podatek VAT"), pdf.Table("Podatek VAT", tuple(columns), cells, totals, quiet=True)]
