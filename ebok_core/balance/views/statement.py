"""Wyciąg: the statement of account for any period, as a page, PDF, CSV and XLSX (P39)."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.i18n import pgettext
from ebok_core.web import (
    Acting,
    Form,
    acting,
    blank,
    copy_age,
    file_response,
    letterhead,
    load,
    render,
    snapshot,
    viewer,
)
from ebok_core.web.cells import csv_value
from ebok_core.web.exports import FORMATS

from .. import printout, service, tables
from ..rules import Statement
from ..schemas import PeriodSchema
from ..service import Books
from .blueprint import blueprint
from .facts import is_withheld, not_copied
from .saldo import before_the_first

MENU = "core.statement"
LONGEST_DAY = 30
PDF = "pdf"


@blueprint.get("/wyciag")
def statement() -> ResponseReturnValue:
    """The statement of the last twelve months."""
    until = clock.today()
    since = _year_before(until)
    return _show(blank(PeriodSchema, od=since, do=until), since, until)


@blueprint.post("/wyciag")
def choose_period() -> ResponseReturnValue:
    """Go to the statement of the period that was typed."""
    form = load(PeriodSchema)
    if form.ok:
        days = {"since": form.data["od"].isoformat(), "until": form.data["do"].isoformat()}
        return redirect(url_for(".statement_of", **days), 303)
    return _show(form)


@blueprint.get("/wyciag/<since>/<until>")
def statement_of(since: str, until: str) -> ResponseReturnValue:
    """The statement of a period, or with `?format=` a file of it."""
    form = load(PeriodSchema, MultiDict({"od": since[:LONGEST_DAY], "do": until[:LONGEST_DAY]}))
    return _show(form, form.data["od"], form.data["do"]) if form.ok else _show(form)


def _show(form: Form, since: date | None = None, until: date | None = None) -> ResponseReturnValue:
    customer = acting()
    if customer is None:
        return not_copied(_("Statement of account"))
    books = service.books(snapshot(), viewer(), customer)
    if until and (books.first_day is None or until < books.first_day):
        form.fail("do", before_the_first(books))
        until = None
    if since is None or until is None or is_withheld(customer):
        return _page(form, books, None, is_held=is_withheld(customer))
    found = books.statement(since, until)
    return _file(customer, found) or _page(form, books, found, is_held=False)


def _page(form: Form, books: Books, found: Statement | None, *, is_held: bool) -> ResponseReturnValue:
    lines = found.lines[-tables.MOST_LINES :] if found else ()
    return render(
        "ebok_core/balance/statement.html",
        title=_("Statement of account"),
        menu=MENU,
        form=form,
        is_held=is_held,
        statement=found,
        before=len(found.lines) - len(lines) if found else 0,
        before_sum=lines[0].balance - lines[0].entry.amount if lines else None,
        table=tables.statement_table(lines) if lines else None,
        ages=tables.ages_table(found.ages) if found and found.ages else None,
        periods=_periods(books, found),
        files=_files(found) if found else [],
        whole=_balance_of(found.until) if found else "",
    )


def _file(customer: Acting, found: Statement) -> Response | None:
    """The statement as the file that `format` asks for; None for the page."""
    format_ = request.args.get("format", "")
    name = f"wyciag-{found.since.isoformat()}-{found.until.isoformat()}"
    if format_ in FORMATS:
        rows = [[csv_value(column, line) for column in tables.STATEMENT] for line in found.lines]
        return file_response(format_, name, [str(column.label) for column in tables.STATEMENT], rows)
    if format_ != PDF:
        return None
    content = printout.statement_pdf(customer, found, letterhead=letterhead(), as_of=copy_age().as_of)
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


def _files(found: Statement) -> list[tuple[str, str]]:
    days = {"since": found.since.isoformat(), "until": found.until.isoformat()}
    return [(name.upper(), url_for(".statement_of", **days, format=name)) for name in (PDF, *FORMATS)]


def _balance_of(day: date) -> str:
    """The page that takes the closing balance apart."""
    return url_for(".show") if day == clock.today() else url_for(".on_day", day=day.isoformat())


def _periods(books: Books, found: Statement | None) -> list[tuple[str, str, bool]]:
    """Periods to choose with one click: label, address, whether it is the one that is shown."""
    today = clock.today()
    first = min(books.first_day or today, today)
    choices = [
        (pgettext("period", "Last 12 months"), _year_before(today), today),
        (pgettext("period", "This year"), date(today.year, 1, 1), today),
        (pgettext("period", "Last year"), date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        (pgettext("period", "Everything"), first, today),
    ]
    shown = (found.since, found.until) if found else None
    return [
        (label, url_for(".statement_of", since=since.isoformat(), until=until.isoformat()), (since, until) == shown)
        for label, since, until in choices
        if until >= first
    ]


def _year_before(day: date) -> date:
    """The first of twelve months that end with a day."""
    try:
        return day.replace(year=day.year - 1) + timedelta(days=1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, month=3, day=1)
