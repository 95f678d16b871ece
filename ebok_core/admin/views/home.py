"""The panel's first page and the work list: what is configured, what waits for whom (L151, L164, L166, L03)."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.web import Cell, Column, render, rows_table, runtime, snapshot, work

from .. import service
from .blueprint import blueprint
from .config import config_keys

_LINES = (
    Column(
        "title",
        lazy_gettext("What waits"),
        "cell",
        head=True,
        value=lambda item: Cell(item.title, href=item.href),
        csv=lambda item: item.title,
    ),
    Column("kind", lazy_gettext("Kind of work")),
    Column("since", lazy_gettext("Since"), "instant"),
)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Welcome, the two steps, what waits, and what is configured (L151, L164, L166)."""
    return render(
        "ebok_core/admin/home.html",
        title=_("Home page"),
        rows=service.status_rows(runtime().portal, snapshot()),
        config_keys=config_keys(),
        waiting=work.waiting(),
    )


@blueprint.get("/do-zrobienia")
def to_do() -> ResponseReturnValue:
    """Everything that waits for this person, the oldest first; `rodzaj` narrows it to one kind (L03)."""
    waiting = work.waiting()
    kind = waiting.kind(request.args.get("rodzaj", ""))
    return render(
        "ebok_core/admin/to_do.html",
        title=_("To do"),
        menu="core.admin_work",
        waiting=waiting,
        kind=kind,
        lines=rows_table(lazy_gettext("To do"), _LINES, waiting.of(kind)),
    )
