"""What every page knows of the utility: the settings "Dane kontaktowe" and "Wygląd", kept for a few seconds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from ebok_core import clock
from ebok_core.portal import Portal
from ebok_core.runtime_settings.models import RuntimeSetting

from .context import snapshot

CONTACT, LOOK = "core.contact", "core.look"
KEPT_S = 5.0

_SELECT = sa.select(RuntimeSetting.key, RuntimeSetting.values).where(RuntimeSetting.key.in_((CONTACT, LOOK)))


@dataclass(frozen=True, kw_only=True)
class Office:
    """The utility as the frame shows it. `contact` and `look` are the dataclasses of the two configuration pages."""

    contact: Any
    look: Any


def init_app(app: Flask, portal: Portal) -> None:
    """Keep the two schemas and a place for what was read."""
    schemas = {page.key: page.schema for page in portal.of("ebok_config_pages") if page.key in (CONTACT, LOOK)}
    app.extensions["ebok_office"] = {"schemas": schemas, "until": 0.0, "office": None}


def office() -> Office:
    """The utility, from memory or with one query. Raises `DatabaseUnavailable`."""
    kept = current_app.extensions["ebok_office"]
    if kept["office"] is None or clock.monotonic() >= kept["until"]:
        saved = {row.key: json.loads(row.values) for row in snapshot().execute(_SELECT)}
        kept["office"] = _of(kept["schemas"], saved)
        kept["until"] = clock.monotonic() + KEPT_S
    return kept["office"]


def known_office() -> Office:
    """The utility as last read, or its defaults: for pages that must stand while the database is away."""
    kept = current_app.extensions["ebok_office"]
    return kept["office"] or _of(kept["schemas"], {})


def forget() -> None:
    """Read again on the next page: whoever saves one of the two settings calls it."""
    current_app.extensions["ebok_office"]["office"] = None


def _of(schemas: dict[str, Any], saved: dict[str, Any]) -> Office:
    return Office(
        contact=schemas[CONTACT]().load(saved.get(CONTACT, {})), look=schemas[LOOK]().load(saved.get(LOOK, {}))
    )
