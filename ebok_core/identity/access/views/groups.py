"""Start → Dodaj grupę użytkowników (L153): groups of access, of rights, of recipients; their people and customers."""

from __future__ import annotations

import sqlalchemy as sa
from flask import request
from flask.typing import ResponseReturnValue
from marshmallow.fields import List

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext
from ebok_core.identity import rules as identity_rules
from ebok_core.identity.access import groups, rules
from ebok_core.identity.access.models import Group, GroupCustomer, GroupMember
from ebok_core.identity.access.permissions import STAFF
from ebok_core.identity.permissions import ACCOUNTS
from ebok_core.web import (
    Choice,
    Column,
    Filter,
    Form,
    FormSchema,
    Link,
    Option,
    Table,
    Text,
    back_to,
    blank,
    done,
    list_page,
    load,
    needs,
    needs_password,
    password_field,
    proved,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from . import words
from .blueprints import groups_panel

MENU, ADD = "core.admin_groups", "core.admin_add_group"
_G, _M, _K = Group.__table__, GroupMember.__table__, GroupCustomer.__table__
_LIST_HINT = lazy_gettext("Each on a line of its own, or with commas between them")

GROUPS = Table(
    key="core.groups",
    caption=lazy_gettext("Groups of users"),
    statement=sa.select(
        _G.c.id,
        _G.c.name,
        _G.c.kind,
        _G.c.role,
        _G.c.created_at,
        sa.select(sa.func.count()).where(_M.c.group_id == _G.c.id).scalar_subquery().label("people"),
        sa.select(sa.func.count()).where(_K.c.group_id == _G.c.id).scalar_subquery().label("customers"),
    ),  # fmt: skip
    row_key=(_G.c.id,),
    columns=(
        Column(
            "name",
            lazy_pgettext("group", "Name"),
            head=True,
            sort=_G.c.name_key,
            link=Link("admin.groups.group", {"group_id": "id"}),
        ),
        Column("kind", lazy_gettext("Kind"), value=lambda row: str(words.GROUPS[row.kind][0])),
        Column("role", lazy_gettext("Role"), value=lambda row: words.role(row.role)),
        Column("people", lazy_gettext("People"), "number"),
        Column("customers", lazy_gettext("Customers"), "number"),
        Column("created_at", lazy_pgettext("account or group", "Made"), "instant", sort=_G.c.created_at),
    ),
    sort="name",
    reach="stated",
    filters=(
        Filter(
            "rodzaj",
            lazy_gettext("Kind"),
            (
                Option("dostep", words.GROUPS[rules.ACCESS_GROUP][0], _G.c.kind == rules.ACCESS_GROUP),
                Option("uprawnienia", words.GROUPS[rules.RIGHTS_GROUP][0], _G.c.kind == rules.RIGHTS_GROUP),
                Option("odbiorcy", words.GROUPS[rules.RECIPIENTS_GROUP][0], _G.c.kind == rules.RECIPIENTS_GROUP),
            ),
            chips=True,
        ),
    ),
    counted=lambda n: ngettext("%(n)s group", "%(n)s groups", n),
    empty=(lazy_gettext("No groups yet"), lazy_gettext("Add the first one.")),
)


class GroupSchema(FormSchema):
    """A new group."""

    kind = Choice(
        lambda: [(key, f"{name}. {means}") for key, (name, means) in words.GROUPS.items()],
        required=True,
        metadata={"label": lazy_gettext("Kind of the group")},
    )
    name = Text(
        required=True,
        max=100,
        error_messages={"required": lazy_gettext("Write the name of the group")},
        metadata={"label": lazy_gettext("Name of the group")},
    )
    role = Choice(
        lambda: [(key, words.role_with_meaning(key)) for key in words.ROLES],
        metadata={"label": lazy_gettext("Role of its people"), "hint": lazy_gettext("Only for a group of access")},
    )
    password = password_field()


class PeopleSchema(FormSchema):
    """People to be put in."""

    people = Text(
        required=True,
        max=100_000,
        multiline=True,
        error_messages={"required": lazy_gettext("Write at least one login or e-mail address")},
        metadata={"label": lazy_gettext("Logins or e-mail addresses"), "hint": _LIST_HINT},
    )
    people_password = password_field()


class CustomersSchema(FormSchema):
    """Customers to be put in: by their codes, or all of one NIP."""

    codes = Text(
        max=50_000, multiline=True, metadata={"label": lazy_gettext("Codes of customers (payers)"), "hint": _LIST_HINT}
    )
    nip = Text(max=20, metadata={"label": lazy_gettext("Or all customers of this NIP")})
    customers_password = password_field()


class OutSchema(FormSchema):
    """Who or what is taken out: logins, addresses or codes."""

    out = Text(
        required=True,
        max=50_000,
        multiline=True,
        error_messages={"required": lazy_gettext("Write what is to be taken out")},
        metadata={"label": lazy_gettext("Logins, addresses or codes to be taken out"), "hint": _LIST_HINT},
    )


@groups_panel.get("/grupy")
def index() -> ResponseReturnValue:
    """All groups."""
    return list_page(
        GROUPS,
        "ebok_core/identity/access/groups.html",
        title=_("Groups of users"),
        menu=MENU,
        may_add=viewer().may(ACCOUNTS),
    )


@groups_panel.route("/grupy/dodaj", methods=["GET", "POST"])
@needs(ACCOUNTS)
def add() -> ResponseReturnValue:
    """A new group; people and customers are put in on its own page."""
    form = load(GroupSchema) if request.method == "POST" else blank(GroupSchema, kind=rules.ACCESS_GROUP)
    kind, role = form.data.get("kind"), form.data.get("role")
    if form.ok and kind == rules.ACCESS_GROUP and not role:
        form.fail("role", _("Choose the role of its people"))
    if form.ok and not viewer().may(groups.needed_for(kind or "")):
        form.fail("kind", _("Only an administrator makes groups of rights"))
    if form.ok and proved(form):
        with form.refusals("name"), unit_of_work() as unit:
            role = role if kind == rules.ACCESS_GROUP else None
            new = groups.add(unit, viewer(), kind=kind or "", name=form.data["name"], role=role)
        if form.ok:
            done(_("The group is made. Now put people or customers in."))
            return redirect_to(".group", group_id=new)
    return render(
        "ebok_core/identity/access/add_group.html",
        title=_("Add a group of users"),
        menu=ADD,
        form=form,
        asks=needs_password(),
    )


@groups_panel.get("/grupy/<group_id>")
def group(group_id: str) -> ResponseReturnValue:
    """A group with its people, customers and rights."""
    return _page(group_id)


@groups_panel.post("/grupy/<group_id>/osoby")
@needs(ACCOUNTS)
def add_people(group_id: str) -> ResponseReturnValue:
    """Put accounts in, many at once."""
    form = load(PeopleSchema)
    if form.ok and proved(form, "people_password"):
        with form.refusals("people"), unit_of_work() as unit:
            n = groups.add_people(unit, viewer(), group_id, rules.codes_of(form.data["people"]))
        if form.ok:
            done(ngettext("%(n)s person was put into the group.", "%(n)s people were put into the group.", n))
            return redirect_to(".group", group_id=group_id)
    return _page(group_id, people_form=form)


@groups_panel.post("/grupy/<group_id>/klienci")
@needs(ACCOUNTS)
def add_customers(group_id: str) -> ResponseReturnValue:
    """Put customers in: a list of codes, or all of one NIP."""
    form = load(CustomersSchema)
    if form.ok and proved(form, "customers_password"):
        nip = "".join(c for c in form.data.get("nip", "") if c.isdigit()) or None
        with form.refusals("codes", nip="nip"), unit_of_work() as unit:
            n = groups.add_customers(unit, viewer(), group_id, rules.codes_of(form.data.get("codes", "")), nip)
        if form.ok:
            done(ngettext("%(n)s customer was put into the group.", "%(n)s customers were put into the group.", n))
            return redirect_to(".group", group_id=group_id)
    return _page(group_id, customers_form=form)


@groups_panel.post("/grupy/<group_id>/wyjmij")
@needs(ACCOUNTS)
def take_out(group_id: str) -> ResponseReturnValue:
    """Take people or customers out, one by a button or many by a list, at once."""
    form = load(OutSchema)
    if form.ok:
        with form.refusals("out"), unit_of_work() as unit:
            n = groups.take_out(unit, viewer(), group_id, rules.codes_of(form.data["out"]))
        if form.ok:
            done(ngettext("%(n)s entry was taken out of the group.", "%(n)s entries were taken out of the group.", n))
            return redirect_to(".group", group_id=group_id)
    return _page(group_id, out_form=form)


@groups_panel.post("/grupy/<group_id>/uprawnienia")
@needs(STAFF)
def rights(group_id: str) -> ResponseReturnValue:
    """Which permissions the group gives."""
    form = load(_rights_schema())
    if form.ok and proved(form, "rights_password"):
        declared = runtime().portal.permissions.values()
        with form.refusals("rights"), unit_of_work() as unit:
            groups.set_rights(unit, viewer(), group_id, form.data.get("rights", []), declared)
        if form.ok:
            done(_("The rights are changed. They work from everybody's next page on."))
            return redirect_to(".group", group_id=group_id)
    return _page(group_id, rights_form=form)


@groups_panel.post("/grupy/<group_id>/usun")
@needs(ACCOUNTS)
def remove(group_id: str) -> ResponseReturnValue:
    """Delete the group; what it gave ends at once."""
    with unit_of_work() as unit:
        groups.remove(unit, viewer(), group_id)
    done(_("The group is deleted. What it gave has ended."))
    return redirect_to(".index")


def _rights_schema() -> FormSchema:
    """The permissions that the installed portal has for staff, as checkboxes."""
    found = sorted(runtime().portal.permissions.values(), key=lambda p: p.key)
    choices = [(p.key, p.title) for p in found if identity_rules.is_for_staff(p)]
    made = {
        "rights": List(Choice(choices), metadata={"label": lazy_gettext("Rights of this group")}),
        "rights_password": password_field(),
    }
    return FormSchema.from_dict(made)()  # type: ignore[return-value]


def _page(group_id: str, **sent: Form) -> ResponseReturnValue:
    session, found = snapshot(), groups.one(snapshot(), group_id)
    is_rights, is_recipients = found.kind == rules.RIGHTS_GROUP, found.kind == rules.RECIPIENTS_GROUP
    held = groups.rights(session, group_id) if is_rights else []
    people = [] if is_recipients else groups.members(session, group_id)
    customers = [] if is_rights else groups.customers(session, group_id)
    forms = {
        "people_form": blank(PeopleSchema),
        "customers_form": blank(CustomersSchema),
        "rights_form": blank(_rights_schema(), rights=held) if is_rights else None,
        "out_form": blank(OutSchema),
        **sent,
    }
    return render(
        "ebok_core/identity/access/group.html",
        title=found.name,
        menu=MENU,
        form=next(iter(sent.values()), None),
        found=found,
        people=None if is_recipients else [(m.login, f"{m.display_name} ({m.login})") for m in people],
        customers=None if is_rights else [(c.code, f"{c.code} {c.name or ''}") for c in customers],
        most=groups.MOST_SHOWN,
        may_change=viewer().may(groups.needed_for(found.kind)),
        words=words,
        asks=needs_password(),
        back=back_to(GROUPS, "admin.groups.index"),
        **forms,
    )
