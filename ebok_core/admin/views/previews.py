"""See the portal as a customer sees it: begun with a reason, ended by a button on every page (L154, P78)."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import previews as service
from ebok_core.privacy.diary import rules as diary_rules
from ebok_core.privacy.diary import service as diary
from ebok_core.web import (
    FormSchema,
    Text,
    blank,
    done,
    load,
    needs_password,
    password_field,
    proved,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)

from .. import cards
from .blueprint import blueprint, previews

MOST_REASON = 300


class PreviewSchema(FormSchema):
    """Why the customer's portal is looked at; the customer reads in their diary that it was, staff read why."""

    reason = Text(
        required=True,
        max=MOST_REASON,
        error_messages={"required": lazy_gettext("Write why you need to see it")},
        metadata={
            "label": lazy_gettext("Reason"),
            "hint": lazy_gettext("For example: the customer calls about the bill of November"),
        },
    )
    password = password_field()


@previews.route("/klienci/<code>/podglad", methods=["GET", "POST"])
def begin(code: str) -> ResponseReturnValue:
    """Ask for the reason, then look."""
    form = load(PreviewSchema) if request.method == "POST" else blank(PreviewSchema)
    if form.ok and proved(form):
        with unit_of_work() as session:
            service.start(session, viewer(), code, form.data["reason"])
            diary.seen(session, viewer(), code, diary_rules.PREVIEW)
        return redirect_to("customer.core.start")
    customer = cards.customer(snapshot(), viewer(), code)
    return render(
        "ebok_core/admin/preview.html",
        title=_("Preview as customer %(code)s", code=code),
        menu="core.admin_preview",
        crumbs=[(_("Customer %(code)s", code=code), f"/panel/klienci/{code}")],
        form=form,
        customer=customer,
        asks_password=needs_password(),
    )


@blueprint.post("/podglad/koniec")
def end_preview() -> ResponseReturnValue:
    """Stop looking, and back to the customer's card."""
    with unit_of_work() as session:
        code = service.end(session, viewer())
    if code is None:
        return redirect_to("admin.core.home")
    done(_("The preview is over."))
    return redirect_to("admin.customers.card", code=code)
