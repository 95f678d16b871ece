"""The outbox in words for the office: states, far sides, reasons, and what of a message's content may be shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, lazy_pgettext

from .rules import State


class StateWords(NamedTuple):
    """How a state reads: the kind of its tint, its name, and what it means for who looks after it."""

    kind: str
    name: Any
    meaning: Any


STATES: Mapping[str, StateWords] = {
    State.PENDING: StateWords(
        "wait", lazy_pgettext("outbox", "waits"), lazy_gettext("It will be sent by itself; nothing is to be done.")
    ),
    State.LEASED: StateWords(
        "wait", lazy_pgettext("outbox", "is being sent"), lazy_gettext("A worker has it in its hands right now.")
    ),
    State.UNCERTAIN: StateWords(
        "bad",
        lazy_pgettext("outbox", "uncertain"),
        lazy_gettext(
            "It was sent, and no answer came: it may have arrived. Look at the far side first, then send it again or "
            "give it up."
        ),
    ),
    State.PARKED: StateWords(
        "wait",
        lazy_pgettext("outbox", "waits for another"),
        lazy_gettext("It depends on a message that has not arrived; it goes on by itself once that one does."),
    ),
    State.DEAD: StateWords(
        "bad",
        lazy_pgettext("outbox", "not delivered"),
        lazy_gettext("The portal has given up trying. Remove the cause and send it again, or give it up."),
    ),
    State.DELIVERED: StateWords("ok", lazy_pgettext("outbox", "delivered"), lazy_gettext("The far side has it.")),
    State.APPLIED: StateWords("ok", lazy_pgettext("outbox", "taken over"), lazy_gettext("TYTAN has taken it over.")),
    State.REJECTED: StateWords(
        "bad", lazy_pgettext("outbox", "refused"), lazy_gettext("The far side has refused it; it is not sent again.")
    ),
    State.CANCELLED: StateWords(
        "", lazy_pgettext("outbox", "given up"), lazy_gettext("Somebody gave it up; it is not sent any more.")
    ),
}
TARGETS: Mapping[str, Any] = {
    "tytan": lazy_gettext("TYTAN"),
    "mail": lazy_gettext("E-mail"),
    "sms": lazy_pgettext("channel", "SMS"),
    "identity": lazy_gettext("Checking of registrations"),
}
REASONS: Mapping[str, Any] = {
    "ambiguous": lazy_gettext("no answer came"),
    "before_restore": lazy_gettext("from before a restored backup"),
    "bug": lazy_gettext("an error of the portal, three times"),
    "busy": lazy_gettext("the far side is busy"),
    "cancelled": lazy_gettext("given up by hand"),
    "conflict": lazy_gettext("the far side has another content under this number"),
    "dependency_failed": lazy_gettext("the message that it depends on was refused or given up"),
    "exhausted": lazy_gettext("too many tries"),
    "kills_worker": lazy_gettext("workers broke down over it"),
    "mailbox_refused": lazy_gettext("there is no such mailbox"),
    "not_configured": lazy_gettext("the far side is not configured"),
    "number_refused": lazy_gettext("there is no such number"),
    "permanent": lazy_gettext("the far side will never take it"),
    "rejected": lazy_gettext("refused"),
    "unreachable": lazy_gettext("the far side does not answer"),
}


def target(key: str) -> str:
    """What a far side is called; the key of a module's own."""
    return str(TARGETS.get(key, key))


def reason(code: str | None) -> str:
    """A reason code in words, the code itself where it has none."""
    return str(REASONS.get(code, code)) if code else ""


# What of a payload may be shown: numbers, dates, codes. Texts may hold what a person wrote, a name, a link that works
# once; they are told by their length.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+\-]{0,39}\Z")
_DIGITS = re.compile(r"[0-9]")
MOST_DIGITS = 8
"""More digits than that may be a PESEL, an account or a phone; dates and times are known by their shape."""
_WHEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.+Z]{4,24})?\Z")
_SECRET = re.compile(r"passw|has[lł]o|secret|token|link|url|pesel|nip|account|iban|phone|name|address", re.IGNORECASE)
# Words without a digit are shown under these names only: under others they may be somebody's name.
_WORDS = frozenset(
    {
        "channel",
        "currency",
        "direction",
        "kind",
        "locale",
        "method",
        "outcome",
        "reason_code",
        "role",
        "state",
        "status",
    }
    | {"template", "type", "reading_method"}
)
_ADDRESS = re.compile(r"([^@\s])[^@\s]*@([^@\s]+)\Z")
MOST_FIELDS = 60


def content(payload: str | None) -> list[tuple[str, str]]:
    """The fields of a message as pairs of name and value, without what a clerk need not know to decide about it."""
    if payload is None:
        return []
    try:
        found = json.loads(payload)
    except ValueError:
        return []
    return list(_fields("", found))[:MOST_FIELDS]


def _fields(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(f"{name}.{key}" if name else str(key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value, start=1):
            yield from _fields(f"{name} {index}", item)
    else:
        yield name, _shown(name.rpartition(".")[2], value)


def _shown(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    if _ADDRESS.match(text):
        return masked(text)
    digits = len(_DIGITS.findall(text))
    is_code = _CODE.match(text) and (0 < digits <= MOST_DIGITS or name in _WORDS)
    if not _SECRET.search(name) and (_WHEN.match(text) or is_code):
        return text
    return _("hidden, %(n)s characters", n=len(text))


def masked(address: str) -> str:
    """A mail address as it may be shown beside a message: `a…@example.pl`."""
    return _ADDRESS.sub(r"\1…@\2", address)
