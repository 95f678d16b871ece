"""Icons by name: only the symbols that a page uses go into it, as one inline sprite (look.md §4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from flask import g
from markupsafe import Markup

FOLDER = Path(__file__).parent / "icons"
_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")


def icon(name: str) -> Markup:
    """An icon beside a word, hidden from readers. Raises `LookupError` for a name that the set lacks."""
    found = _use(name)
    use((name,))
    return found


def use(names: Iterable[str]) -> None:
    """Note icons that the page shows, so that its sprite has them."""
    used: dict[str, None] | None = g.get("ebok_icons")
    if used is None:
        used = g.ebok_icons = {}
    for name in names:
        used[name] = None


def sprite() -> Markup:
    """The symbols of every icon that this page used so far: the frame prints it last."""
    return _sprite(tuple(g.get("ebok_icons", ())))


@lru_cache(maxsize=256)
def _sprite(names: tuple[str, ...]) -> Markup:
    symbols = "".join(_symbol(name) for name in names)
    return Markup(f'<svg class="eb-sprite" aria-hidden="true">{symbols}</svg>')  # noqa: S704 - vendored files


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
