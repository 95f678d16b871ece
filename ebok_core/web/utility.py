"""What every page knows of the utility: the settings "Dane kontaktowe" and "Wygląd", and other settings pages.

All saved settings are kept in memory under their common version, which each request reads: what is saved, here or in
another process, is seen by the next request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, g

from ebok_core import runtime_settings
from ebok_core.portal import Portal
from ebok_core.runtime_settings import Stored

from .context import reading, snapshot, tell_sessions

CONTACT, LOOK = "core.contact", "core.look"


@dataclass(frozen=True, kw_only=True)
class Office:
    """The utility as the frame shows it. `contact` and `look` are the dataclasses of the two configuration pages."""

    contact: Any
    look: Any


@dataclass(frozen=True)
class Saved:
    """The saved pages at one version, and the dataclasses that were built of them."""

    version: int
    pages: Mapping[str, Stored]
    built: dict[str, Any] = field(default_factory=dict)


def init_app(app: Flask, portal: Portal) -> None:
    """Keep the two schemas and a place for what was read."""
    schemas = {page.key: page.schema for page in portal.of("ebok_config_pages") if page.key in (CONTACT, LOOK)}
    app.extensions["ebok_office"] = {"schemas": schemas, "saved": None}


def at_version(version: int) -> None:
    """Say which version of the settings this request's snapshot holds; every read of settings in it uses them."""
    g.ebok_saved = _saved(version)
    tell_sessions(**{runtime_settings.KEPT: g.ebok_saved.pages})


def office() -> Office:
    """The utility, from memory or with one query. Raises `DatabaseUnavailable`."""
    saved = _current()
    if "office" not in saved.built:
        saved.built["office"] = _of(current_app.extensions["ebok_office"]["schemas"], saved.pages)
    found: Office = saved.built["office"]
    return found


def known_office() -> Office:
    """The utility as last read, or its defaults: for pages that must stand while the database is away."""
    kept = current_app.extensions["ebok_office"]
    saved = kept["saved"]
    return _of(kept["schemas"], saved.pages if saved else {})


def kept_settings(schema: type[runtime_settings.ConfigSchema]) -> Any:
    """The dataclass of a configuration page without secrets, from memory or with one query."""
    saved = _current()
    if schema.key not in saved.built:
        saved.built[schema.key] = runtime_settings.get(snapshot(), schema)
    return saved.built[schema.key]


def forget() -> None:
    """Read the settings again within this very request; the next one sees what was saved anyway."""
    g.pop("ebok_saved", None)
    current_app.extensions["ebok_office"]["saved"] = None


def _current() -> Saved:
    """The settings of this request; without a session, whose query tells their version, they are read."""
    if "ebok_saved" not in g:
        g.ebok_saved = _saved(None)
    found: Saved = g.ebok_saved
    return found


def _saved(version: int | None) -> Saved:
    kept = current_app.extensions["ebok_office"]
    saved: Saved | None = kept["saved"]
    if saved is None or saved.version != version:
        pages = runtime_settings.every(reading())
        found = sum(stored.version for stored in pages.values())
        if saved is None or saved.version != found:
            kept["saved"] = saved = Saved(found, pages)
    return saved


def _of(schemas: Mapping[str, Any], pages: Mapping[str, Stored]) -> Office:
    values = {key: json.loads(pages[key].values) if key in pages else {} for key in (CONTACT, LOOK)}
    return Office(contact=schemas[CONTACT]().load(values[CONTACT]), look=schemas[LOOK]().load(values[LOOK]))
