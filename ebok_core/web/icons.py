"""Icons by name: only the symbols that a page uses go into it, as one inline sprite (look.md §4)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from flask import g
from markupsafe import Markup

FOLDER = Path(__file__).parent / "icons"
_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")


def icon(name: str) -> Markup:
    """An icon beside a word, hidden from readers. Raises `LookupError` for a name that the set lacks."""
    found = _use(name)
    used: dict[str, None] = g.setdefault("ebok_icons", {})
    used[name] = None
    return found


def sprite() -> Markup:
    """The symbols of every icon that this page used so far: the frame prints it last."""
    return Markup(  # noqa: S704 - vendored files
        '<svg class="eb-sprite" aria-hidden="true">' + "".join(_symbol(n) for n in g.get("ebok_icons", ())) + "</svg>"
    )


@lru_cache
def _use(name: str) -> Markup:
    _symbol(name)
    return Markup(f'<svg class="eb-icon" aria-hidden="true"><use href="#i-{name}"/></svg>')  # noqa: S704


@lru_cache
def _symbol(name: str) -> str:
    path = FOLDER / f"{name}.svg"
    if not _NAME.match(name) or not path.is_file():
        raise LookupError(f"there is no icon {name!r} in ebok_core/web/icons")
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{path.read_text().strip()}</symbol>'
