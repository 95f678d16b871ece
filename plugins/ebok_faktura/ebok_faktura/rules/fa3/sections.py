"""Sections of labelled values from any part of the file: for what has no place of its own, or was left over."""

from __future__ import annotations

from collections.abc import Iterable

from ..document import Grid, Labelled, Section, Value
from .node import Node
from .words import kind, label, labelled

# A row of these speaks by its first text and says its second.
PAIRS = {"DodatkowyOpis": ("Klucz", "Wartosc"), "MetaDane": ("ZKlucz", "ZWartosc"), "TMetaDane": ("TKlucz", "TWartosc")}
NUMERIC = frozenset({"money", "zloty", "number", "percent"})


def section(node: Node, currency: str, title: str = "") -> Section:
    """What was not read of an element, as a section: its own texts, then its parts as sections."""
    entries: list[Labelled] = []
    parts: list[Section] = []
    for child in node.children:
        if not child.has_unread():
            continue
        if not child.children:
            entries.append(labelled(child, currency))
        else:
            parts.append(section(child, currency))
    return Section(title=title or label(node.name), entries=tuple(entries), sections=tuple(parts))


def sections(nodes: Iterable[Node], currency: str) -> tuple[Section, ...]:
    """The sections of those elements that have something unread."""
    return tuple(section(node, currency) for node in nodes if node.has_unread())


def pairs(nodes: Iterable[Node]) -> tuple[Labelled, ...]:
    """Elements that are a key with a value, as labelled values."""
    found = []
    for node in nodes:
        key, value = PAIRS[node.name]
        found.append(Labelled(label=node.take(key), value=node.take(value)))
    return tuple(found)


def grid(nodes: list[Node], currency: str, title: str) -> Grid:
    """Rows of one kind as a table: a column for each element that stands in at least one of them."""
    names: dict[str, None] = {}
    for node in nodes:
        names.update(dict.fromkeys(child.name for child in node.children if not child.children and child.text))
    rows: list[tuple[Value | None, ...]] = []
    for node in nodes:
        values: dict[str, Value] = {}
        for child in node.children:
            if not child.children and child.text:
                found = labelled(child, currency)
                values[child.name] = f"{found.code} – {found.value}" if found.code else found.value
        rows.append(tuple(values.get(name) for name in names))
    return Grid(
        title=title,
        columns=tuple(label(name) for name in names),
        rows=tuple(rows),
        numeric=frozenset(place for place, name in enumerate(names) if kind(name) in NUMERIC),
        unit=currency,
    )
