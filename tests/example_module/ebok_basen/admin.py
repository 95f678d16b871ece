"""The panel's page: who has passes."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.web import render, snapshot

from . import service

blueprint = Blueprint("basen", __name__, url_prefix="/basen", template_folder="templates")


@blueprint.route("/")
def index() -> ResponseReturnValue:
    """Passes by customer."""
    rows = service.passes_by_customer(snapshot())
    return render("ebok_basen/admin.html", title=_("Passes to the pool"), rows=rows)
