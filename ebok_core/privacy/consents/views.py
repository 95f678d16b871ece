"""The page "Zgody": each consent with its text, one button to give it and one to withdraw it, and the history."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import validate

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.web import (
    FormSchema,
    Text,
    WholeNumber,
    done,
    load,
    own_act,
    redirect_to,
    render,
    snapshot,
    unit_of_work,
    viewer,
)

from . import rules, service

blueprint = Blueprint("consents", __name__)


class DecisionSchema(FormSchema):
    """One decision: which consent, whether it is given, and the version of the text that stood there."""

    consent = Text(required=True, max=30)
    decision = Text(required=True, max=10, validate=validate.OneOf([rules.GIVEN, rules.WITHDRAWN]))
    version = WholeNumber(digits=6)


@blueprint.get("/konto/zgody")
def index() -> ResponseReturnValue:
    """How each consent stands, and what was decided when."""
    events = service.history(snapshot(), viewer().account_id)
    return render(
        "ebok_core/privacy/consents.html",
        title=_("Consents"),
        menu="core.account",
        standings=service.standings(snapshot(), events),
        events=events,
        types=rules.TYPES,
    )


@blueprint.post("/konto/zgody")
@own_act
def decide() -> ResponseReturnValue:
    """Give or withdraw one consent."""
    form = load(DecisionSchema)
    if form.ok:
        code, is_given = form.data["consent"], form.data["decision"] == rules.GIVEN
        try:
            with unit_of_work() as unit:
                if is_given:
                    service.give(unit, viewer(), code, form.data.get("version", 0))
                else:
                    service.withdraw(unit, viewer(), code)
        except Refused as refused:
            done(str(refused), title=_("Nothing was changed"), kind="wait")
        else:
            done(_("The consent is given.") if is_given else _("The consent is withdrawn."))
    return redirect_to(".index")
