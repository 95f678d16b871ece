"""What waits for the staff: the answers of `ebok_work_items`, counted by kind, the oldest first (L03)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from flask import current_app, g, url_for

from ebok_core import clock
from ebok_core.contracts.admin import WorkItem
from ebok_core.db import search_key
from ebok_core.i18n import lazy_gettext as _

from .context import runtime, viewer
from .guard import Failed, live, title_of

log = structlog.get_logger(__name__)

# The core's own kinds in words; a module writes its kinds in words itself.
KINDS: Mapping[str, Any] = {
    "core.balance": _("Balance that does not add up"),
    "core.registration": _("Account rejected by TYTAN"),
    "core.factor_removal": _("Second factor to be removed"),
    "core.external": _("Sign-in through login.gov.pl"),
    "core.alarm": _("Alarm about sign-ins"),
}
MOST_SHOWN = 500
COUNT_LIVES_S = 60.0
"""So long the number in the menu may be behind; the list itself is always new."""


class Kind(NamedTuple):
    """One kind of work: its name in the address, its title, how many wait, since when the oldest does."""

    key: str
    title: str
    count: int
    since: datetime


class Item(NamedTuple):
    """A line of the list; `href` is empty where its page is not there for this person."""

    kind: str
    title: str
    since: datetime
    href: str


@dataclass(frozen=True)
class Waiting:
    """All that waits, the oldest first; `silent` are the titles of modules that could not answer."""

    items: tuple[Item, ...]
    kinds: tuple[Kind, ...]
    silent: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many items wait."""
        return len(self.items)

    def kind(self, key: str) -> Kind | None:
        """The kind of this name, None for all."""
        return next((kind for kind in self.kinds if kind.key == key), None)

    def of(self, kind: Kind | None) -> list[Item]:
        """The items of a kind, or all; no more than a page can bear."""
        return [item for item in self.items if kind is None or item.kind == kind.title][:MOST_SHOWN]


def waiting() -> Waiting:
    """Ask every room and module, once a request."""
    if "ebok_waiting" not in g:
        g.ebok_waiting = _ask()
        _remember(g.ebok_waiting.total)
    found: Waiting = g.ebok_waiting
    return found


def count() -> int:
    """How many items wait for this person, for the menu: at most a minute old."""
    kept: dict[str, tuple[float, int]] = current_app.extensions.setdefault("ebok_work_counts", {})
    moment, number = kept.get(viewer().account_id, (-COUNT_LIVES_S, 0))
    return number if clock.monotonic() - moment < COUNT_LIVES_S else waiting().total


def _remember(total: int) -> None:
    kept: dict[str, tuple[float, int]] = current_app.extensions.setdefault("ebok_work_counts", {})
    if len(kept) > 1000:
        kept.clear()
    kept[viewer().account_id] = (clock.monotonic(), total)


def _ask() -> Waiting:
    lines: list[tuple[datetime, str, Item]] = []
    silent = []
    for module, answer in live("ebok_work_items", viewer=viewer()):
        try:
            lines += sorted(_lines(answer))
        except Exception:
            log.exception("work_items.failed", module=module)
            silent.append(title_of(module))
    items = tuple(item for _since, _key, item in sorted(lines))
    counted: dict[str, list[Item]] = {}
    for item in items:
        counted.setdefault(item.kind, []).append(item)
    kinds = [Kind(search_key(title), title, len(own), own[0].since) for title, own in counted.items()]
    return Waiting(items, tuple(kinds), tuple(silent))


def _lines(answer: Any) -> Iterator[tuple[datetime, str, Item]]:
    """A module's items as lines, with what they are sorted by. Raises for an answer that failed or is junk."""
    if isinstance(answer, Failed):
        raise TypeError("no answer")
    for item in answer:
        if not isinstance(item, WorkItem):
            raise TypeError(f"a WorkItem was expected, not {type(item).__name__}")
        if runtime().portal.applies(item):
            kind, since = str(KINDS.get(item.kind, item.kind)), item.since.astimezone(UTC)
            yield since, item.key, Item(kind, str(item.title), since, _href(item))


def _href(item: WorkItem) -> str:
    """The address of the item's page; empty where no installed part mounts it."""
    if item.endpoint not in current_app.view_functions:
        return ""
    arguments: dict[str, Any] = dict(item.arguments)
    return url_for(item.endpoint, **arguments)
