"""What kinds and states of blocks are called on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ebok_core import clock
from ebok_core.i18n import gettext as _
from ebok_core.i18n import iso, lazy_pgettext
from ebok_core.web import Word

from .rules import State
from .service import Written

KINDS: Mapping[str, Any] = {
    "news": lazy_pgettext("public zone", "News"),
    "shutoffs": lazy_pgettext("public zone", "Planned shut-offs of water"),
    "prices": lazy_pgettext("public zone", "Prices and rates"),
    "forms": lazy_pgettext("public zone", "Forms and documents"),
    "text": lazy_pgettext("public zone", "Information"),
}
# Kinds whose first day tells something to whoever reads them.
DATED = ("news", "shutoffs")
_STATES: Mapping[State, tuple[str, Any]] = {
    State.SHOWN: ("ok", lazy_pgettext("public zone", "On the page")),
    State.SCHEDULED: ("wait", lazy_pgettext("public zone", "Scheduled")),
    State.OVER: ("", lazy_pgettext("public zone", "Its days are over")),
    State.DRAFT: ("wait", lazy_pgettext("public zone", "Draft")),
    State.WITHDRAWN: ("", lazy_pgettext("public zone", "Taken off")),
}


def state_word(state: State) -> Word:
    """A state in words."""
    kind, text = _STATES[state]
    return Word(kind, str(text))


def about(block: Written) -> str:
    """What a block is about, until when it is seen, and what waits in it."""
    shown, today = block.shown, clock.today()
    parts = [str(KINDS[block.kind])]
    if shown is not None and shown.ends_on is not None:
        parts.append(_("to %(day)s", day=iso(shown.ends_on)))
    later = [v for v in block.versions if v.published_at is not None and v.starts_on > today]
    if later:
        parts.append(_("the next text from %(day)s", day=iso(min(v.starts_on for v in later))))
    if block.draft is not None and block.state is not State.DRAFT:
        parts.append(_("a draft waits"))
    return ", ".join(parts)
