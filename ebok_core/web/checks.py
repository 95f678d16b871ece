"""Checks of declared pages that need a real URL map: a module that clashes or leaves its place is switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import Flask
from jinja2 import TemplateNotFound

from ebok_core import plugins
from ebok_core.contracts.web import Zone
from ebok_core.errors import ModuleError
from ebok_core.portal import Declaration, Portal

from . import edge
from .zones import mount

_ARGUMENT = re.compile(r"<(?:([^:<>]*):)?[^<>]*>")


def checked(portal: Portal, *, strict: bool) -> Portal:
    """The portal without the modules whose pages can't stand; `ModuleError` with `strict` and for the core."""
    while True:
        fault = next(_faults(portal), None)
        if fault is None:
            return portal
        declaration, reason = fault
        if strict or declaration.name == plugins.CORE:
            raise ModuleError(
                f"{declaration.installed.distribution}: {reason}",
                module=declaration.name,
                distribution=declaration.installed.distribution,
            )
        portal = portal.without(declaration.name, reason)


def _faults(portal: Portal) -> Iterator[tuple[Declaration, str]]:
    """The first fault of each declaration, in the order in which modules are added: the later by name gives way."""
    app = _trial_app()
    taken: dict[tuple[str, str], str] = {}
    blueprints: dict[str, str] = {}
    for count, declaration in enumerate(portal.declarations, start=1):
        for entry in declaration.results["ebok_blueprints"]:
            name = f"{entry.zone.value}.{entry.blueprint.name}"
            if name in blueprints:
                yield declaration, f"its blueprint {name!r} is already mounted by {blueprints[name]}"
                return
            blueprints[name] = declaration.name
            if entry.zone is Zone.ADMIN and entry.permission is None and declaration.name != plugins.CORE:
                yield declaration, f"the admin blueprint {name!r} is mounted without a permission"
                return
        app = _trial_app()
        try:
            mount(app, Portal(manager=portal.manager, declarations=portal.declarations[:count]))
        except Exception as error:
            yield declaration, f"its pages can't be mounted: {error}"
            return
        for rule in app.url_map.iter_rules():
            for method in (rule.methods or set()) - {"OPTIONS"}:
                key = (_shape(str(rule)), method)
                if taken.setdefault(key, rule.endpoint) != rule.endpoint:
                    yield declaration, f"the address {rule} is already taken by {taken[key]}"
                    return
    yield from _references(portal, app)


def _shape(rule: str) -> str:
    """A rule without its arguments' names and its last slash: what differs only there shadows each other."""
    return _ARGUMENT.sub(r"<\1>", rule).rstrip("/")


def _references(portal: Portal, app: Flask) -> Iterator[tuple[Declaration, str]]:
    """Endpoints and templates that a declaration names and that do not exist."""
    environment = app.jinja_env
    for declaration in portal.declarations:
        for entry in declaration.results["ebok_menu_entries"]:
            if portal.applies(entry) and entry.endpoint and entry.endpoint not in app.view_functions:
                yield declaration, f"the menu entry {entry.key!r} leads to {entry.endpoint!r}, which does not exist"
        for topic in declaration.results["ebok_contact_topics"]:
            if topic.endpoint not in app.view_functions:
                yield declaration, f"the topic {topic.key!r} leads to {topic.endpoint!r}, which does not exist"
        for hook in ("ebok_dashboard_cards", "ebok_slot_fragments", "ebok_public_entries", "ebok_help_pages"):
            for item in declaration.results[hook]:
                try:
                    environment.get_template(item.template)
                except TemplateNotFound:
                    yield declaration, f"{hook}: the template {item.template!r} of {item.key!r} does not exist"
                except Exception:  # noqa: S112 - filters and macros of the real environment are missing here
                    continue


def _trial_app() -> Flask:
    app = Flask("ebok_core.web", static_folder=None, template_folder="templates")
    app.add_url_rule("/static/<path:filename>", endpoint="static")
    edge.install_converters(app)
    return app
