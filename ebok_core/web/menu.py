"""Menus from the portal's declarations: filtered by what a viewer may do, built once per zone, rights and language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for

from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import current_locale

from .context import runtime

_MOST_KEPT = 256


@dataclass(frozen=True, kw_only=True)
class Item:
    """An entry as the frame shows it; a group has children and the address of its first one."""

    key: str
    label: str
    href: str | None
    endpoint: str | None
    icon: str | None = None
    children: tuple[Item, ...] = ()

    def walk(self) -> Iterator[Item]:
        """The entry and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def menu(zone: Zone, viewer: Viewer | None) -> tuple[Item, ...]:
    """The zone's menu for this viewer in the language of the request."""
    kept: dict[Any, tuple[Item, ...]] = current_app.extensions.setdefault("ebok_menus", {})
    rights = viewer.permissions if viewer else frozenset()
    key = (zone, rights, current_locale())
    if key not in kept:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = _build(zone, rights)
    return kept[key]


def active(zone: Zone, viewer: Viewer | None, endpoint: str | None, key: str | None = None) -> tuple[Item, ...]:
    """The path from a top entry to the current one: by the page's own word, its endpoint, or its blueprint."""
    kept: dict[Any, tuple[Item, ...]] = current_app.extensions.setdefault("ebok_paths", {})
    place = (zone, viewer.permissions if viewer else frozenset(), current_locale(), endpoint, key)
    found = kept.get(place)
    if found is None:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        found = kept[place] = _path(menu(zone, viewer), endpoint, key)
    return found


def _path(items: tuple[Item, ...], endpoint: str | None, key: str | None) -> tuple[Item, ...]:
    paths = [(top, item) for top in items for item in top.walk()]
    room = _room(endpoint)
    for fits in (
        lambda item: key is not None and item.key == key,
        lambda item: key is None and endpoint is not None and item.endpoint == endpoint,
        lambda item: key is None and room not in ("", "public.public") and _room(item.endpoint) == room,
    ):
        for top, item in paths:
            if fits(item):
                return (top,) if top is item else (top, item)
    return ()


def _room(endpoint: str | None) -> str:
    return (endpoint or "").rpartition(".")[0]


def _build(zone: Zone, rights: frozenset[str]) -> tuple[Item, ...]:
    entries = [
        e
        for e in (*runtime().portal.of("ebok_menu_entries"), *_configuration())
        if e.zone is zone and (e.permission is None or e.permission.key in rights)
    ]
    entries.sort(key=lambda e: (e.order, e.key))
    keys = {e.key for e in entries}
    # A child whose parent's module is not installed stands by itself.
    tops = [e for e in entries if e.parent not in keys]
    built = (_item(entry, entries) for entry in tops)
    return tuple(item for item in built if item.href is not None)


def _configuration() -> Iterator[MenuEntry]:
    """Every configuration page stands under Konfiguracja (L162): its module declares the page alone."""
    portal = runtime().portal
    for page in portal.of("ebok_config_pages"):
        yield MenuEntry(
            key=page.key,
            zone=Zone.ADMIN,
            label=page.title,
            endpoint="admin.core.config",
            arguments=(("key", page.key),),
            permission=page.permission or portal.permissions["core.configure"],
            parent="core.configuration",
            order=page.order,
        )


def _item(entry: MenuEntry, entries: list[MenuEntry]) -> Item:
    children = tuple(
        child for child in (_item(e, entries) for e in entries if e.parent == entry.key) if child.href is not None
    )
    own = url_for(entry.endpoint, **dict(entry.arguments)) if entry.endpoint else None
    return Item(
        key=entry.key,
        label=str(entry.label),
        href=own or (children[0].href if children else None),
        endpoint=entry.endpoint,
        icon=entry.icon,
        children=children,
    )
