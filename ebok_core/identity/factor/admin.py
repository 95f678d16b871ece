"""The office's page for those who lost their second factor: one of the staff asks, another one confirms."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.web import (
    blank,
    done,
    load,
    needs_password,
    proved,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)

from . import office
from .views import forms

blueprint = Blueprint("lost_factor", __name__)


@blueprint.route("/zgubiony-drugi-skladnik", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """Ask for a lost factor to be removed, and see what waits for a second person."""
    form = load(forms.AskSchema) if request.method == "POST" else blank(forms.AskSchema, kind="customer")
    if form.ok and proved(form):
        kind = "staff" if form.data.get("kind") == "staff" else "customer"
        with form.refusals("login"), unit_of_work() as unit:
            office.ask(unit, viewer(), login=form.data["login"], kind=kind, proof=form.data["proof"])
        if form.ok:
            done(_("Now another person of the staff must confirm it on this page, within 24 hours."))
            return redirect_to(".index")
    return render(
        "ebok_core/identity/factor/lost.html",
        title=_("Lost second factor"),
        menu="core.admin_lost_factor",
        form=form,
        waiting=office.waiting(snapshot(), viewer()),
        may_staff=viewer().may(office.RESET_STAFF),
        asks_password=needs_password(),
    )


@blueprint.route("/zgubiony-drugi-skladnik/potwierdz", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """The second of two confirms; the factors of the account go."""
    form = load(forms.ConfirmSchema) if request.method == "POST" else None
    wanted = form.value("removal") if form else request.args.get("prosba", "")
    removal = next((item for item in office.waiting(snapshot(), viewer()) if item.id == wanted), None)
    if removal is None:
        raise NotFound(_("This request is closed, or its time is over."))
    form = form or blank(forms.ConfirmSchema, removal=wanted)
    if form.ok and proved(form):
        with form.refusals(), unit_of_work() as unit:
            office.confirm(unit, viewer(), wanted)
        if form.ok:
            done(_("The second factor of %(name)s is removed. The person got a mail.", name=removal.display_name))
            return redirect_to(".index")
    return render(
        "ebok_core/identity/factor/lost_confirm.html",
        title=_("Confirm who the person is"),
        menu="core.admin_lost_factor",
        crumbs=[(_("Lost second factor"), url_for(".index"))],
        form=form,
        removal=removal,
        asks_password=needs_password(),
    )


@blueprint.post("/zgubiony-drugi-skladnik/wycofaj")
def withdraw() -> ResponseReturnValue:
    """The request was a mistake."""
    form = load(forms.WithdrawSchema)
    with unit_of_work() as unit:
        office.withdraw(unit, viewer(), form.value("removal"))
    done(_("The request is withdrawn. Nothing was removed."))
    return redirect_to(".index")
