"""Tables: the width of columns by what they hold, rows as pieces, the head again on each page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from . import look
from .blocks import Cell, Column, Table
from .pen import HEADER, Node, Owner, Pen
from .pieces import Painter, Piece, Setting, baseline, set_text, text_pieces
from .typeface import Face, readable, regular, semibold, wrapped

# A table of no more rows is not parted by the end of a page.
_SHORT = 6
_BESIDE, _ABOVE = 5.0, 3.5
# What a cell needs beside its text; the hair more is against rounding, which would break a line that just fits.
_EDGES = 2 * _BESIDE + 0.01


def attributes(**values: str | int) -> str:
    """An attribute dictionary of a table's part; a text that is no name is written as a string."""
    parts = (f"/{key}{value if str(value).startswith('/') else _written(value)}" for key, value in values.items())
    return f"<</O/Table{''.join(parts)}>>"


def _written(value: str | int) -> str:
    return f" {value}" if isinstance(value, int) else f"<FEFF{str(value).encode('utf-16-be').hex()}>"


@dataclass(slots=True, frozen=True)
class _Set:
    """A cell that is set: its lines with face, size, line height and colour, its place in the row, its node."""

    lines: list[tuple[str, Face, float, float, str]]
    left: float
    width: float
    numeric: bool
    node: Node | None

    @property
    def height(self) -> float:
        return sum(leading for _text, _face, _size, leading, _colour in self.lines)


def pieces_of(block: Table, setting: Setting) -> list[Piece]:
    """A table's caption, head, rows and totals. Raises `ValueError` for a column without a title."""
    if not block.columns or not all(column.title.strip() for column in block.columns):
        raise ValueError(f"every column of the table {block.caption!r} needs a title")
    node = setting.node.add("Table", attributes(Summary=readable(block.caption)) if block.quiet else "")
    found = [] if block.quiet else _caption(block, setting, node)
    rows = [_cells(row, block.columns) for row in block.rows]
    totals = [_cells(row, block.columns) for row in block.totals]
    size, widths = _widths(block.columns, [*rows, *totals], setting.width)
    make = _Rows(block.columns, widths, size, setting)
    # Where heads would outnumber what they head, those of the columns say enough, and rows are read without theirs.
    make.heads_rows = len(rows) * (len(block.columns) - 2) >= len(block.columns)
    gap = look.TEXT_GAP
    head = make.head(node, gap)
    found.append(head)
    again = make.head(None, 0.0)
    for row in rows:
        found.append(make.row(node.add("TR"), row, again))
        found[-1].keeps = len(row) == 1 < len(block.columns)  # a caption inside the table goes with what follows it
    sums = [make.row(node.add("TR"), row, again, total=True, first=number == 0) for number, row in enumerate(totals)]
    if len(rows) <= _SHORT:
        for piece in found:
            piece.keeps = True
    if rows:
        found[-1].keeps = bool(sums)
    for piece in sums[:-1]:
        piece.keeps = True
    return found + sums


def _caption(block: Table, setting: Setting, table: Node) -> list[Piece]:
    painter = Painter(table.add("Caption"), *look.PART, setting.look.ink, setting.look.brand_ink)
    lines = set_text(block.caption, setting.width, look.PART[0], bold=True)
    return text_pieces(painter, lines, look.PART_GAP, keeps=True)


def _cells(row: Sequence[str | Cell | None], columns: Sequence[Column]) -> list[Cell]:
    """A row's cells with readable texts; the last one spans what the row leaves out."""
    cells = [cell if isinstance(cell, Cell) else Cell(cell or "") for cell in row]
    missing = len(columns) - sum(cell.span for cell in cells)
    if missing < 0 or not cells:
        raise ValueError(f"a row of {len(cells)} cells in a table of {len(columns)} columns")
    spans = [cell.span for cell in cells]
    spans[-1] += missing
    is_caption = len(cells) == 1 and len(columns) > 1
    return [
        Cell(readable(cell.text), readable(cell.note), cell.bold or is_caption, span)
        for cell, span in zip(cells, spans, strict=True)
    ]


def _widths(columns: Sequence[Column], rows: Iterable[list[Cell]], room: float) -> tuple[float, list[float]]:
    """The size of the text and the width of each column, edges included; together they fill the room."""
    natural, least = _measures(columns, rows)
    for size in look.CELL_STEPS:
        wide = [units * size + _EDGES for units in natural]
        narrow = [units * size + _EDGES for units in least]
        fixed = [column.share * room if column.share else None for column in columns]
        wide = [given or width for given, width in zip(fixed, wide, strict=True)]
        narrow = [given or width for given, width in zip(fixed, narrow, strict=True)]
        spare = room - sum(narrow)
        if spare >= 0:
            return size, _shared(columns, wide, narrow, room)
    return look.CELL_STEPS[-1], [width * room / sum(narrow) for width in narrow]


def _measures(columns: Sequence[Column], rows: Iterable[list[Cell]]) -> tuple[list[float], list[float]]:
    """Of each column, at size 1: the width of its longest line, and of what should not be broken in it."""
    face, bold = regular(), semibold()
    titles = [readable(column.title).split(" ") for column in columns]
    natural = [_in_two(title) for title in titles]
    least = [max(bold.width(word, 1) for word in title) for title in titles]
    for row in rows:
        place = 0
        for cell in row:
            if cell.span == 1 and cell.text:
                wide = max(bold.width(part, 1) for part in cell.text.split("\n"))
                note = max((face.width(part, 0.92) for part in cell.note.split("\n")), default=0.0)
                natural[place] = max(natural[place], wide, note)
                words = [wide] if columns[place].numeric else [bold.width(w, 1) for w in cell.text.split()]
                longest = min(max(words, default=0.0), 14.0 if not columns[place].numeric else 40.0)
                least[place] = max(least[place], longest)
            place += cell.span
    return natural, least


def _in_two(words: Sequence[str]) -> float:
    """The width of a title at size 1 when it is set in two lines."""
    face = semibold()
    return min(
        max(face.width(" ".join(words[:cut]), 1), face.width(" ".join(words[cut:]), 1)) for cut in range(len(words))
    )


def _shared(columns: Sequence[Column], wide: list[float], narrow: list[float], room: float) -> list[float]:
    """Widths between the least and the natural ones; of what is left over, columns of text take more."""
    if sum(wide) <= room:
        takers = [width * (0.6 if c.numeric else 1.0) for c, width in zip(columns, wide, strict=True)]
        takers = [0.0 if c.share else taker for c, taker in zip(columns, takers, strict=True)]
        takers = takers if any(takers) else wide
        spare = room - sum(wide)
        return [width + spare * taker / sum(takers) for width, taker in zip(wide, takers, strict=True)]
    wishes = [max(w - n, 0.0) for w, n in zip(wide, narrow, strict=True)]
    spare = room - sum(narrow)
    return [n + spare * wish / (sum(wishes) or 1.0) for n, wish in zip(narrow, wishes, strict=True)]


class _Rows:
    """Makes the rows of one table."""

    def __init__(self, columns: Sequence[Column], widths: list[float], size: float, setting: Setting) -> None:
        self.columns, self.widths, self.size, self.setting = columns, widths, size, setting
        self.leading = size * look.CELL[1] / look.CELL[0]
        self.heads_rows = True
        self.lefts = [sum(widths[:number]) for number in range(len(widths))]

    def head(self, table: Node | None, gap: float) -> Piece:
        """The head; without a node it is the repetition, an artifact."""
        row = table.add("TR") if table else None
        ink, small = self.setting.look.ink, self.size - 0.5
        cells = []
        for number, column in enumerate(self.columns):
            left, width = self._place(number, 1)
            lines = wrapped(readable(column.title), width, semibold(), small)
            node = row.add("TH", attributes(Scope="/Column")) if row else None
            drawn = [(line, semibold(), small, self.leading, ink) for line in lines]
            cells.append(_Set(drawn, left, width, column.numeric, node))
        height = max(cell.height for cell in cells) + 2 * _ABOVE

        def draw(pen: Pen, x: float, top: float) -> None:
            for cell in cells:
                _draw_cell(pen, cell, x, top - height + _ABOVE + cell.height)
            pen.rule(x, top - height, self.setting.width, ink, 0.9)

        return Piece(height, draw, gap=gap, keeps=True)

    def row(self, node: Node, cells: list[Cell], head: Piece, *, total: bool = False, first: bool = False) -> Piece:
        """A row; one higher than a page is parted at its lines."""
        placed, place = [], 0
        for cell in cells:
            placed.append(self._cell(node, cell, place, total=total))
            place += cell.span
        return self._piece(placed, head, heavy=first, total=total)

    def _cell(self, row: Node, cell: Cell, place: int, *, total: bool) -> _Set:
        column, colours = self.columns[place], self.setting.look
        left, width = self._place(place, cell.span)
        face = semibold() if cell.bold or total or column.head else regular()
        texts = wrapped(cell.text, width, face, self.size)
        lines = [(line, face, self.size, self.leading, colours.ink) for line in texts]
        if cell.note:
            small = self.size * 0.92
            noted = wrapped(cell.note, width, regular(), small)
            lines[-1] = (lines[-1][0] + " ", *lines[-1][1:])
            lines += [(line, regular(), small, self.leading * 0.94, colours.ink_2) for line in noted]
        given: dict[str, Any] = {"ColSpan": cell.span} if cell.span > 1 else {}
        if column.head and self.heads_rows and cell.span < len(self.columns):
            given["Scope"] = "/Row"
        node = row.add("TH" if "Scope" in given else "TD", attributes(**given) if given else "")
        return _Set(lines, left, width, column.numeric and cell.span == 1, node)

    def _piece(self, cells: list[_Set], head: Piece, *, heavy: bool, total: bool) -> Piece:
        height = max(cell.height for cell in cells) + 2 * _ABOVE
        colours = self.setting.look

        def draw(pen: Pen, x: float, top: float) -> None:
            if heavy:
                pen.rule(x, top, self.setting.width, colours.ink, 0.9)
            for cell in cells:
                _draw_cell(pen, cell, x, top - _ABOVE)
            if not total:
                pen.rule(x, top - height, self.setting.width, colours.line)

        def split(room: float) -> tuple[Piece, Piece] | None:
            count = int((room - 2 * _ABOVE) / self.leading)
            if count < 1 or count >= max(len(cell.lines) for cell in cells):
                return None
            parts = [[_part(cell, start, end) for cell in cells] for start, end in ((0, count), (count, None))]
            first, rest = (self._piece(part, head, heavy=heavy and not n, total=total) for n, part in enumerate(parts))
            return first, rest

        return Piece(height, draw, head=head, split=split)

    def _place(self, number: int, span: int) -> tuple[float, float]:
        """Where the text of a cell begins and how wide it may be: the outer cells stand at the table's edges."""
        left, right = self.lefts[number], sum(self.widths[: number + span])
        left += _BESIDE if number else 0.0
        right -= _BESIDE if number + span < len(self.columns) else 0.0
        return left, right - left


def _part(cell: _Set, start: int, end: int | None) -> _Set:
    return _Set(cell.lines[start:end], cell.left, cell.width, cell.numeric, cell.node)


def _draw_cell(pen: Pen, cell: _Set, x: float, top: float) -> None:
    owner: Owner = cell.node or HEADER
    for text, face, size, leading, colour in cell.lines:
        left = x + cell.left
        if cell.numeric:
            left += cell.width - face.width(text.rstrip(" "), size)
        pen.text(owner, left, baseline(top, size, leading), text, face, size, colour)
        top -= leading
