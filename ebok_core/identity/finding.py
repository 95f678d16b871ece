"""Accounts found by what somebody types: without case, Polish accents, spaces and dashes, on both databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from . import rules

_ACCENTS = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzacelnoszz")
_SEPARATORS = " -"


def folded(text: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """A text of the database as `fold` makes what is typed."""
    for sign, plain in _ACCENTS.items():
        text = sa.func.replace(text, chr(sign), chr(plain))
    for separator in _SEPARATORS:
        text = sa.func.replace(text, separator, "")
    return sa.func.lower(text)


def fold(typed: str) -> str:
    """What is typed, as it is compared.

    >>> fold("Łąka-Żółć 1-01001")
    'lakazolc101001'
    """
    return "".join(c for c in rules.plain(typed) if c not in _SEPARATORS)
