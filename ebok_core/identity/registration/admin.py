"""The office's list of registrations: what became of each, and those that TYTAN rejected."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, ngettext
from ebok_core.identity.models import Registration
from ebok_core.web import Column, Table, Word, done, list_page, redirect_to, snapshot, unit_of_work, viewer

from . import finish, rules

blueprint = Blueprint("registration", __name__)

_G = Registration.__table__
STATES = {
    rules.STARTED: ("", lazy_gettext("begun")),
    rules.ASKED: ("wait", lazy_gettext("being checked")),
    rules.MAIL_SENT: ("wait", lazy_gettext("link sent")),
    rules.REFUSED: ("", lazy_gettext("data did not fit")),
    rules.BLOCKED: ("bad", lazy_gettext("too many wrong tries")),
    rules.KNOWN: ("", lazy_gettext("customer has an account")),
    rules.EMAIL_TAKEN: ("", lazy_gettext("address has an account")),
    rules.ACTIVE: ("ok", lazy_gettext("account works")),
    rules.REJECTED: ("bad", lazy_gettext("rejected by TYTAN")),
    rules.EXPIRED: ("", lazy_gettext("link lapsed")),
}


def _state(state: str) -> Word:
    kind, text = STATES[state]
    return Word(kind, str(text))


REGISTRATIONS = Table(
    key="core.registrations",
    caption=lazy_gettext("Registrations"),
    statement=sa.select(
        _G.c.id, _G.c.started_at, _G.c.state, _G.c.customer_code, _G.c.email, _G.c.reason, _G.c.handled_at
    ),
    row_key=(_G.c.id,),
    columns=(
        Column("started_at", lazy_gettext("Begun"), "instant", sort=_G.c.started_at, head=True),
        Column("state", lazy_gettext("State"), "word", value=lambda row: _state(row.state), optional=False),
        Column("customer_code", lazy_gettext("Customer code")),
        Column("email", lazy_gettext("E-mail address")),
        Column("reason", lazy_gettext("Reason")),
        Column("handled_at", lazy_gettext("Cleared up"), "instant"),
    ),
    sort="-started_at",
    reach="stated",
    counted=lambda n: ngettext("%(n)s entry", "%(n)s entries", n),
    empty=(lazy_gettext("No registrations yet"), lazy_gettext("Each one will be listed here, for seven days at least")),
)


@blueprint.get("/rejestracje")
def index() -> ResponseReturnValue:
    """All registrations, and above them the work: those that TYTAN rejected."""
    work: list[Any] = finish.work_items(snapshot())
    return list_page(
        REGISTRATIONS,
        "ebok_core/identity/registration/admin.html",
        title=_("Registrations"),
        menu="core.admin_registrations",
        work=[(item.key.rpartition(".")[2], item) for item in work],
    )


@blueprint.post("/rejestracje/<registration_id>/zalatwione")
def handled(registration_id: str) -> ResponseReturnValue:
    """A rejected registration is cleared up."""
    with unit_of_work() as unit:
        finish.handle(unit, viewer(), registration_id)
    done(_("Marked as cleared up."))
    return redirect_to(".index")
