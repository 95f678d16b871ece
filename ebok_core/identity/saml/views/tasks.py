"""The office's page of what sign-ins through the hub left to do."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, ngettext
from ebok_core.identity.saml import tasks
from ebok_core.identity.saml.models import ExternalTask
from ebok_core.web import Column, Table, done, list_page, redirect_to, snapshot, unit_of_work, viewer

work = Blueprint("external", __name__)

MENU = "core.external_tasks"

_T = ExternalTask.__table__
TASKS = Table(
    key="core.external_tasks",
    caption=lazy_gettext("Tasks of sign-in through login.gov.pl"),
    statement=sa.select(
        _T.c.id, _T.c.created_at, _T.c.kind, _T.c.customer_code, _T.c.person, _T.c.contact, _T.c.handled_at
    ).where(_T.c.kind.not_in(tasks.OF_ADMINS)),
    row_key=(_T.c.id,),
    columns=(
        Column("created_at", lazy_gettext("Begun"), "instant", sort=_T.c.created_at, head=True),
        Column("kind", lazy_gettext("Task"), value=lambda row: str(tasks.TITLES[row.kind])),
        Column("customer_code", lazy_gettext("Customer code")),
        Column("person", lazy_gettext("Person")),
        Column("contact", lazy_gettext("Contact")),
        Column("handled_at", lazy_gettext("Cleared up"), "instant"),
    ),
    sort="-created_at",
    reach="stated",
    counted=lambda n: ngettext("%(n)s entry", "%(n)s entries", n),
    empty=(
        lazy_gettext("No tasks yet"),
        lazy_gettext("When the data of TYTAN and login.gov.pl disagree, it will stand here"),
    ),
)


@work.get("/logowania-login-gov")
def index() -> ResponseReturnValue:
    """What sign-ins left to the office, and above it what is open."""
    return list_page(
        TASKS,
        "ebok_core/identity/saml/admin/tasks.html",
        title=_("Tasks of login.gov.pl"),
        menu=MENU,
        work=tasks.open_for_office(snapshot()),
        said=tasks.TITLES,
    )


@work.post("/logowania-login-gov/<task_id>/zalatwione")
def handled(task_id: str) -> ResponseReturnValue:
    """A task is dealt with."""
    with unit_of_work() as unit:
        tasks.handle(unit, viewer(), task_id)
    done(_("Marked as cleared up."))
    return redirect_to(".index")
