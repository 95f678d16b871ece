"""Parts that any document may have: who it is between, sections with their tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from ebok_core import pdf

from ..rules.document import Grid, Party, Section
from . import values

# What a page is wide enough for; wider tables are parted, with the first column in each part (billing.md §7.2).
WIDEST = 10


def parties(found: Sequence[Party], level: Literal[2, 3] = 2) -> list[pdf.Block]:
    """Parties two by two beside each other."""
    blocks: list[pdf.Block] = []
    for start in range(0, len(found), 2):
        two = found[start : start + 2]
        columns = tuple(party(one, level) for one in two)
        blocks.append(pdf.Beside(columns if len(two) == 2 else (*columns, ())))
    return blocks


def party(found: Party, level: Literal[2, 3] = 2) -> tuple[pdf.Block, ...]:
    """Somebody on the document: name and address as on an envelope, then what else is known."""
    blocks: list[pdf.Block] = [pdf.Heading(found.role, level)]
    envelope = "\n".join(found.address)
    name = [pdf.Run(found.name, bold=True)] if found.name else []
    if name or envelope:
        blocks.append(pdf.Paragraph((*name, f"\n{envelope}" if name and envelope else envelope)))
    entries = values.pairs((*found.identifiers, *found.contacts, *found.details))
    if found.mailing_address:
        entries.append(("Adres korespondencyjny", "\n".join(found.mailing_address)))
    if entries:
        blocks.append(pdf.Pairs(tuple(entries)))
    return tuple(blocks)


def sections(found: Iterable[Section], level: Literal[2, 3] = 2) -> list[pdf.Block]:
    """Sections under headings of a level, their parts under the next one."""
    blocks: list[pdf.Block] = []
    for section in found:
        if not _is_empty(section):
            blocks += _section(section, level)
    return blocks


def _is_empty(section: Section) -> bool:
    return not (section.entries or section.paragraphs or section.grids or section.sections)


def _section(section: Section, level: Literal[2, 3]) -> list[pdf.Block]:
    blocks: list[pdf.Block] = [pdf.Heading(section.title, level)] if section.title else []
    if section.entries:
        blocks.append(values.facts(values.pairs(section.entries)))
    blocks += [pdf.Paragraph(text) for text in section.paragraphs]
    for grid in section.grids:
        blocks += tables(grid, section.title)
    return blocks + sections(section.sections, 3)


def tables(grid: Grid, title: str = "") -> list[pdf.Block]:
    """A table of the document with what is said about it; one too wide for the page in parts."""
    blocks: list[pdf.Block] = []
    caption = grid.title or title or "Tabela"
    columns = grid.columns or ("Wartość",)
    rest = list(range(1, len(columns)))
    while True:
        part = [0, *rest[: WIDEST - 1]]
        rest = rest[WIDEST - 1 :]
        blocks.append(_table(grid, caption if not blocks else f"{caption} – ciąg dalszy", columns, part))
        if not rest:
            break
    if grid.entries:
        blocks.insert(0, values.facts(values.pairs(grid.entries)))
    return blocks


def _table(grid: Grid, caption: str, names: Sequence[str], part: Sequence[int]) -> pdf.Table:
    columns = tuple(
        pdf.Column(names[place].strip() or f"Kolumna {place + 1}", numeric=place in grid.numeric) for place in part
    )
    rows = tuple(_row(row, grid, part, len(names)) for row in grid.rows)
    totals = (_row(grid.totals, grid, part, len(names)),) if grid.totals else ()
    return pdf.Table(caption, columns, rows, totals)


def _row(row: Sequence[values.Value | None], grid: Grid, part: Sequence[int], count: int) -> tuple[str | None, ...]:
    """The cells of a row in a part of its table. A row of one cell is a caption inside the table."""
    if len(row) == 1 and count > 1:
        return (values.said(row[0], grid.unit),)
    padded = [*row, *[None] * (count - len(row))]
    return tuple(values.said(padded[place], grid.unit) or None for place in part)
