"""Rules of Kontakt, pure: topics and their days, the last day of an answer, signatures, how long what is kept."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from ebok_core.balance.rules import effective_due

# What a message can be about from the first day on: `kind` -> the word in addresses and the days to an answer (P52).
TOPICS: Mapping[str, tuple[str, int]] = {
    "failure": ("awaria", 1),
    "complaint": ("reklamacja", 14),
    "remarks": ("uwagi", 30),
    "office": ("biuro", 14),
    "administrator": ("administrator", 14),
}
OWN = "own"
OFFICE, ADMINISTRATOR, OTHER = DEPARTMENTS = ("office", "administrator", "other")

NEW, OPEN, ANSWERED, CLOSED = STATES = ("new", "open", "answered", "closed")
WAITING = (NEW, OPEN)
"""States in which the person waits for the office: only there a case can be late."""
PERSON, ANSWER, NOTE = MESSAGES = ("person", "office", "note")

MOST_TEXT = 5000
MOST_DAYS = 90
MOST_FILES = 10
MOST_TOGETHER = 40 * 1024 * 1024
"""Bytes of all files of one sending; the request itself may be 50 MB (security.md S68)."""
MOST_FILES_A_DAY = 10
"""Files of one case in a day (security.md §9.4)."""

LEAST_FILLING = timedelta(seconds=2)
"""A form that comes back sooner was not filled in by a person (identity.md §6.2)."""
DRAFTS_LIVE = timedelta(days=1)
"""A file whose form was never sent whole is deleted after so long."""
CLOSES_AFTER = timedelta(days=30)
"""An answered case that nobody writes in is closed after so long."""

# Crockford's letters: no I, L, O, U, so that nothing read from paper is mistaken. 12 of them are 60 bits.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})
_CODE_LENGTH, _GROUP = 12, 4
_SIGNATURE = re.compile(rf"K([0-9]{{4}})([0-9]{{6}})([{_LETTERS}]{{{_CODE_LENGTH}}})\Z")
_SPACES = re.compile(r"[^0-9A-Z]+")


class Signature(NamedTuple):
    """What names a case and opens it: `K-2026-000123-8Q4M-TR7X-2VNP`."""

    number: str
    code: str

    def __str__(self) -> str:
        """As it is shown, mailed and put into addresses."""
        groups = [self.code[start : start + _GROUP] for start in range(0, _CODE_LENGTH, _GROUP)]
        return "-".join([self.number, *groups])


def number_of(year: int, count: int) -> str:
    """The number of a case.

    >>> number_of(2026, 123)
    'K-2026-000123'
    """
    return f"K-{year}-{count:06d}"


def new_code() -> str:
    """Twelve letters and digits that nobody guesses."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))


def signature(typed: str) -> Signature | None:
    """A signature as people type it from paper: in any case, with any dashes and spaces, O for 0, I and L for 1.

    >>> str(signature(" k 2026 000123 8q4m tr7x-2vnp"))
    'K-2026-000123-8Q4M-TR7X-2VNP'
    >>> signature("K-2026-000123") is None
    True
    """
    plain = _SPACES.sub("", typed[:100].upper()).translate(_MISREAD)
    found = _SIGNATURE.match(plain)
    return Signature(number_of(int(found[1]), int(found[2])), found[3]) if found else None


def due_on(received_on: date, days: int) -> date:
    """The last day of an answer: calendar days after the day of arrival, which itself does not count.

    An end on a Saturday, a Sunday or a public holiday moves to the next working day (art. 111 § 2 and 115 KC).

    >>> due_on(date(2026, 11, 24), 14), due_on(date(2026, 12, 11), 14)
    (datetime.date(2026, 12, 8), datetime.date(2026, 12, 28))
    """
    return effective_due(received_on + timedelta(days=days))


def is_late(state: str, due: date, today: date) -> bool:
    """Whether the person should have had an answer already."""
    return state in WAITING and due < today


def states_after(state: str) -> tuple[str, ...]:
    """The states that a clerk may choose from here; an answer makes `answered` by itself."""
    return {
        NEW: (OPEN, CLOSED),
        OPEN: (CLOSED,),
        ANSWERED: (OPEN, CLOSED),
        CLOSED: (OPEN,),
    }[state]


def slug_of(name: str) -> str:
    """A topic's word in addresses.

    >>> slug_of("Przyłącze wody – projekt")
    'przylacze-wody-projekt'
    """
    plain = name.casefold().translate(str.maketrans("ąćęłńóśźż", "acelnoszz"))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "temat"
