"""Pages of the frame itself: files, the brand's style sheet, look and language, the end of a session."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _

from . import assets, look
from .addresses import inside
from .brand import sheet_of
from .context import optional_viewer
from .rendering import render

blueprint = Blueprint("web", __name__)
assets.register(blueprint)


@blueprint.get("/wyglad/<name>.css")
@assets.anonymous
def brand(name: str) -> ResponseReturnValue:
    """The second style sheet: the roles of the utility's one colour."""
    sheet = sheet_of(name)
    if sheet is None:
        abort(404)
    return assets.cacheable(Response(sheet, mimetype="text/css"))


@blueprint.get("/wyglad")
def look_page() -> ResponseReturnValue:
    """All choices of look and language on one page."""
    return render("ebok_core/web/look.html", title=_("Look and language"))


@blueprint.post("/wyglad", endpoint="look")
def look_() -> ResponseReturnValue:
    """Remember one or more choices, then show the page they were made on."""
    chosen = look.current()
    for name in ("motyw", "kontrast", "tekst", "jezyk"):
        if name in request.form:
            chosen = chosen.with_choice(name, request.form[name])
    response = redirect(inside(request.form.get("dalej")) or url_for("public.web.look_page"), 303)
    look.remember(response, chosen)
    return response


@blueprint.post("/sesja")
def session_extend() -> ResponseReturnValue:
    """Stay signed in: the guard has already noted the activity. 401 when the session is over."""
    if optional_viewer() is None:
        return Response(status=401)
    return Response(status=204)


@blueprint.get("/koniec-sesji")
def session_over() -> ResponseReturnValue:
    """What happened when a session ended by itself, and the way back."""
    return render(
        "ebok_core/web/session_over.html", title=_("The session has ended"), back=inside(request.args.get("dalej"))
    )
