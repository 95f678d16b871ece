"""Refresh the copy of one customer's data: asked here, done by the worker, with its result (L161)."""

from __future__ import annotations

import sqlalchemy as sa
from flask import request
from flask.typing import ResponseReturnValue

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext, number, pgettext
from ebok_core.identity.models import Account
from ebok_core.outbox.models import Message
from ebok_core.privacy.diary import rules as diary_rules
from ebok_core.privacy.diary import service as diary
from ebok_core.web import (
    Column,
    Form,
    FormSchema,
    Table,
    Text,
    Word,
    blank,
    done,
    list_page,
    load,
    redirect_to,
    unit_of_work,
    viewer,
)

from .. import refreshing
from .blueprint import copies

_T, _A = Message.__table__.c, Account.__table__.c


class RefreshSchema(FormSchema):
    """Whose data are read again."""

    code = Text(
        required=True,
        max=20,
        error_messages={"required": lazy_gettext("Write the customer code")},
        metadata={
            "label": lazy_gettext("Customer code"),
            "hint": lazy_gettext("As in TYTAN, for example 1-01001. The customer may be new."),
        },
    )


REFRESHES = Table(
    key="core.refreshes",
    caption=lazy_gettext("Refreshes of single customers"),
    statement=sa.select(
        _T.id, _T.customer_code, _T.accepted_at, _T.delivered_at, _T.state, _T.open, _T.reference, _A.display_name
    )
    .outerjoin(Account.__table__, _A.id == _T.actor_ref)
    .where(_T.kind == refreshing.KIND),
    row_key=(_T.id,),
    columns=(
        Column("accepted_at", lazy_pgettext("refresh", "Asked"), "instant", sort=_T.accepted_at, head=True),
        Column("customer_code", lazy_gettext("Customer code")),
        Column("display_name", lazy_gettext("Who asked")),
        Column("state", lazy_gettext("Result"), "word", value=lambda row: _result(row), optional=False),
        Column("delivered_at", lazy_pgettext("refresh", "Ended"), "instant"),
        Column("took", lazy_pgettext("refresh", "Took"), value=lambda row: _took(row)),
    ),
    sort="-accepted_at",
    reach="stated",
    counted=lambda n: ngettext("%(n)s refresh", "%(n)s refreshes", n),
    empty=(lazy_gettext("Nobody has refreshed a single customer yet"), ""),
)


@copies.route("/odswiez-kopie", methods=["GET", "POST"])
def refresh_customer() -> ResponseReturnValue:
    """The wish, and what became of the earlier ones."""
    form = load(RefreshSchema) if request.method == "POST" else blank(RefreshSchema, code=request.args.get("kod"))
    if form.ok and _ask(form):
        done(_("The refresh of customer %(code)s has been ordered. It takes a moment.", code=form.data["code"]))
        return redirect_to(".refresh_customer")
    return list_page(
        REFRESHES,
        "ebok_core/admin/refresh.html",
        title=_("Refresh the copy of a user's data"),
        menu="core.admin_refresh",
        form=form,
    )


def _ask(form: Form) -> bool:
    try:
        with unit_of_work() as session:
            refreshing.ask(session, viewer(), form.data["code"])
            diary.seen(session, viewer(), form.data["code"], diary_rules.REFRESH)
    except Refused as refused:
        form.fail("code", str(refused))
        return False
    return True


def _result(row: object) -> Word:
    """How the refresh ended, with the number of records that changed."""
    if row.open:  # type: ignore[attr-defined]
        waits = row.state in ("dead", "parked")  # type: ignore[attr-defined]
        return Word("bad", pgettext("refresh", "stopped")) if waits else Word("wait", pgettext("refresh", "under way"))
    found = refreshing.outcome(row.reference)  # type: ignore[attr-defined]
    if found is None or found.failed:
        return Word("bad", pgettext("refresh", "failed"), _("The reason is on the page “Access to the database”"))
    if not found.rows_read:
        return Word("bad", _("TYTAN has no such customer"))
    changed = ngettext("%(n)s record changed", "%(n)s records changed", found.rows_changed)
    return Word("ok", changed if found.rows_changed else _("nothing had changed"))


def _took(row: object) -> str:
    found = refreshing.outcome(row.reference)  # type: ignore[attr-defined]
    return f"{number(found.ms / 1000, decimals=1)} s" if found and not found.failed else ""  # type: ignore[arg-type]
