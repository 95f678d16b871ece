"""Zones: three parent blueprints, each with one guard that runs before any view of what is mounted in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core.contracts.identity import Permission, Viewer
from ebok_core.contracts.web import Zone
from ebok_core.i18n import gettext as _
from ebok_core.identity.factor import policy
from ebok_core.identity.factor.schemas import SecondFactorPolicySchema
from ebok_core.portal import Portal

from . import look, preview
from .context import runtime
from .login import live_session, signed_in_viewer
from .rendering import render
from .utility import kept_settings

PREFIX = {Zone.PUBLIC: "", Zone.CUSTOMER: "", Zone.ADMIN: "/panel"}
SIGN_IN = {Zone.CUSTOMER: "public.identity.sign_in", Zone.ADMIN: "public.identity.staff_sign_in"}
KIND = {Zone.CUSTOMER: "customer", Zone.ADMIN: "staff"}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Where staff add the second factor that is demanded of them; until then nothing else of theirs opens.
FACTOR = "admin.factor"
OWNER = "owner"
View = TypeVar("View", bound=Callable[..., Any])


def needs(permission: Permission, *, to: Collection[str] = ()) -> Callable[[View], View]:
    """A view that asks for more than its mount: the permission, with `to` for these methods only.

    Write it under the route: `@blueprint.post("/")` then `@needs(SUBMIT)`; the zone's guard refuses with 403.
    """

    def marked(view: View) -> View:
        view.ebok_needs = (permission, frozenset(to))  # type: ignore[attr-defined]
        return view

    return marked


def own_act(view: View) -> View:
    """A change that everybody may make whatever their role, also while the account is suspended: to what they see."""
    view.ebok_own_act = True  # type: ignore[attr-defined]
    return view


def mount(app: Flask, portal: Portal) -> None:
    """Register the zones with every mounted blueprint. The portal was checked before (`checks.checked`)."""
    for zone in Zone:
        entries = [entry for entry in portal.of("ebok_blueprints") if entry.zone is zone]
        permissions = {f"{zone.value}.{e.blueprint.name}": e.permission for e in entries if e.permission}
        parent = Blueprint(zone.value, __name__, url_prefix=PREFIX[zone] or None)
        own_account = frozenset(f"{zone.value}.{e.blueprint.name}" for e in entries if e.own_account)
        parent.before_request(_guard(zone, permissions, own_account))
        for entry in entries:
            parent.register_blueprint(entry.blueprint)
        app.register_blueprint(parent)


def _guard(
    zone: Zone, permissions: Mapping[str, Permission], own_account: frozenset[str]
) -> Callable[[], ResponseReturnValue | None]:
    """Build the viewer and refuse who has no place here; a stranger is sent to sign in and back again (L22)."""

    def guard() -> ResponseReturnValue | None:
        g.zone = zone
        if getattr(current_app.view_functions.get(request.endpoint or ""), "ebok_anonymous", False):
            g.viewer = None
            return None
        g.viewer = found = signed_in_viewer()
        look.speak_to(found)
        if zone is not Zone.PUBLIC and request.blueprint != FACTOR and _owes_factor():
            return redirect(url_for(f"{FACTOR}.index"))
        seen = preview.viewer_of(zone, found) if found else None
        if seen is not None:
            g.viewer = seen
            return _preview_only(seen, permissions, own_account)
        if zone is Zone.PUBLIC:
            return None
        if found is None:
            back = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for(SIGN_IN[zone], dalej=back))
        if found.kind != KIND[zone]:
            abort(404)
        asked = _asked(permissions)
        if not all(found.may(permission) for permission in asked):
            abort(403)
        if request.method not in SAFE and zone is Zone.CUSTOMER:
            return _writes(found, asked, own_account)
        return None

    return guard


def _owes_factor() -> bool:
    """Whether this member of staff must add a second factor first (S13); a lapsed password comes before it."""
    live = live_session()
    if live is None or live.duty:
        return False
    return policy.is_owed(runtime().settings, live, lambda: kept_settings(SecondFactorPolicySchema))


def _asked(permissions: Mapping[str, Permission]) -> list[Permission]:
    """What this request's mount and view ask for."""
    found = [permissions[name] for name in request.blueprints if name in permissions]
    own = getattr(current_app.view_functions.get(request.endpoint or ""), "ebok_needs", None)
    return [*found, own[0]] if own and (not own[1] or request.method in own[1]) else found


def _writes(person: Viewer, asked: Collection[Permission], own_account: frozenset[str]) -> ResponseReturnValue | None:
    """Who acts for another writes only where a permission says so; who is suspended writes nothing (L06, §8.4).

    Both may look after their own account: its password, devices, sessions.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "ebok_own_act", False) or (not asked and not own_account.isdisjoint(request.blueprints)):
        return None
    if person.status == "suspended":
        return render("ebok_core/web/suspended_only.html", title=_("Your account is suspended"), menu="", status=403)
    if person.role != OWNER and not asked:
        abort(403)
    return None


def _preview_only(
    seen: Viewer, permissions: Mapping[str, Permission], own_account: frozenset[str]
) -> ResponseReturnValue | None:
    """403 with its reason for what a preview does not do: change anything, or open what is one person's own (S17)."""
    if not all(seen.may(permission) for permission in _asked(permissions)):
        abort(403)
    of_account = not own_account.isdisjoint(request.blueprints)
    if request.method in SAFE and not of_account:
        return None
    title = _("A preview changes nothing") if request.method not in SAFE else _("This page belongs to the person alone")
    return render(
        "ebok_core/web/preview_only.html", title=title, menu="", status=403, changes=request.method not in SAFE
    )
