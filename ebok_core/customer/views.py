"""The customer's own pages: start page, data, service points, meters, contracts.

Slots for modules. In tables a fragment is loaded once with `rows` and rendered for each `row`:
`core.customer_actions` (`CustomerOfTable`). On pages of one thing:
`core.meter_readings` and `core.meter_actions` (`meter`), `core.point_actions` (`point`), `core.contract` (`contract`),
`core.customer_data` (`customer`); the actions of a meter and of a point are `li`
elements. Rows of the copy are those of `customer/tytan.py`. Cards of the area `key` stand under the key block's amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ebok_core import clock
from ebok_core.balance import views as balance
from ebok_core.balance.service import Account
from ebok_core.balance.tables import side_word
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, money
from ebok_core.identity import service as identity
from ebok_core.identity.access.rules import MOST_IN_HEADER
from ebok_core.web import (
    Cell,
    Column,
    back_to,
    cards,
    done,
    inside,
    list_page,
    load,
    needs,
    own_act,
    render,
    rows_table,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)
from ebok_core.web.slots import row_parts

from . import rules, service, tables
from .permissions import SEE
from .schemas import SwitchSchema
from .tytan import CustomerRow

blueprint = Blueprint("core", __name__)

LONGEST_CODE = 40
# How many links of a long row a page shows before it leads to the list.
MOST_LINKS = 5


@blueprint.context_processor
def about_money() -> dict[str, Any]:
    """Whether the pages speak of money at all, and what its words need."""
    return balance.about_money()


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """The first page after signing in: the balance, what to do now, modules' cards, the customers (L96, L98-L104)."""
    rows = service.customers(snapshot(), viewer())
    accounts = balance.accounts_of(rows) if _deals_in_money() else []
    areas: dict[str, list[Any]] = {"key": [], "next": [], "main": []}
    for card in cards():
        areas[card.area].append(card)
    return render(
        "ebok_core/customer/start.html",
        title=_("Home page"),
        account=next((a for a in accounts if a.customer.code == viewer().customer_code), None),
        areas=areas,
        has_data=bool(rows),
        customers=_customers_table(rows, accounts, viewer()),
    )


@blueprint.get("/dane")
@needs(SEE)
def data() -> ResponseReturnValue:
    """Everything TYTAN knows about the customer, read-only (L30-L37)."""
    session, person, has_money = snapshot(), viewer(), _deals_in_money()
    try:
        customer = service.customer(session, person)
    except NotFound:
        return _not_copied_yet(_("Customer data"))
    contracts = service.contracts(session, person)
    account = balance.accounts_of([customer])[0] if has_money else None
    return render(
        "ebok_core/customer/data.html",
        title=_("Customer data"),
        customer=customer,
        account=account,
        contracts=contracts,
        validity={row.number: rules.validity_of(row.valid_to, clock.today()).value for row in contracts},
        bank_accounts=service.bank_accounts(customer, contracts) if has_money else [],
        most=MOST_LINKS,
    )


@blueprint.get("/punkty")
@needs(SEE)
def points() -> ResponseReturnValue:
    """All service points (L38-L48)."""
    return list_page(tables.POINTS, "ebok_core/customer/points.html", title=_("Service points"))


@blueprint.get("/punkty/<path:code>")
@needs(SEE)
def point(code: str) -> ResponseReturnValue:
    """A service point with its meters, the removed ones too."""
    found = service.point(snapshot(), viewer(), _known(code))
    return render(
        "ebok_core/customer/point.html",
        title=_("Service point %(code)s", code=found.row.code),
        menu="core.customer_points",
        point=found,
        meters=tables.meters_table(found.meters),
        back=back_to(tables.POINTS, "customer.core.points"),
    )


@blueprint.get("/liczniki")
@needs(SEE)
def meters() -> ResponseReturnValue:
    """All meters, the removed ones too (L67)."""
    return list_page(tables.METERS, "ebok_core/customer/meters.html", title=_("Meters"))


@blueprint.get("/liczniki/<path:meter_id>")
@needs(SEE)
def meter(meter_id: str) -> ResponseReturnValue:
    """The leaflet's "Podgląd danych licznika" (L49-L66)."""
    found = service.meter(snapshot(), viewer(), _known(meter_id))
    return render(
        "ebok_core/customer/meter.html",
        title=_("Preview of the meter's data: %(number)s", number=found.row.meter_number),
        menu="core.customer_meters",
        meter=found,
        role=tables.role_name(found.row.role),
        expired_on=rules.legalization_ends_on(found.row.legalization_valid_to),
        waiting=service.waiting_readings(snapshot(), viewer(), found.row.id),
        most=MOST_LINKS,
        back=back_to(tables.METERS, "customer.core.meters"),
    )


@blueprint.get("/umowy")
@needs(SEE)
def contracts() -> ResponseReturnValue:
    """All contracts, ended ones marked (L114)."""
    return list_page(tables.CONTRACTS, "ebok_core/customer/contracts.html", title=_("Contracts"))


@blueprint.get("/umowa")
@needs(SEE)
def contract_details() -> ResponseReturnValue:
    """The leaflet's link "Szczegóły umowy": the contract, or the list when there are several (L104)."""
    number = service.only_contract(snapshot(), viewer())
    return redirect(url_for(".contract", number=number) if number else url_for(".contracts"))


@blueprint.get("/umowy/<path:number>")
@needs(SEE)
def contract(number: str) -> ResponseReturnValue:
    """The leaflet's "Podgląd danych umowy" (L115-L125)."""
    found = service.contract(snapshot(), viewer(), _known(number))
    valid_to = found.row.valid_to
    return render(
        "ebok_core/customer/contract.html",
        title=_("Preview of the contract's data: %(number)s", number=found.row.number),
        menu="core.customer_contracts",
        contract=found,
        days_left=(valid_to - clock.today()).days if valid_to else None,
        back=back_to(tables.CONTRACTS, "customer.core.contracts"),
    )


@blueprint.route("/zmien-klienta", methods=["GET", "POST"])
@own_act
def switch_customer() -> ResponseReturnValue:
    """Act for another customer of the account; a code in the address offers that one alone (P06)."""
    if request.method == "POST":
        form = load(SwitchSchema)
        if not form.ok:
            abort(400)
        with unit_of_work() as session:
            identity.switch_customer(session, viewer(), form.data["klient"])
        done(_("You now see the data of customer %(code)s.", code=form.data["klient"]))
        return redirect(inside(form.data.get("dalej")) or url_for(".start"), 303)
    wanted = request.args.get("klient")
    if not wanted and len(viewer().customer_codes) > MOST_IN_HEADER:
        return list_page(
            tables.CUSTOMERS,
            "ebok_core/customer/switch_many.html",
            title=_("Change customer"),
            menu="core.customer_start",
        )
    rows = service.customers(snapshot(), viewer())
    return render(
        "ebok_core/customer/switch.html",
        title=_("Change customer"),
        menu="core.customer_start",
        customers=[row for row in rows if row.code == wanted] or rows,
        acting=viewer().customer_code,
        onward=inside(request.args.get("dalej")) or "",
    )


def _known(code: str) -> str:
    """The code as it came, if it can be one; what can't is as missing as somebody else's (S05)."""
    if not code.isprintable() or len(code) > LONGEST_CODE:
        raise NotFound(_("There is no such page."))
    return code


def _not_copied_yet(title: str) -> ResponseReturnValue:
    """The copy does not hold the customer: before the first refresh, or right after signing up."""
    return render("ebok_core/customer/not_copied.html", title=title, menu="core.customer_start")


def _deals_in_money() -> bool:
    return runtime().portal.deals_in_money


class CustomerOfTable(NamedTuple):
    """A row of "Dane klienta" on the start page: what fragments of the slot `core.customer_actions` get."""

    code: str
    name: str
    customer_type: str
    account: Account | None
    is_acting: bool


def _customers_table(rows: Sequence[CustomerRow], accounts: Iterable[Account], person: Viewer) -> Markup:
    """One row a customer of the account; the balance and its column only with `accounts`."""
    by_code = {account.customer.code: account for account in accounts}
    found = [
        CustomerOfTable(row.code, row.name, row.customer_type, by_code.get(row.code), row.code == person.customer_code)
        for row in rows
    ]
    hidden = {"balance"} if not by_code else set()
    hidden |= {"contracts"} if not person.may(SEE) else set()
    columns = [column for column in _CUSTOMERS if column.name not in hidden]
    return rows_table(_("Customers of this account"), columns, found, extra=row_parts("core.customer_actions", found))


def _customer_code(row: CustomerOfTable) -> Cell:
    return Cell(row.code, href=url_for(".data") if row.is_acting and viewer().may(SEE) else "")


def _balance(row: CustomerOfTable) -> Cell | str:
    """The balance with its side in words (L101)."""
    account = row.account
    if account is None or account.balance is None:
        return _("being clarified")
    return Cell(money(abs(account.balance.total)), side_word(account.balance))


def _contract_link(row: CustomerOfTable) -> Cell:
    """The leaflet's "Szczegóły umowy"; for another customer of the account the person first changes to that one."""
    address = url_for(".contract_details")
    if not row.is_acting:
        address = url_for(".switch_customer", klient=row.code, dalej=address)
    return Cell(_("Contract details"), href=address)


_CUSTOMERS = (
    Column("code", lazy_gettext("Customer code"), "cell", head=True, value=lambda row: _customer_code(row)),
    Column("name", lazy_gettext("Customer name")),
    Column("customer_type", lazy_gettext("Customer type")),
    Column("balance", lazy_pgettext("customer", "Balance"), "cell", value=_balance),
    Column("contracts", lazy_gettext("Contracts"), "cell", value=lambda row: _contract_link(row)),
    Column("actions", lazy_gettext("Possible actions"), "actions", value=lambda row: ()),
)
