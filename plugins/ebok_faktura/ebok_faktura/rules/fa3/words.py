"""The words of FA(3): what elements are called, what their codes mean, and how a text becomes a value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files

from ..document import Labelled, Value
from .node import Node

# Codes that people know by themselves: they stand beside their meaning.
KNOWN_BY_CODE = frozenset({"gtu", "procedure"})
YES, NO = "tak", "nie"


@cache
def _table(name: str) -> Mapping[str, Mapping[str, object]]:
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text("utf-8"))


@cache
def _kinds() -> Mapping[str, str]:
    return {name: kind for kind, names in _table("elements")["kinds"].items() for name in names}  # type: ignore[attr-defined]


def label(name: str) -> str:
    """What an element is called; one that nobody named keeps its own name."""
    return str(_table("elements")["labels"].get(name, name))


def kind(name: str) -> str:
    """The kind of an element's value: `date`, `money`, … or `text`."""
    return _kinds().get(name, "text")


def code_list(name: str) -> str:
    """The list that says what an element's codes mean, or ""."""
    return str(_table("elements")["codes"].get(name, ""))


def meaning(codes: str, code: str) -> str:
    """What a code of a list means; an unknown one stands for itself. Whole numbers may be written as `+1` or `01`."""
    known = _table("codes").get(codes, {})
    return str(known.get(code) or known.get(plain(code), code))


def plain(text: str) -> str:
    """A whole number of the file as it is usually written; other texts as they are."""
    unsigned = text.removeprefix("+")
    return str(int(unsigned)) if unsigned.isdecimal() and unsigned.isascii() else text


def is_yes(text: str) -> bool:
    """Whether a mark says yes: 1; 2 and no text say no."""
    return plain(text) == "1"


def known_codes(codes: str) -> frozenset[str]:
    """The codes of a list."""
    return frozenset(_table("codes")[codes])


def decimal(text: str) -> Decimal | None:
    """A number of the file, or None for no text. Its places stay as they were written."""
    return Decimal(text) if text else None


def day(text: str) -> date | None:
    """A day of the file, or None for no text."""
    return date.fromisoformat(text) if text else None


def instant(text: str) -> Value:
    """A moment of the file; one that names no zone is in UTC. The schema knows forms that Python does not: as text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def labelled(node: Node, currency: str, name: str = "") -> Labelled:
    """An element with its label and its value as the kind of the element says; it is read by that."""
    node.used = True
    codes = code_list(node.name)
    title = name or label(node.name)
    if codes:
        known = node.text if codes in KNOWN_BY_CODE or codes == "currency" else ""
        return Labelled(label=title, value=meaning(codes, node.text), code=known)
    value, unit = _value(kind(node.name), node.text, currency)
    return Labelled(label=title, value=value, unit=unit)


def _value(kind: str, text: str, currency: str) -> tuple[Value, str]:
    if not text:
        return "", ""
    if kind == "date":
        return date.fromisoformat(text), ""
    if kind == "instant":
        return instant(text), ""
    if kind in UNITS:
        return Decimal(text), UNITS[kind] or currency
    if kind == "number":
        return Decimal(text), ""
    if kind == "yes":
        return YES, ""
    if kind == "yes_no":
        return (YES if is_yes(text) else NO), ""
    return text, ""


UNITS = {"money": "", "zloty": "PLN", "percent": "%"}
