"""*Zestawienia*: how much was invoiced and paid, by months, quarters and years, as a chart and as a table."""

from __future__ import annotations

from functools import partial

from flask import request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.web import csv_response, render, snapshot, viewer

from .. import service
from ..rules import Step
from ..service import figures
from .blueprint import blueprint


@blueprint.get("/zestawienia")
def values() -> ResponseReturnValue:
    """What the customer was charged and has paid; an unknown step is months (L147, L149)."""
    step = figures.STEPS.get(request.args.get("wg", ""), Step.MONTH)
    found = service.amounts(snapshot(), viewer(), step)
    if request.args.get("format") == "csv":
        return csv_response("faktury-zestawienie", *figures.csv_rows(found))
    return render(
        "ebok_faktura/values.html",
        title=_("Statements of amounts"),
        menu="faktura.values",
        **figures.page_of(found, step, partial(url_for, ".values")),
    )
