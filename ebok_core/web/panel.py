"""What the panel's frame adds to a page: the number of what waits, and the page's help for staff."""

from __future__ import annotations

from flask import current_app, request
from markupsafe import Markup, escape

from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import HelpPage, Zone
from ebok_core.i18n import ngettext

from . import work


def work_count(viewer: Viewer | None) -> Markup:
    """The number beside "Do zrobienia"; nothing where nothing waits, and for who is no member of staff."""
    waiting = work.count() if viewer is not None and viewer.kind == "staff" else 0
    if not waiting:
        return Markup()
    said = escape(ngettext("%(n)s waits", "%(n)s wait", waiting))
    shown = f'<span class="eb-count" aria-hidden="true">{waiting}</span>'
    return Markup(f'{shown}<span class="visually-hidden"> ({said})</span>')  # noqa: S704 - a number, escaped words


def help_of(menu_key: str | None) -> HelpPage | None:
    """This page's help (L163), by endpoint and menu key (`admin.core.config:core.tytan`), else by endpoint alone."""
    pages = [p for p in current_app.extensions["ebok"].portal.of("ebok_help_pages") if p.zone is Zone.ADMIN]
    endpoint = request.endpoint or ""
    for wanted in (f"{endpoint}:{menu_key}", endpoint):
        for page in pages:
            if wanted in page.endpoints:
                found: HelpPage = page
                return found
    return None
