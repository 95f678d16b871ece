"""Pieces of pages that many requests share: rendered once per key, then filled with what belongs to this request.

A key holds everything that a piece depends on, and nothing that a person typed or that is one person's own (S52). What
is this request's own stands in the kept text as a mark: the form token by itself, everything else is given as `own`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, NamedTuple

from flask import current_app, g, session
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from . import icons

MOST_KEPT = 1024
_TOKEN = "token"  # noqa: S105 - a mark's name
_MARK = re.compile("\ue000([^\ue000]+)\ue000")


class Piece(NamedTuple):
    """A kept text, cut at its marks: every second part is a mark's name. `icons` are for the page's sprite."""

    parts: tuple[str, ...]
    icons: tuple[str, ...]


def kept(key: Hashable, build: Callable[[], str], **own: str) -> Markup:
    """The piece of this key, built once; `own` are this request's texts by mark, already escaped.

    Without a key nothing is kept: for a state of the page that somebody typed.
    """
    pieces: dict[Hashable, Piece] = current_app.extensions.setdefault("ebok_pieces", {})
    piece = pieces.get(key) if key is not None else None
    if piece is None:
        piece = _built(build)
        if len(pieces) >= MOST_KEPT:
            pieces.clear()
        if key is not None:
            pieces[key] = piece
    icons.use(piece.icons)
    parts = piece.parts
    if len(parts) == 1:
        return Markup(parts[0])  # noqa: S704 - a template's output
    own[_TOKEN] = csrf_token()
    filled = [own[part] if index & 1 else part for index, part in enumerate(parts)]
    return Markup("".join(filled))  # noqa: S704 - a template's output with escaped texts


def mark(name: str) -> Markup:
    """What a piece prints where `own` fills in a text; the sign is of no alphabet."""
    return Markup(f"\ue000{name}\ue000")  # noqa: S704 - a constant


def csrf_token() -> str:
    """The form token of this request, its mark inside a piece: what templates print."""
    found = g.get("csrf_token")
    if found is None:
        own = session.get("csrf_token")
        found = _signed(current_app.secret_key, own) if isinstance(own, str) else generate_csrf()
        g.csrf_token = found
    return str(found)


@lru_cache(maxsize=1024)
def _signed(_secret: Any, _own: str) -> str:
    """The token signed for a session's own secret: one signature serves all its pages, since tokens have no age."""
    token: str = generate_csrf()
    return token


def _built(build: Callable[[], str]) -> Piece:
    """Render a piece with marks in place of what is the request's own, and gather the icons that it uses."""
    token, used = g.pop("csrf_token", None), g.pop("ebok_icons", None)
    g.csrf_token, g.ebok_icons = mark(_TOKEN), {}
    try:
        return Piece(tuple(_MARK.split(str(build()))), tuple(g.ebok_icons))
    finally:
        g.ebok_icons = used or {}
        if token is None:
            del g.csrf_token
        else:
            g.csrf_token = token
