"""Help for staff, page by page (L163): the core's and the modules' pages of help of the panel."""

from __future__ import annotations

from flask import abort
from flask.typing import ResponseReturnValue

from ebok_core.contracts.web import HelpPage, Zone
from ebok_core.i18n import gettext as _
from ebok_core.web import render, runtime

from .blueprint import blueprint


@blueprint.get("/pomoc")
def help_start() -> ResponseReturnValue:
    """All pages of help, in the portal's order."""
    return render("ebok_core/admin/help.html", title=_("Help for staff"), menu="core.admin_help", pages=_pages())


@blueprint.get("/pomoc/<key>")
def help_page(key: str) -> ResponseReturnValue:
    """One page of help."""
    page = next((page for page in _pages() if page.key == key), None)
    if page is None:
        abort(404)
    return render(
        page.template,
        title=str(page.title),
        menu="core.admin_help",
        crumbs=[(_("Help for staff"), "admin.core.help_start")],
    )


def _pages() -> list[HelpPage]:
    return [page for page in runtime().portal.of("ebok_help_pages") if page.zone is Zone.ADMIN]
