"""Zones: three parent blueprints, each with one guard that runs before any view of what is mounted in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.contracts.identity import Permission
from ebok_core.contracts.web import Zone
from ebok_core.portal import Portal

from . import look
from .login import signed_in_viewer

PREFIX = {Zone.PUBLIC: "", Zone.CUSTOMER: "", Zone.ADMIN: "/panel"}
SIGN_IN = {Zone.CUSTOMER: "public.identity.sign_in", Zone.ADMIN: "public.identity.staff_sign_in"}
KIND = {Zone.CUSTOMER: "customer", Zone.ADMIN: "staff"}


def mount(app: Flask, portal: Portal) -> None:
    """Register the zones with every mounted blueprint. The portal was checked before (`checks.checked`)."""
    for zone in Zone:
        entries = [entry for entry in portal.of("ebok_blueprints") if entry.zone is zone]
        permissions = {f"{zone.value}.{e.blueprint.name}": e.permission for e in entries if e.permission}
        parent = Blueprint(zone.value, __name__, url_prefix=PREFIX[zone] or None)
        parent.before_request(_guard(zone, permissions))
        for entry in entries:
            parent.register_blueprint(entry.blueprint)
        app.register_blueprint(parent)


def _guard(zone: Zone, permissions: Mapping[str, Permission]) -> Callable[[], ResponseReturnValue | None]:
    """Build the viewer and refuse who has no place here; a stranger is sent to sign in and back again (L22)."""

    def guard() -> ResponseReturnValue | None:
        g.zone = zone
        if getattr(current_app.view_functions.get(request.endpoint or ""), "ebok_anonymous", False):
            g.viewer = None
            return None
        g.viewer = found = signed_in_viewer()
        look.speak_to(found)
        if zone is Zone.PUBLIC:
            return None
        if found is None:
            back = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for(SIGN_IN[zone], dalej=back))
        if found.kind != KIND[zone]:
            abort(404)
        if not all(found.may(permissions.get(name)) for name in request.blueprints):
            abort(403)
        return None

    return guard
