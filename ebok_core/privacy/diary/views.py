"""The page "Kto oglądał moje dane": employees' views and acts of people with a right, the newest first (N19)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, ngettext
from ebok_core.web import Column, Table, list_page, runtime, viewer

from . import rules, service

blueprint = Blueprint("diary", __name__)
_L = service.LINES.c


def _who(row: Any) -> str:
    if row.viewer_kind == rules.MODULE:
        return _module(row.viewer_id)
    kind = str(rules.VIEWERS.get(row.viewer_kind, row.viewer_kind))
    if row.viewer_kind != rules.DELEGATE:
        return kind
    return row.name or _("A person whose account is gone")


def _module(name: str) -> str:
    return next((str(d.module.title) for d in runtime().portal.declarations if d.name == name), name)


def _what(row: Any) -> str:
    if row.what in rules.WHAT:
        return str(rules.WHAT[row.what])
    return next((str(a.title) for a in runtime().portal.of("ebok_audit_actions") if a.key == row.what), row.what)


DIARY = Table(
    key="core.diary",
    caption=lazy_gettext("Who looked at my data"),
    statement=sa.select(_L.id, _L.at, _L.customer_code, _L.viewer_kind, _L.viewer_id, _L.what, _L.name),
    row_key=(_L.id,),
    columns=(
        Column("at", lazy_gettext("Date and time"), "instant", sort=_L.at, head=True),
        Column("who", lazy_gettext("Who"), value=_who, optional=False),
        Column("what", lazy_gettext("What happened"), value=_what, optional=False),
        Column("customer_code", lazy_gettext("Customer code")),
    ),
    sort="-at",
    reach="stated",
    counted=lambda n: ngettext("%(n)s entry", "%(n)s entries", n),
    empty=(
        lazy_gettext("Nobody but you looked at your data"),
        lazy_gettext("When an employee opens your data, or somebody whom you gave a right acts, it will stand here"),
    ),
)


@blueprint.get("/konto/kto-ogladal")
def index() -> ResponseReturnValue:
    """The diary of every customer of the account."""
    return list_page(
        DIARY,
        "ebok_core/privacy/diary.html",
        title=_("Who looked at my data"),
        menu="core.account",
        values={"codes": list(viewer().customer_codes), "account_id": viewer().account_id},
    )
