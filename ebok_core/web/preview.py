"""A member of staff's preview in the web (P78): whom the customer's pages speak to, and the banner above them."""

from __future__ import annotations

from typing import NamedTuple

from flask import g, request, url_for

from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import Zone
from ebok_core.identity import previews

from . import glance
from .context import reading, runtime
from .login import live_session

# What belongs to the member of staff and their session, whatever they look at.
OWN = frozenset(
    {"public.identity.sign_out", "public.web.session_extend", "public.web.look", "public.web.look_page"}
    | {"public.web.session_over", "public.identity.sign_in", "public.identity.staff_sign_in"}
)


class Running(NamedTuple):
    """What the banner says: the customer looked at, and the addresses of both ways on."""

    code: str
    is_inside: bool
    end: str
    seen: str


def looked_at() -> str | None:
    """The customer whom this session looks at, None where no preview runs."""
    live = live_session()
    if live is None or live.viewer.kind != "staff" or not live.viewer.may(previews.PREVIEW):
        return None
    return live.row.customer_code or None


def viewer_of(zone: Zone, staff: Viewer) -> Viewer | None:
    """The viewer of this request's page while a preview runs, None for the panel's own pages and the session's."""
    code = looked_at()
    if zone is Zone.ADMIN or code is None or request.endpoint in OWN:
        return None
    found = previews.seen_as(reading(), runtime().portal.permissions, staff, code)
    g.ebok_preview = found
    live = live_session()
    if found is not None and live is not None:
        glance.note(live._replace(viewer=found))
    return found


def running() -> Running | None:
    """The banner of this page, None where no preview runs."""
    code = looked_at()
    if code is None:
        return None
    return Running(
        code, g.get("ebok_preview") is not None, url_for("admin.core.end_preview"), url_for("customer.core.start")
    )
