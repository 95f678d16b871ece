"""Public pages that the frame links to, and the health address for whatever watches the portal."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from babel.dates import format_date
from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from ebok_core import runtime_settings
from ebok_core.contracts.web import HelpPage, Zone
from ebok_core.errors import DatabaseUnavailable
from ebok_core.i18n import current_locale
from ebok_core.i18n import gettext as _
from ebok_core.web import optional_viewer, render, runtime, snapshot
from ebok_core.web.assets import anonymous
from ebok_core.web.frame import frame_zone
from ebok_core.web.menu import menu

from .settings import AccessibilityConfigSchema

blueprint = Blueprint("public", __name__)
DAYS = ("published_on", "updated_on", "made_on", "reviewed_on")


@blueprint.get("/pomoc")
def help_start() -> ResponseReturnValue:
    """The pages of help that this person's zone has, and the office's phones."""
    return render("ebok_core/public/help.html", title=_("Help"), pages=_help_pages())


@blueprint.get("/pomoc/<key>")
def help_page(key: str) -> ResponseReturnValue:
    """One page of help."""
    page = next((p for p in _help_pages() if p.key == key), None)
    if page is None:
        abort(404)
    menu_key = f"core.{frame_zone().value}_help_start"
    return render(page.template, title=str(page.title), menu=menu_key)


@blueprint.get("/deklaracja-dostepnosci")
def accessibility() -> ResponseReturnValue:
    """The accessibility declaration with its prescribed words and ids (accessibility.md §4)."""
    facts = runtime_settings.get(snapshot(), AccessibilityConfigSchema)
    return render(
        "ebok_core/public/accessibility.html",
        title=_("Accessibility declaration"),
        facts=facts,
        formulas=_formulas(),
        address=runtime().settings.public_url,
        days={name: _day(day) for name in DAYS if (day := getattr(facts, name))},
    )


@blueprint.get("/mapa-strony")
def site_map() -> ResponseReturnValue:
    """Every page that the menus lead to for this person."""
    zone = frame_zone()
    items = menu(zone, optional_viewer())
    return render("ebok_core/public/site_map.html", title=_("Site map"), items=items, pages=_help_pages())


@blueprint.get("/zdrowie")
@anonymous
def health() -> ResponseReturnValue:
    """200 while the portal can read its database, else 503; says nothing else to strangers (S76)."""
    try:
        snapshot().execute(sa.select(sa.literal(1)))
    except (DatabaseUnavailable, sa.exc.DBAPIError):
        return Response("unavailable\n", 503, mimetype="text/plain", headers={"Cache-Control": "no-store"})
    return Response("ok\n", 200, mimetype="text/plain", headers={"Cache-Control": "no-store"})


def _day(text: str) -> tuple[str, str]:
    """A day for a `time` element: `2026-11-24` and `24 listopada 2026 r.`."""
    words = format_date(date.fromisoformat(text), "d MMMM y" if current_locale() == "pl" else "long", current_locale())
    return text, f"{words} r." if current_locale() == "pl" else words


@lru_cache(maxsize=1)
def _formulas() -> Mapping[str, Any]:
    """The prescribed sentences; the opening one cut at its places, so that each place can carry its id."""
    with (Path(__file__).parent / "deklaracja_pl.toml").open("rb") as file:
        formulas = tomllib.load(file)
    return {**formulas, "wstep": re.split(r"\{(podmiot|zakres|url)\}", formulas["wstep"])}


def _help_pages() -> list[HelpPage]:
    """Help for the zone of whoever asks; strangers read the public pages."""
    zone = frame_zone()
    wanted = {zone, Zone.PUBLIC} if zone is Zone.CUSTOMER else {zone}
    return [page for page in runtime().portal.of("ebok_help_pages") if page.zone in wanted]
