"""Addresses inside the portal: the one check of a place to go back to (S31)."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

LONGEST = 600


def inside(target: str | None) -> str | None:
    """The target, when it is a path of ours that a GET can open; None for everything else.

    No host, no backslash, no control character, no second slash: a browser would leave the portal.
    """
    if not target or len(target) > LONGEST or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(c) < 33 or ord(c) == 127 for c in target):
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    try:
        adapter = current_app.url_map.bind(request.host, url_scheme=request.scheme)
        adapter.match(parts.path, method="GET")
    except RequestRedirect:
        return None
    except HTTPException:
        return None
    return target


def here() -> str:
    """The path and query of this page if a GET can open it again, else its nearest place: `/`."""
    path = request.full_path.rstrip("?") if request.method == "GET" else request.path
    return inside(path) or "/"
