"""Addresses inside the portal: the one check of a place to go back to (S31)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

LONGEST = 600
# A backslash is a slash to browsers; spaces and control characters are dropped by some.
_ODD = re.compile(r"[\\\x00-\x20\x7f]")


def inside(target: str | None) -> str | None:
    """The target, when it is a path of ours that a GET can open; None for everything else.

    No host, no backslash, no control character, no second slash: a browser would leave the portal.
    """
    if not target or not _is_of_here(target):
        return None
    parts = urlsplit(target)
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
    if request.method == "GET" and request.url_rule is not None:  # a GET has just opened it
        return path if _is_of_here(path) else "/"
    return inside(path) or "/"


def _is_of_here(target: str) -> bool:
    if len(target) > LONGEST or not target.startswith("/") or target.startswith("//") or _ODD.search(target):
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc
