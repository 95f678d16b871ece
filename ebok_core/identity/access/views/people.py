"""Start → Dodaj użytkownika (L152) and the list of accounts: customers, roles, status, given and taken."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import request, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext
from ebok_core.identity.access import people, rules
from ebok_core.identity.access.permissions import STAFF
from ebok_core.identity.finding import fold, folded
from ebok_core.identity.models import Account, AccountRole, CustomerAccess
from ebok_core.identity.permissions import ACCOUNTS
from ebok_core.identity.recovery.admin import KINDS
from ebok_core.web import (
    FORM,
    Cell,
    Column,
    Filter,
    Form,
    Link,
    Option,
    Table,
    back_to,
    blank,
    done,
    list_page,
    load,
    needs,
    needs_password,
    proved,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)

from . import words
from .blueprints import panel
from .people_forms import CustomerUserSchema, GiveSchema, RolesSchema, StaffUserSchema, StatusSchema, TakeSchema

MENU, ADD = "core.admin_people", "core.admin_add_user"
_A, _R, _C = Account.__table__, AccountRole.__table__, CustomerAccess.__table__
_ROLES = sa.select(sa.func.aggregate_strings(_R.c.role, ",")).where(_R.c.account_id == _A.c.id).scalar_subquery()
_HELD = sa.and_(
    _C.c.account_id == _A.c.id,
    _C.c.revoked_at.is_(None),
    sa.or_(_C.c.valid_to.is_(None), _C.c.valid_to >= sa.bindparam("today", type_=sa.Date)),
)
_CODES = sa.select(sa.func.aggregate_strings(_C.c.customer_code, ", ")).where(_HELD).scalar_subquery()
_TEXT = _A.c.login + " " + _A.c.display_name + " " + sa.func.coalesce(_A.c.email, "")
_TEXT = _TEXT + " " + sa.func.coalesce(_CODES, "")
_AT = {"codes": "codes", "login_taken": "login", "login_shape": "login", "roles": "roles", "points": "points"}

# A customer's code is not broken at its hyphen; an address that serves as login may be.
MOST_IN_ONE_LINE = 20
PEOPLE = Table(
    key="core.people",
    caption=lazy_gettext("Accounts"),
    statement=sa.select(
        _A.c.id,
        _A.c.login,
        _A.c.display_name,
        _A.c.email,
        _A.c.kind,
        _A.c.status,
        _ROLES.label("roles"),
        _CODES.label("codes"),
        _A.c.created_at,
    ),  # fmt: skip
    row_key=(_A.c.id,),
    columns=(
        Column(
            "login",
            lazy_gettext("Login"),
            "cell",
            head=True,
            value=lambda row: Cell(row.login, whole=len(row.login) <= MOST_IN_ONE_LINE),
            csv=lambda row: row.login,
            sort=_A.c.login_key,
            link=Link("admin.people.person", {"account_id": "id"}),
        ),
        Column("display_name", lazy_pgettext("person", "Name")),
        Column("email", lazy_gettext("E-mail address")),
        Column("kind", lazy_gettext("Kind of account"), value=lambda row: str(KINDS[row.kind])),
        Column("roles", lazy_gettext("Roles and customers"), value=lambda row: _held_by(row)),
        Column("status", lazy_gettext("Status"), "word", value=lambda row: words.status(row.status), optional=False),
        Column("created_at", lazy_pgettext("account or group", "Made"), "instant", sort=_A.c.created_at, shown=False),
    ),
    sort="login",
    reach="stated",
    filters=(
        Filter(
            "stan",
            lazy_gettext("Status"),
            tuple(Option(key, text, _A.c.status == key) for key, (_k, text, _m) in words.STATUSES.items()),
        ),
        Filter(
            "rodzaj",
            lazy_gettext("Kind of account"),
            (
                Option("klienci", lazy_gettext("customers"), _A.c.kind == "customer"),
                Option("pracownicy", lazy_gettext("staff"), _A.c.kind == "staff"),
            ),
            chips=True,
        ),
    ),
    search=folded(_TEXT),
    search_label=lazy_gettext("Login, name, e-mail address or customer code"),
    search_fold=fold,
    counted=lambda n: ngettext("%(n)s account", "%(n)s accounts", n),
    empty=(lazy_gettext("No accounts yet"), lazy_gettext("Add the first one.")),
)


def _held_by(row: Any) -> str:
    if row.kind == "staff":
        return ", ".join(str(words.STAFF_ROLES.get(role, role)) for role in sorted((row.roles or "").split(",")))
    codes = (row.codes or "").split(", ")
    return ", ".join(codes[:5]) + (" …" if len(codes) > 5 else "")


@panel.get("/uzytkownicy")
def index() -> ResponseReturnValue:
    """All accounts, with a search."""
    return list_page(
        PEOPLE,
        "ebok_core/identity/access/people.html",
        title=_("Users"),
        menu=MENU,
        values={"today": clock.today()},
        may_add=viewer().may(ACCOUNTS),
    )


@panel.route("/uzytkownicy/dodaj", methods=["GET", "POST"])
@needs(ACCOUNTS)
def add_customer() -> ResponseReturnValue:
    """A user bound to customers, with an invitation by mail (L152)."""
    form = load(CustomerUserSchema) if request.method == "POST" else blank(CustomerUserSchema, role="owner")
    if form.ok and proved(form):
        given = {"email": form.data.get("email"), "login": form.data.get("login", ""), "name": form.data["name"]}
        codes, role = rules.codes_of(form.data["codes"]), form.data["role"]
        with form.refusals(FORM, **_AT), unit_of_work() as unit:
            account_id = people.add_customer(unit, viewer(), codes=codes, role=role, **given)
        if form.ok:
            return _added(account_id, given["email"])
    return _form_page("customer", form)


@panel.route("/uzytkownicy/dodaj-pracownika", methods=["GET", "POST"])
@needs(STAFF)
def add_staff() -> ResponseReturnValue:
    """A member of staff with roles (P75)."""
    form = load(StaffUserSchema) if request.method == "POST" else blank(StaffUserSchema)
    if form.ok and proved(form):
        given = {"email": form.data.get("email"), "login": form.data.get("login", ""), "name": form.data["name"]}
        with form.refusals(FORM, **_AT), unit_of_work() as unit:
            account_id = people.add_staff(unit, viewer(), roles=form.data["roles"], **given)
        if form.ok:
            return _added(account_id, given["email"])
    return _form_page("staff", form)


def _added(account_id: str, email: str | None) -> ResponseReturnValue:
    if email:
        done(_("The account is made. An invitation is on its way to %(email)s, it works for 72 hours.", email=email))
    else:
        done(_("The account is made. It has no e-mail address: print a letter with a code under Reset."))
    return redirect_to(".person", account_id=account_id)


def _form_page(kind: str, form: Form) -> ResponseReturnValue:
    return render(
        "ebok_core/identity/access/add_user.html",
        title=_("Add a user"),
        menu=ADD,
        form=form,
        kind=kind,
        may_staff=viewer().may(STAFF),
        asks=needs_password(),
    )


# One account


@panel.get("/uzytkownicy/<account_id>")
def person(account_id: str) -> ResponseReturnValue:
    """An account: who, roles, customers, groups, status, and what may be done."""
    return _page(account_id)


@panel.post("/uzytkownicy/<account_id>/dostep")
@needs(ACCOUNTS)
def give(account_id: str) -> ResponseReturnValue:
    """One more customer for the account."""
    form = load(GiveSchema)
    if form.ok and proved(form, "give_password"):
        points = rules.codes_of(form.data.get("points", "")) or None
        wanted = {"role": form.data["role"], "points": points, "valid_to": form.data.get("valid_to")}
        with form.refusals("code", points="points"), unit_of_work() as unit:
            people.give(unit, viewer(), account_id, form.data["code"], **wanted)
        if form.ok:
            done(_("The account acts for the customer %(code)s now.", code=form.data["code"]))
            return redirect_to(".person", account_id=account_id)
    return _page(account_id, giving=form)


@panel.route("/uzytkownicy/<account_id>/odbierz/<path:code>", methods=["GET", "POST"])
@needs(ACCOUNTS)
def take(account_id: str, code: str) -> ResponseReturnValue:
    """Take a customer from the account, at once and with a reason."""
    found = people.held(snapshot(), account_id, code)
    form = load(TakeSchema) if request.method == "POST" else blank(TakeSchema)
    if form.ok:
        with unit_of_work() as unit:
            people.take(unit, viewer(), account_id, code, reason=form.data["reason"])
        done(_("The customer %(code)s is taken from the account.", code=code))
        return redirect_to(".person", account_id=account_id)
    return render(
        "ebok_core/identity/access/take.html",
        title=_("Take the customer %(code)s", code=code),
        menu=MENU,
        crumbs=[(found.display_name, url_for(".person", account_id=account_id))],
        form=form,
        found=found,
    )


@panel.post("/uzytkownicy/<account_id>/status")
def status(account_id: str) -> ResponseReturnValue:
    """Suspend an account, block it, or make it normal again, with a reason (L06)."""
    form = load(StatusSchema)
    if form.ok and proved(form, "status_password"):
        wanted = form.data["status"]
        with form.refusals("status"), unit_of_work() as unit:
            people.set_status(
                unit, viewer(), account_id, wanted, reason=form.data["reason"], words=words.STATUSES[wanted][1:]
            )
        if form.ok:
            done(_("The status is changed. It works from the person's next page on."))
            return redirect_to(".person", account_id=account_id)
    return _page(account_id, standing=form)


@panel.post("/uzytkownicy/<account_id>/role")
@needs(STAFF)
def roles(account_id: str) -> ResponseReturnValue:
    """Other roles for a member of staff; nobody changes their own, and one administrator stays."""
    form = load(RolesSchema)
    if form.ok and proved(form, "roles_password"):
        with form.refusals("roles"), unit_of_work() as unit:
            people.set_roles(unit, viewer(), account_id, form.data["roles"])
        if form.ok:
            done(_("The roles are changed. They work from the person's next page on."))
            return redirect_to(".person", account_id=account_id)
    return _page(account_id, naming=form)


@panel.post("/uzytkownicy/<account_id>/zaproszenie")
def invite(account_id: str) -> ResponseReturnValue:
    """Send the invitation once more; the older link is void."""
    with unit_of_work() as unit:
        sent = people.invite(unit, viewer(), account_id)
    done(
        _("The invitation is sent. It works for 72 hours.")
        if sent
        else _("Nothing was sent: the account has a password already, or no e-mail address."),
        kind="ok" if sent else "wait",
    )
    return redirect_to(".person", account_id=account_id)


def _page(account_id: str, **sent: Form) -> ResponseReturnValue:
    session, found = snapshot(), people.person(snapshot(), account_id)
    held = (found.roles or "").split(",") if found.roles else []
    forms = {
        "giving": blank(GiveSchema, role="owner"),
        "standing": blank(StatusSchema, status=found.status),
        "naming": blank(RolesSchema, roles=held),
        **sent,
    }
    return render(
        "ebok_core/identity/access/person.html",
        title=found.display_name,
        menu=MENU,
        form=next(iter(sent.values()), None),
        found=found,
        accesses=people.accesses(session, account_id) if found.kind == "customer" else [],
        groups=people.groups_of(session, account_id),
        may_change=people.may_look_after(viewer(), found.kind),
        is_own=found.id == viewer().account_id,
        words=words,
        asks=needs_password(),
        back=back_to(PEOPLE, "admin.people.index"),
        **forms,
    )
