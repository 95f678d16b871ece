"""Search from anywhere, and "Podgląd danych użytkownika": find a customer and see what is theirs (L154)."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog
from flask import request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.contracts.admin import SearchHit
from ebok_core.db import pl_sort
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext, ngettext
from ebok_core.tytan import copy
from ebok_core.web import Cell, Column, Failed, Table, list_page, live, render, snapshot, viewer
from ebok_core.web.guard import title_of

from .. import finding, permissions
from .blueprint import blueprint, customers

log = structlog.get_logger(__name__)

_c = copy.customers.c
TITLES = {
    "customers": lazy_gettext("Customers"),
    "people": lazy_gettext("Users of the portal"),
    "points": lazy_gettext("Service points"),
    "meters": lazy_gettext("Meters"),
    "documents": lazy_gettext("Documents"),
}

CUSTOMERS = Table(
    key="core.customers",
    caption=lazy_gettext("Customers"),
    statement=sa.select(_c.code, _c.name, _c.street, _c.house_no, _c.flat_no, _c.city, _c.email, _c.status),
    row_key=(_c.code,),
    columns=(
        Column("code", lazy_gettext("Customer code"), "cell", head=True, value=lambda row: _code(row)),
        Column("name", lazy_gettext("Customer name"), sort=pl_sort(_c.name), optional=False),
        Column("city", lazy_pgettext("address", "City"), sort=pl_sort(_c.city)),
        Column("email", lazy_gettext("E-mail address")),
        Column("status", lazy_gettext("Status")),
    ),
    sort="",
    reach="stated",
    export=False,
    counted=lambda n: ngettext("%(n)s customer", "%(n)s customers", n),
    empty=(lazy_gettext("No customers yet"), lazy_gettext("They appear here after the first download from TYTAN")),
)


def _code(row: Any) -> Cell:
    """The code on one line, leading to the card."""
    return Cell(row.code, href=url_for("admin.customers.card", code=row.code), whole=True)


class Hit(NamedTuple):
    """One result; `href` is empty where it leads nowhere."""

    title: str
    note: str
    href: str


class Group(NamedTuple):
    """One group of results."""

    title: str
    hits: list[Hit]
    more: bool


@blueprint.get("/szukaj")
def search() -> ResponseReturnValue:
    """Everything that fits what was typed, in groups; each person finds what they may see."""
    wanted = finding.asked(request.args.get("szukaj", ""))
    return render("ebok_core/admin/search.html", title=_("Search"), menu="", wanted=wanted, groups=_groups(wanted))


@customers.get("/podglad")
def find() -> ResponseReturnValue:
    """Find a customer by what is known of them, or choose from all."""
    wanted = finding.asked(request.args.get("szukaj", ""))
    return list_page(
        CUSTOMERS,
        "ebok_core/admin/find.html",
        title=_("Preview of a user's data"),
        menu="core.admin_preview",
        wanted=wanted,
        groups=_groups(wanted),
    )


def _groups(wanted: finding.Asked) -> list[Group]:
    """The core's groups for who may see customers, then those of the modules, in the portal's order."""
    if not wanted.is_enough:
        return []
    groups: list[Group] = []
    if viewer().may(permissions.CUSTOMERS):
        groups = [_group(str(TITLES[key]), hits) for key, hits in finding.found(snapshot(), wanted)]
    for module, hits in live("ebok_search", viewer=viewer(), text=wanted.text):
        try:
            groups += _of_module(module, hits)
        except Exception:
            log.exception("search.failed", module=module)
    return groups


def _of_module(module: str, hits: Any) -> list[Group]:
    """A module's hits in groups by their kind. Raises for an answer that failed or is junk."""
    if isinstance(hits, Failed):
        return []
    by_kind: dict[str, list[SearchHit]] = {}
    for hit in hits:
        by_kind.setdefault(str(hit.kind) or title_of(module), []).append(hit)
    return [_group(kind, own) for kind, own in by_kind.items()]


def _group(title: str, hits: list[SearchHit]) -> Group:
    shown = [
        Hit(str(h.title), str(h.note), url_for(h.endpoint, **dict(h.arguments)) if h.endpoint else "")  # type: ignore[arg-type]
        for h in hits[: finding.MOST_HITS]
    ]
    return Group(title, shown, len(hits) > finding.MOST_HITS)
