"""A statement of amounts as a page shows it: one set of numbers for the chart, the table and the CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from markupsafe import Markup

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, money, month_name
from ebok_core.statistics import Figures, Series, chart
from ebok_core.web import Column, rows_table

from ..rules import Step, Stretch
from .amounts import Amounts

STEPS: Mapping[str, Step] = {"miesiace": Step.MONTH, "kwartaly": Step.QUARTER, "lata": Step.YEAR}
_NAMES = {
    "miesiace": lazy_gettext("By months"),
    "kwartaly": lazy_gettext("By quarters"),
    "lata": lazy_gettext("By years"),
}
_ROMAN = ("", "I", "II", "III", "IV")


class Row(NamedTuple):
    """A row of the table, amounts in złoty."""

    period: str
    bills: Decimal
    notes: Decimal
    paid: Decimal


_COLUMNS = (
    Column("period", lazy_gettext("Period"), head=True),
    Column("bills", lazy_gettext("Invoiced [zł]"), "money"),
    Column("notes", lazy_gettext("Interest and demands [zł]"), "money"),
    Column("paid", lazy_gettext("Paid [zł]"), "money"),
)


def page_of(found: Amounts, step: Step, address: Callable[..., str]) -> dict[str, Any]:
    """The context of the template: the sentence, the chart, the table, the views and the CSV's address."""
    rows = [*_rows(found)]
    current = next(key for key, value in STEPS.items() if value is step)
    return {
        "sentence": _sentence(rows[-1]),
        "chart": _chart(found),
        "table": rows_table(_("Amounts by periods"), _COLUMNS, [*reversed(rows[:-1]), rows[-1]]),
        "has_amounts": any(x != 0 for x in (*found.bills, *found.notes, *found.paid)),
        "views": [(str(label), address(wg=key), key == current) for key, label in _NAMES.items()],
        "csv": address(wg=current, format="csv"),
    }


def csv_rows(found: Amounts) -> tuple[list[Any], list[list[Any]]]:
    """The head and the rows of the CSV, the newest period first, the sum last."""
    rows = [*_rows(found)]
    return [c.label for c in _COLUMNS], [list(row) for row in (*reversed(rows[:-1]), rows[-1])]


def _rows(found: Amounts) -> Iterator[Row]:
    """The periods, oldest first, then the sum of all."""
    for period, *amounts in zip(found.periods, found.bills, found.notes, found.paid, strict=True):
        yield Row(name_of(period), *amounts)
    yield Row(_("Together"), sum(found.bills, Decimal(0)), sum(found.notes, Decimal(0)), sum(found.paid, Decimal(0)))


def name_of(period: Stretch) -> str:
    """`listopad 2026`, `IV kwartał 2026`, `2026`."""
    if period.months == Step.MONTH.value:
        return month_name(period.first)
    if period.months == Step.QUARTER.value:
        return _("Quarter %(number)s of %(year)s", number=_ROMAN[period.quarter], year=period.year)
    return str(period.year)


def _short(period: Stretch) -> str:
    if period.months == Step.MONTH.value:
        return f"{period.month:02d}.{period.year % 100:02d}"
    if period.months == Step.QUARTER.value:
        return f"{_ROMAN[period.quarter]}.{period.year % 100:02d}"
    return str(period.year)


def _chart(found: Amounts) -> Markup:
    """Bars of what was charged and paid; a period that comes out negative (a correction) has no bar."""
    drawn = [(_("Invoiced"), found.bills), (_("Paid"), found.paid)]
    if any(found.notes):
        drawn.append((_("Interest and demands"), found.notes))
    series = tuple(Series(name=name, values=tuple(max(x, Decimal(0)) for x in values)) for name, values in drawn)
    first, last = name_of(found.periods[0]), name_of(found.periods[-1])
    return chart(
        Figures(
            title=_("Invoiced and paid, %(first)s to %(last)s", first=first, last=last),
            description=_("All numbers stand in the table below the chart."),
            unit="zł",
            periods=tuple(name_of(x) for x in found.periods),
            short=tuple(_short(x) for x in found.periods),
            series=series,
        )
    )


def _sentence(total: Row) -> str:
    """What the chart says, in words."""
    return _("Invoiced together: %(bills)s. Paid: %(paid)s.", bills=money(total.bills), paid=money(total.paid))
