"""The page "Moje dane": ask for the file with one's own data, and fetch it while it is there."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.web import (
    Form,
    FormSchema,
    blank,
    done,
    load,
    needs_password,
    own_act,
    password_field,
    proved,
    redirect_to,
    render,
    runtime,
    snapshot,
    unit_of_work,
    viewer,
)

from . import archive, service

blueprint = Blueprint("own_data", __name__)


class AskSchema(FormSchema):
    """The password, when it is time to ask for it."""

    password = password_field()


@blueprint.get("/konto/moje-dane")
def index() -> ResponseReturnValue:
    """What we keep, how long, and the file."""
    return _show(blank(AskSchema))


@blueprint.post("/konto/moje-dane")
@own_act
def ask() -> ResponseReturnValue:
    """Ask for the file; a job builds it and a mail tells when it is ready."""
    form = load(AskSchema)
    if form.ok and proved(form):
        with form.refusals(), unit_of_work() as unit:
            service.ask(unit, viewer())
        if form.ok:
            done(
                _("We are preparing the file. We will write to %(email)s when it is ready.", email=viewer().email)
                if viewer().email
                else _("We are preparing the file. Look here again in a few minutes.")
            )
            return redirect_to(".index")
    return _show(form)


@blueprint.post("/konto/moje-dane/plik")
@own_act
def fetch() -> ResponseReturnValue:
    """The file itself, to its owner alone. A POST, so that no address leads to it."""
    content = service.fetch(snapshot(), runtime(), viewer())
    with unit_of_work() as unit:
        service.note_fetched(unit, viewer())
    response = Response(content, mimetype=archive.MEDIA_TYPE)
    name = f"moje-dane-{clock.today().isoformat()}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _show(form: Form) -> ResponseReturnValue:
    sources = runtime().portal.of("ebok_personal_data")
    return render(
        "ebok_core/privacy/own_data.html",
        title=_("My data"),
        menu="core.account",
        form=form,
        asks=needs_password(),
        export=service.latest(snapshot(), viewer()),
        sources=[(str(source.title), str(source.retention)) for source in sources],
    )
