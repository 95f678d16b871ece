"""*Moje umowy i klienci*: the customers of the account, adding one with a bill, leaving one."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity.access import joining
from ebok_core.identity.registration import rules as registration
from ebok_core.identity.registration import service as registrations
from ebok_core.identity.registration.views import proof_fields
from ebok_core.web import (
    FORM,
    FormSchema,
    blank,
    done,
    load,
    needs_password,
    office,
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
from .blueprints import customer

MENU = "core.account"
STATES = {
    registration.ASKED: "wait",
    registration.REFUSED: "bad",
    registration.BLOCKED: "bad",
    registration.KNOWN: "bad",
}


class LeaveSchema(FormSchema):
    """Leaving a customer asks for the password."""

    password = password_field()


@customer.get("/konto/klienci")
def customers() -> ResponseReturnValue:
    """All customers of the account with the role towards each, and what is being added (P06)."""
    session, person = snapshot(), viewer()
    return render(
        "ebok_core/identity/access/customers.html",
        title=_("My customers and contracts"),
        menu=MENU,
        customers=joining.mine(session, person),
        waiting=[(row, STATES[row.state], joining.why_not(row.state)) for row in joining.waiting(session, person)],
        may_add=registrations.config(session).is_open,
        words=words,
        contact=office().contact,
    )


@customer.route("/konto/klienci/dodaj", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """One more customer by the same proof as a registration; the worker compares, the mail and the list tell."""
    verifier = registrations.verifier_of(runtime().portal)
    schema = FormSchema.from_dict(proof_fields(verifier.fields))()
    form = load(schema) if request.method == "POST" else blank(schema)
    status = 200
    if form.ok:
        try:
            with unit_of_work() as unit:
                joining.ask(unit, viewer(), verifier, form.data)
        except Refused as refused:
            status = 429 if refused.code == "delayed" else 422
            form.fail(FORM, str(refused))
        else:
            done(_("We are comparing the data with our bills. You will see the answer here and in a message soon."))
            return redirect_to(".customers")
    return render(
        "ebok_core/identity/access/add_customer.html",
        title=_("Add a customer"),
        menu=MENU,
        crumbs=[(_("My customers and contracts"), ".customers")],
        status=status,
        form=form,
        fields=verifier.fields,
        figure=verifier.figure,
    )


@customer.route("/konto/klienci/opusc/<path:code>", methods=["GET", "POST"])
def leave(code: str) -> ResponseReturnValue:
    """Give a customer up, after the password; other people's access to it stays."""
    found = joining.own(snapshot(), viewer(), code)
    form = load(LeaveSchema) if request.method == "POST" else blank(LeaveSchema)
    if form.ok and proved(form):
        with unit_of_work() as unit:
            joining.leave(unit, viewer(), found.code)
        done(_("The customer %(code)s is no longer in your account.", code=found.code))
        return redirect_to(".customers")
    return render(
        "ebok_core/identity/access/leave.html",
        title=_("Leave the customer %(code)s", code=found.code),
        menu=MENU,
        crumbs=[(_("My customers and contracts"), ".customers")],
        form=form,
        found=found,
        is_only=len(viewer().customer_codes) == 1,
        asks=needs_password(),
    )
