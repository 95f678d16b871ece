"""Saldo: the balance of today and of any past day, each grosz traced to its document (L77-L83, N05)."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.i18n import in_words, pgettext
from ebok_core.web import Acting, Form, acting, blank, load, render, snapshot, viewer

from .. import service, tables
from ..rules import Balance
from ..schemas import DaySchema
from ..service import Books
from .blueprint import blueprint
from .facts import accounts_of, config, is_withheld, not_copied

MENU = "core.balance"
LONGEST_DAY = 30


@blueprint.get("/saldo")
def show() -> ResponseReturnValue:
    """The balance of today as a sum, and the documents that make each part."""
    return _today(blank(DaySchema, dzien=None))


@blueprint.post("/saldo")
def choose_day() -> ResponseReturnValue:
    """Go to the balance of the day that was typed."""
    form = load(DaySchema)
    if form.ok:
        return redirect(url_for(".on_day", day=form.data["dzien"].isoformat()), 303)
    return _today(form)


@blueprint.get("/saldo/<day>")
def on_day(day: str) -> ResponseReturnValue:
    """The balance at the end of a past day, counted anew from what TYTAN has posted."""
    customer, form = acting(), load(DaySchema, MultiDict({"dzien": day[:LONGEST_DAY]}))
    if customer is None:
        return not_copied(pgettext("customer", "Balance"))
    if not form.ok:
        return _today(form)
    wanted = form.data["dzien"]
    if wanted == clock.today():
        return redirect(url_for(".show"))
    books = service.books(snapshot(), viewer(), customer)
    if books.first_day is None or wanted < books.first_day:
        form.fail("dzien", before_the_first(books))
        return _today(form)
    return _past(customer, books, books.balance_on(wanted), form)


def before_the_first(books: Books) -> str:
    """Why there is no balance on so early a day."""
    if books.first_day is None:
        return _("There are no entries on this account yet")
    day = in_words(books.first_day)
    return _("The first entry of this account is of %(day)s. Choose that day or a later one", day=day)


def _today(form: Form) -> ResponseReturnValue:
    customer = acting()
    if customer is None:
        return not_copied(pgettext("customer", "Balance"))
    account = accounts_of([customer])[0]
    return render(
        "ebok_core/balance/saldo.html",
        title=pgettext("customer", "Balance"),
        menu=MENU,
        form=form,
        account=account,
        day=None,
        **_parts(customer, account.balance),
    )


def _past(customer: Acting, books: Books, balance: Balance, form: Form) -> ResponseReturnValue:
    shown = balance if balance.adds_up and not is_withheld(customer) else None
    return render(
        "ebok_core/balance/past.html",
        title=_("Balance on %(day)s", day=in_words(balance.day)),
        menu=MENU,
        crumbs=[(pgettext("customer", "Balance"), "customer.balance.show")],
        form=form,
        day=balance.day,
        is_held=is_withheld(customer),
        first_day=books.first_day,
        balance=shown,
        **_parts(customer, shown, books),
    )


def _parts(customer: Acting, balance: Balance | None, books: Books | None = None) -> dict[str, Any]:
    """The tables of the documents and how interest was counted."""
    if balance is None:
        return {"documents": {}, "interest": None, "growth": None, "config": config()}
    interest = service.interest_of(snapshot(), viewer(), balance, nip=customer.nip, config=config(), books=books)
    return {
        "documents": tables.documents_tables(balance, with_actions=books is None),
        "interest": interest,
        "growth": tables.growth_table(interest.accruals) if interest.accruals else None,
        "config": config(),
    }
