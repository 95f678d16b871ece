"""The customer's page: own passes, and buying one."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.web import (
    FORM,
    FormSchema,
    Money,
    blank,
    done,
    load,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from . import service

blueprint = Blueprint("basen", __name__, url_prefix="/basen", template_folder="templates")


class BuySchema(FormSchema):
    """The price that the customer saw and agreed to."""

    price = Money(required=True)


@blueprint.route("/", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """List the passes; a POST buys one."""
    form = load(BuySchema) if request.method == "POST" else blank(BuySchema)
    if form.ok:
        try:
            with unit_of_work() as session:
                days = runtime().module_settings["ebok_basen"].valid_days
                service.buy(session, viewer(), form.data["price"], days)
        except Refused as refused:
            form.fail(FORM, str(refused))
        else:
            done(_("You have bought a pass. You can swim today."))
            return redirect_to("customer.basen.index")
    rows, price = service.passes_of(snapshot(), viewer()), service.price_of(snapshot())
    return render("ebok_basen/index.html", title=_("Swimming pool"), form=form, rows=rows, price=price)
