"""What blocks there are, when one is seen, and when a second person must publish it (security.md §4, S78)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Protocol, TypeVar

# What a block is about -> its icon, in the order in which the editor offers them.
KINDS = {
    "news": "message-square",
    "shutoffs": "triangle-alert",
    "prices": "receipt",
    "forms": "file-text",
    "text": "info",
}
MOST_TITLE, MOST_BODY = 120, 20_000
ALONE_AFTER = timedelta(hours=24)
"""After that a person who is the only one with the right publishes alone what a second one should (S78)."""
# A Polish bank account: 26 digits as people write them, with or without spaces, hyphens and the country.
_ACCOUNT = re.compile(r"(?<![0-9])[0-9](?:[ \N{NO-BREAK SPACE}-]?[0-9]){25}(?![0-9])")


class State(Enum):
    """How a block stands today."""

    SHOWN = "shown"
    SCHEDULED = "scheduled"
    OVER = "over"
    DRAFT = "draft"
    WITHDRAWN = "withdrawn"


class Dated(Protocol):
    """A version, as far as its days go."""

    @property
    def number(self) -> int: ...
    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...
    @property
    def published_at(self) -> datetime | None: ...


V = TypeVar("V", bound=Dated)


def names_account(text: str) -> bool:
    """Whether a text names a bank account: one change of it could redirect the money of a town (asset A3)."""
    return _ACCOUNT.search(text) is not None


def in_force(versions: Iterable[V], today: date) -> V | None:
    """The version that is seen today: of those published the one that began last, unless its days are over."""
    begun = [v for v in versions if v.published_at is not None and v.starts_on <= today]
    found = max(begun, key=lambda v: (v.starts_on, v.number), default=None)
    return None if found is None or (found.ends_on is not None and found.ends_on < today) else found


def state_of(versions: Sequence[Dated], today: date, *, withdrawn: bool) -> State:
    """How a block stands on a day."""
    if withdrawn:
        return State.WITHDRAWN
    if in_force(versions, today) is not None:
        return State.SHOWN
    published = [v for v in versions if v.published_at is not None]
    if any(v.starts_on > today for v in published):
        return State.SCHEDULED
    return State.OVER if published else State.DRAFT


def waits_for_another(
    body: str, *, written_by: str, written_at: datetime, publisher: str, publishers: int, now: datetime
) -> bool:
    """Whether this person may not publish this text yet: it names an account and they wrote it themselves (S78).

    `publishers` is how many people have the right; the only one publishes alone a day after writing.
    """
    if not names_account(body) or written_by != publisher:
        return False
    return publishers > 1 or now < written_at + ALONE_AFTER


def moved(keys: Sequence[str], key: str, step: int) -> list[str]:
    """The keys with one of them a place up (-1) or down (1); at the border nothing moves."""
    found = list(keys)
    at = found.index(key)
    to = min(max(at + step, 0), len(found) - 1)
    found.insert(to, found.pop(at))
    return found
