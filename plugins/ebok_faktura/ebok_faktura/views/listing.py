"""*Wszystkie faktury* and *Niezapłacone*: the leaflet's table over every document of the customer (L10-L20, L79)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import current_app, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.i18n import iso, lazy_gettext, lazy_pgettext, money, ngettext
from ebok_core.tytan import copy
from ebok_core.web import Cell, Column, Filter, Link, Option, Table, Word, list_page, render, snapshot, viewer

from .. import rules, schemas, service
from ..rules import State
from ..service import selects
from .blueprint import blueprint

# How many calendar years the filter offers: the law's five full years after the invoice's own (billing.md §6).
YEARS = 7

_i = copy.invoices.c
_DOCUMENT = "customer.faktura.document"
PDF = "customer.faktura.pdf"


def kind_cell(row: Any) -> Any:
    """The type in words; a correction points to the document that it corrects (L17)."""
    name = schemas.kind_name(row.kind)
    if not row.corrected_invoice:
        return name
    origin = url_for(_DOCUMENT, number=row.corrected_invoice)
    return [name, Cell(_("to %(number)s", number=row.corrected_invoice), href=origin, whole=True)]


def due_cell(row: Any) -> Cell:
    """The due date; of an open document with the days before or after it, in words (L14)."""
    days = (row.due_on - clock.today()).days
    if row.to_pay <= 0:
        return Cell(iso(row.due_on), whole=True)
    if days < 0:
        return Cell(iso(row.due_on), ngettext("%(n)s day overdue", "%(n)s days overdue", -days), late=True, whole=True)
    note = ngettext("in %(n)s day", "in %(n)s days", days) if days else _("today")
    return Cell(iso(row.due_on), note, whole=True)


def state_word(row: Any) -> Word:
    """The state, with what came off a document that is paid in part; red once the due date has passed (L18)."""
    state = rules.state_of(row.gross, row.to_pay)
    label, kind = schemas.STATES[state]
    is_late = rules.days_late(row.to_pay, row.due_on, clock.today()) > 0
    note = _("settled: %(amount)s", amount=money(row.gross - row.to_pay)) if state is State.PART_PAID else ""
    return Word("bad" if is_late else kind, str(label), note)


def preview_cell(row: Any) -> Any:
    """The way into the document, and its file; in words where there is none (L19)."""
    address = url_for(_DOCUMENT, number=row.number, **_origin(row))
    file = pdf_address(row.number)
    if file is None:
        return Cell(_("Preview"), _("No file"), href=address)
    return [Cell(_("Preview"), href=address), Cell("PDF", href=file)]


def pdf_address(number: str) -> str | None:
    """Where the file of a document is; None while no part of the module makes files."""
    return url_for(PDF, number=number) if PDF in current_app.view_functions else None


def _origin(row: Any) -> dict[str, str]:
    return {"lista": row.lista} if row.lista else {}


def _year(back: int) -> Callable[[], Mapping[str, Any]]:
    def values() -> Mapping[str, Any]:
        year = clock.today().year - back
        return {f"y{back}_first": date(year, 1, 1), f"y{back}_last": date(year, 12, 31)}

    return values


def _year_option(back: int) -> Option:
    first, last = (sa.bindparam(f"y{back}_{end}", type_=sa.Date) for end in ("first", "last"))
    key = f"rok-{back}" if back else "ten-rok"
    return Option(key, _YearName(back), sa.and_(_i.issued_on >= first, _i.issued_on <= last), _year(back))


class _YearName:
    """A calendar year so many years back from today, as its number."""

    def __init__(self, back: int) -> None:
        self.back = back

    def __str__(self) -> str:
        return str(clock.today().year - self.back)


PERIOD = Filter(
    "okres",
    lazy_gettext("Period"),
    (
        Option(
            "ostatni-rok",
            lazy_pgettext("period", "last year"),
            _i.issued_on >= sa.bindparam("year_since", type_=sa.Date),
            lambda: {"year_since": rules.last_year(clock.today())},
        ),
        *(_year_option(back) for back in range(YEARS)),
        Option("wszystko", lazy_pgettext("period", "all years")),
    ),
    default="ostatni-rok",
)
TYPE = Filter(
    "typ",
    lazy_gettext("Type of document"),
    (
        *(Option(key, label, _i.kind.in_(sorted(kinds))) for key, label, kinds in schemas.TYPES),
        Option(
            "inne",
            lazy_gettext("Other documents"),
            _i.kind.not_in(sorted(set().union(*(kinds for _key, _label, kinds in schemas.TYPES)))),
        ),
    ),
)


def _columns(back: str) -> tuple[Column, ...]:
    """The leaflet's columns in the leaflet's order; `back` is the list that a document leads back to."""
    arguments = {"number": "number", "lista": "lista"} if back else {"number": "number"}
    return (
        Column(
            "number",
            lazy_gettext("Document no."),
            head=True,
            optional=False,
            link=Link(_DOCUMENT, arguments),
            sort=_i.number,
        ),
        Column("issued_on", lazy_gettext("Issue date"), "date", sort=_i.issued_on),
        Column(
            "due_on",
            lazy_gettext("Due date"),
            "cell",
            value=due_cell,
            csv=lambda row: row.due_on,
            sort=_i.due_on,
        ),
        Column("gross", lazy_gettext("Amount [zł]"), "money", sort=_i.gross),
        Column("to_pay", lazy_gettext("Amount to pay [zł]"), "money", sort=_i.to_pay),
        Column("kind", lazy_gettext("Type of document"), "cell", value=kind_cell),
        Column("status", lazy_gettext("Status"), "word", value=state_word),
        Column("preview", lazy_gettext("Preview of the document"), "cell", value=preview_cell, csv=lambda row: ""),
        Column("actions", lazy_gettext("Possible actions"), "actions", value=lambda row: ()),
    )


def _statement(back: str) -> sa.Select[Any]:
    return sa.select(*(_i[name] for name in selects.ListRow._fields), sa.literal(back, sa.String).label("lista"))


def _counted(n: int) -> str:
    return ngettext("%(n)s document", "%(n)s documents", n)


INVOICES = Table(
    key="faktura.invoices",
    caption=lazy_gettext("All invoices"),
    statement=_statement(""),
    row_key=(_i.number,),
    columns=_columns(""),
    sort="-issued_on",
    filters=(PERIOD, TYPE),
    search=_i[copy.SEARCH_TEXT],
    search_label=lazy_gettext("Document number"),
    counted=_counted,
    empty=(
        lazy_gettext("There are no documents here yet"),
        lazy_gettext("Your first invoice appears here on the day after we issue it."),
    ),
    slot="faktura.invoice_actions",
)
UNPAID = Table(
    key="faktura.unpaid",
    caption=lazy_gettext("Unpaid documents"),
    statement=_statement("niezaplacone").where(selects.IS_UNPAID),
    row_key=(_i.number,),
    columns=_columns("niezaplacone"),
    sort="due_on",
    filters=(TYPE,),
    search=_i[copy.SEARCH_TEXT],
    search_label=lazy_gettext("Document number"),
    counted=_counted,
    empty=(
        lazy_gettext("Everything is paid"),
        lazy_gettext("When a new bill comes, it appears here until you pay it."),
    ),
    slot="faktura.invoice_actions",
)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Every document of the last twelve months, or of the period that was chosen, newest first (L10, L11)."""
    file = INVOICES.download()
    if file is not None:
        return file
    page = INVOICES.page()
    title = _("All invoices – %(period)s", period=page.label_of("okres"))
    return render(
        "ebok_faktura/index.html",
        title=page.titled(title),
        menu="faktura.invoices",
        table=page,
        unpaid=service.unpaid(snapshot(), viewer()),
    )


@blueprint.get("/niezaplacone")
def unpaid() -> ResponseReturnValue:
    """The documents with something left to pay, of all years, and the sum of it (L79)."""
    return list_page(
        UNPAID,
        "ebok_faktura/unpaid.html",
        title=_("Unpaid documents"),
        menu="faktura.unpaid",
        unpaid=service.unpaid(snapshot(), viewer()),
    )
