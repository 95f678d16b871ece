"""Wpłaty: every payment, the documents it was set against, totals by year (L112, L113)."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.i18n import iso
from ebok_core.web import back_to, list_page, render, snapshot, viewer

from .. import service, tables
from .blueprint import blueprint

MENU = "core.payments_list"
LONGEST_ID = 40


@blueprint.get("/wplaty")
def payments() -> ResponseReturnValue:
    """All payments, the newest first; older than a year too."""
    return list_page(tables.PAYMENTS, "ebok_core/balance/payments.html", title=_("Payments"), menu=MENU)


@blueprint.get("/wplaty/lata")
def years() -> ResponseReturnValue:
    """How much was paid in each year."""
    rows = service.years(snapshot(), viewer())
    return render(
        "ebok_core/balance/years.html",
        title=_("Payments by year"),
        menu=MENU,
        rows=rows,
        table=tables.years_table(rows, _of_year) if rows else None,
    )


@blueprint.get("/wplaty/<payment_id>")
def payment(payment_id: str) -> ResponseReturnValue:
    """One payment with all documents that it was set against."""
    if not payment_id.isprintable() or len(payment_id) > LONGEST_ID:
        raise NotFound(_("There is no such page."))
    found = service.payment(snapshot(), viewer(), payment_id)
    return render(
        "ebok_core/balance/payment.html",
        title=_("Payment of %(day)s", day=iso(found.row.posted_on)),
        menu=MENU,
        payment=found,
        kind=tables.KINDS.get(found.row.kind, found.row.kind),
        table=tables.set_against_table(found.documents) if found.documents else None,
        back=back_to(tables.PAYMENTS, "customer.balance.payments"),
    )


def _of_year(year: int) -> str:
    return url_for(".payments", data_od=f"{year}-01-01", data_do=f"{year}-12-31")
