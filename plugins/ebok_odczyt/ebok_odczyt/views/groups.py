"""Names of groups of meters, as the customer calls them (L70)."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.web import blank, done, load, needs, redirect_to, render, snapshot, unit_of_work, viewer

from .. import schemas, service
from ..permissions import SUBMIT
from ..schemas import GROUP, field_key
from .blueprint import blueprint
from .submit import meter_label


@blueprint.route("/grupy", methods=["GET", "POST"])
@needs(SUBMIT)
def groups() -> ResponseReturnValue:
    """A field for each meter in use; an empty one gives the utility's name back."""
    session = snapshot()
    rows = [row for row in service.meters_of(session, viewer()) if row.active and row.removed_on is None]
    own = service.groups_of(session, viewer())
    keys = {field_key(row.id): row for row in rows}
    schema = schemas.group_schema(keys, {key: meter_label(row) for key, row in keys.items()})
    if request.method == "GET":
        form = blank(schema, **{GROUP + key: own.get(row.id) for key, row in keys.items()})
    else:
        form = load(schema)
    if form.ok:
        with unit_of_work() as session:
            names = {row.id: form.data.get(GROUP + key, "") for key, row in keys.items()}
            service.name_groups(session, viewer(), names)
        done(_("We saved the names of your groups."))
        return redirect_to("customer.odczyt.index")
    return render("ebok_odczyt/groups.html", title=_("Groups of meters"), form=form, meters=list(keys.items()))
