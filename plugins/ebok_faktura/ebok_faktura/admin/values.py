"""How much the utility charged and was paid, as a chart, a table and CSV, over at most 36 months (L147, L149, S66)."""

from __future__ import annotations

from functools import partial

from flask import request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.web import csv_response, render, snapshot

from .. import service
from ..rules import Step
from ..service import figures
from .blueprint import blueprint

# How far back each step goes, in months.
_MONTHS = {Step.MONTH: 12, Step.QUARTER: 36, Step.YEAR: 36}


@blueprint.get("/zestawienia")
def values() -> ResponseReturnValue:
    """The amounts of all customers together; an unknown step is months."""
    step = figures.STEPS.get(request.args.get("wg", ""), Step.MONTH)
    found = service.office_amounts(snapshot(), step, _MONTHS[step])
    if request.args.get("format") == "csv":
        return csv_response("faktury-zestawienie", *figures.csv_rows(found))
    return render(
        "ebok_faktura/values.html",
        title=_("Invoiced and paid"),
        menu="faktura.office_values",
        **figures.page_of(found, step, partial(url_for, ".values")),
    )
