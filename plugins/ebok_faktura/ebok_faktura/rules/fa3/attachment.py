"""The attachment of an FA(3) document: blocks of keys, texts and tables. Its cells are shown as they were written."""

from __future__ import annotations

from ..document import Grid, Section
from .node import Node
from .sections import pairs
from .words import label

NUMBERS = frozenset({"dec", "int"})


def attachment(node: Node) -> tuple[Section, ...]:
    """A section for each block of data; one without a heading is numbered."""
    return tuple(_block(block, number) for number, block in enumerate(node.all("BlokDanych"), start=1))


def _block(block: Node, number: int) -> Section:
    return Section(
        title=block.take("ZNaglowek") or f"{label('Zalacznik')}, część {number}",
        entries=pairs(block.all("MetaDane")),
        paragraphs=tuple(text for part in block.all("Tekst") for text in part.take_all("Akapit")),
        grids=tuple(_table(table) for table in block.all("Tabela")),
    )


def _table(table: Node) -> Grid:
    """A table; its rows may be shorter than its head (billing.md §7.3)."""
    columns = table.first("TNaglowek").all("Kol")
    return Grid(
        title=table.take("Opis"),
        entries=pairs(table.all("TMetaDane")),
        columns=tuple(column.take("NKom") for column in columns),
        rows=tuple(tuple(row.take_all("WKom")) for row in table.all("Wiersz")),
        totals=tuple(text for row in table.all("Suma") for text in row.take_all("SKom")),
        numeric=frozenset(place for place, column in enumerate(columns) if column.attributes.get("Typ") in NUMBERS),
    )
