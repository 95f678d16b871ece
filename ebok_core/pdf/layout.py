"""How each block is set: the pieces it becomes and its nodes in the structure tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import codes, look, tables
from .blocks import (
    Beside,
    Block,
    Bullets,
    Heading,
    Key,
    Notice,
    Pairs,
    Paragraph,
    QrCode,
    Sums,
    Table,
    Title,
    Together,
)
from .pen import Node, Pen
from .pieces import Painter, Piece, Setting, baseline, plain, set_text, text_pieces
from .typeface import readable, regular, semibold

_LINE, _PAD = 0.5, 14.0
# Who a notice speaks like: its bar, its ground, its heading.
_KINDS = {
    "info": ("brand", "brand_soft", "brand_ink"),
    "wait": ("brass_line", "brass_soft", "brass"),
    "ok": ("ok_line", "ok_soft", "ok"),
    "bad": ("bad_line", "bad_soft", "bad"),
}


def pieces_of(blocks: Iterable[Block], setting: Setting) -> list[Piece]:
    """The pieces of blocks below each other."""
    found: list[Piece] = []
    for block in blocks:
        found += _SET[type(block)](block, setting)
    return found


def height_of(pieces: Iterable[Piece]) -> float:
    """How high pieces are below each other, without the gap above the first."""
    pieces = list(pieces)
    return sum(piece.height + piece.gap for piece in pieces) - (pieces[0].gap if pieces else 0.0)


def draw_all(pen: Pen, pieces: Iterable[Piece], x: float, top: float) -> None:
    """Draw pieces below each other."""
    for number, piece in enumerate(pieces):
        top -= piece.gap if number else 0.0
        piece.draw(pen, x, top)
        top -= piece.height


def _painter(setting: Setting, node: Node, size: tuple[float, float], colour: str) -> Painter:
    return Painter(node, *size, colour, setting.look.brand_ink)


def _title(block: Title, setting: Setting) -> list[Piece]:
    width, badge = setting.width, readable(block.badge)
    if badge:
        width -= semibold().width(badge, look.SMALL[0]) + 40
    heading = setting.node.add("H1")
    painter = _painter(setting, heading, look.TITLE, setting.look.ink)
    lines = set_text(block.text, width, look.TITLE[0], bold=True)
    badge_node = setting.node.add("P") if badge else None

    def draw(pen: Pen, x: float, top: float) -> None:
        painter.lines(pen, lines, x, top)
        if badge_node:
            _draw_badge(pen, badge_node, badge, x + setting.width, top, setting)

    found = [Piece(len(lines) * painter.leading, draw, gap=look.TEXT_GAP, keeps=True)]
    if block.lead:
        lead = _painter(setting, setting.node.add("P"), look.LEAD, setting.look.ink_2)
        found += text_pieces(lead, set_text(block.lead, setting.width, look.LEAD[0]), 4, keeps=True)
    return found


def _draw_badge(pen: Pen, node: Node, text: str, right: float, top: float, setting: Setting) -> None:
    wide = semibold().width(text, look.SMALL[0])
    pen.box(right - wide - 20, top - 23, wide + 20, 20, setting.look.brass_soft, 5)
    y = baseline(top - 3, look.SMALL[0], 20)
    pen.text(node, right - wide - 10, y, text, semibold(), look.SMALL[0], setting.look.brass)


def _heading(block: Heading, setting: Setting) -> list[Piece]:
    size, gap = (look.SECTION, look.SECTION_GAP) if block.level == 2 else (look.PART, look.PART_GAP)
    painter = _painter(setting, setting.node.add(f"H{block.level}"), size, setting.look.ink)
    return text_pieces(painter, set_text(block.text, setting.width, size[0], bold=True), gap, keeps=True)


def _paragraph(block: Paragraph, setting: Setting) -> list[Piece]:
    size, colour = (look.SMALL, setting.look.ink_2) if block.small else (look.BODY, setting.look.ink)
    lines = set_text(block.text, setting.width, size[0])
    return text_pieces(_painter(setting, setting.node.add("P"), size, colour), lines, look.TEXT_GAP)


def _bullets(block: Bullets, setting: Setting) -> list[Piece]:
    node, found, size = setting.node.add("L", "<</O/List/ListNumbering/Disc>>"), [], look.BODY
    for item in block.items:
        entry = node.add("LI")
        label, body = entry.add("Lbl"), _painter(setting, entry.add("LBody"), size, setting.look.ink)
        lines = set_text(item, setting.width - 14, size[0])

        def draw(pen: Pen, x: float, top: float, label: Node = label, body: Painter = body, lines: Any = lines) -> None:
            pen.text(label, x + 2, baseline(top, *size), "•", semibold(), size[0], setting.look.brand)
            body.lines(pen, lines, x + 14, top)

        found.append(Piece(len(lines) * size[1], draw, gap=4 if found else look.TEXT_GAP))
    return found


def _pairs(block: Pairs, setting: Setting) -> list[Piece]:
    node, found = setting.node.add("L", "<</O/List/ListNumbering/None>>"), []
    width = (setting.width - 24 * (block.columns - 1)) / block.columns
    share = block.label_share or (0.36 if block.columns == 1 else 0.44)
    for start in range(0, len(block.items), block.columns):
        row = [
            _pair(label, value, share, width, setting, node.add("LI"))
            for label, value in block.items[start : start + block.columns]
        ]
        height = max(piece.height for piece in row)

        def draw(pen: Pen, x: float, top: float, row: list[Piece] = row, height: float = height) -> None:
            for number, piece in enumerate(row):
                left = x + number * (width + 24)
                piece.draw(pen, left, top)
                pen.rule(left, top - height, width, setting.look.line, _LINE)

        found.append(Piece(height, draw, gap=0.0 if found else look.TEXT_GAP))
    if len(found) > 1:
        found[0].keeps = found[-2].keeps = True
    return found


def _pair(label: str, value: Any, share: float, width: float, setting: Setting, node: Node) -> Piece:
    size, left = look.BODY, share * width
    name = _painter(setting, node.add("Lbl"), size, setting.look.ink_2)
    said = _painter(setting, node.add("LBody"), size, setting.look.ink)
    labels = set_text(label, left - 8, size[0])
    values = set_text(value if plain(value) else "–", width - left, size[0], bold=False)

    def draw(pen: Pen, x: float, top: float) -> None:
        name.lines(pen, labels, x, top - 2.75)
        said.lines(pen, values, x + left, top - 2.75)

    return Piece(max(len(labels), len(values)) * size[1] + 5.5, draw)


def _sums(block: Sums, setting: Setting) -> list[Piece]:
    return [sum_column(block, setting, look.BLOCK_GAP)]


def sum_column(block: Sums, setting: Setting, gap: float = 0.0) -> Piece:
    """A sum column as one piece: hairlines between the parts, a double line under the total."""
    node = setting.node.add("Table", tables.attributes(Summary=block.name))
    size, width, colours = look.BODY, setting.width, setting.look
    rows = [_sum_row(node, *part, setting) for part in block.parts] + [_sum_row(node, *block.total, setting, bold=True)]
    heights = [len(lines) * size[1] + 8 for _p, lines, *_rest in rows]

    def draw(pen: Pen, x: float, top: float) -> None:
        for number, ((painter, lines, cell, value, face), height) in enumerate(zip(rows, heights, strict=True)):
            painter.lines(pen, lines, x, top - 4)
            right = x + width - face.width(value, size[0])
            pen.text(cell, right, baseline(top - 4, *size), value, face, size[0], colours.ink)
            top -= height
            if number < len(rows) - 2:
                pen.rule(x, top, width, colours.line, _LINE)
            elif number == len(rows) - 2:
                pen.rule(x, top, width, colours.ink, 0.9)
        pen.lines([(x, top, x + width, top), (x, top - 2.4, x + width, top - 2.4)], colours.ink, 0.9)

    return Piece(sum(heights) + 3, draw, gap=gap)


def _sum_row(table: Node, label: str, value: str, setting: Setting, *, bold: bool = False) -> tuple[Any, ...]:
    row, value = table.add("TR"), readable(value)
    painter = _painter(setting, row.add("TH", tables.attributes(Scope="/Row")), look.BODY, setting.look.ink)
    wide = semibold().width(value, look.BODY[0])
    lines = set_text(label, setting.width - wide - 16, look.BODY[0], bold=bold)
    return painter, lines, row.add("TD"), value, semibold() if bold else regular()


def _key(block: Key, setting: Setting) -> list[Piece]:
    colours = setting.look
    wide = setting.width if block.sums is None else setting.width * 0.44
    inner = wide - 2 * _PAD - 10
    said, notes = setting.node.add("P"), set_text(block.note, inner, look.BODY[0]) if block.note else []
    note = _painter(setting, setting.node.add("P"), look.BODY, colours.white) if notes else None
    label, value = readable(block.label), readable(block.value)
    sums = None
    if block.sums:
        sums = sum_column(block.sums, Setting(setting.width - wide - 24, setting.node, colours))
    white = colours.white
    texts = look.KEY_LABEL[1] + look.KEY_VALUE[1] + (len(notes) * look.BODY[1] + 4 if notes else 0)
    height = max(texts + 2 * _PAD, sums.height + 8 if sums else 0)

    def draw(pen: Pen, x: float, top: float) -> None:
        pen.box(x, top - height, wide, height, colours.brand_deep, 8)
        pen.gauge(x + wide - 10, top - 8, height - 16, colours.brand_line)
        y = top - (height - texts) / 2
        pen.text(said, x + _PAD, baseline(y, *look.KEY_LABEL), f"{label} ", semibold(), look.KEY_LABEL[0], white)
        y -= look.KEY_LABEL[1]
        pen.text(said, x + _PAD, baseline(y, *look.KEY_VALUE), value, semibold(), look.KEY_VALUE[0], white)
        if note:
            note.lines(pen, notes, x + _PAD, y - look.KEY_VALUE[1] - 4)
        if sums:
            sums.draw(pen, x + wide + 24, top - (height - sums.height) / 2)

    return [Piece(height, draw, gap=16)]


def _notice(block: Notice, setting: Setting) -> list[Piece]:
    bar, ground, ink = (getattr(setting.look, name) for name in _KINDS[block.kind])
    size, inner = look.BODY, setting.width - 2 * _PAD - 4
    parts = []
    if block.title:
        title = _painter(setting, setting.node.add("P"), size, ink)
        parts.append((title, set_text(block.title, inner, size[0], bold=True)))
    text = _painter(setting, setting.node.add("P"), size, setting.look.ink)
    parts.append((text, set_text(block.text, inner, size[0])))
    height = sum(len(lines) for _painter_of, lines in parts) * size[1] + 18

    def draw(pen: Pen, x: float, top: float) -> None:
        pen.box(x, top - height, setting.width, height, ground, 4)
        pen.box(x, top - height, 4, height, bar)
        y = top - 9
        for painter, lines in parts:
            painter.lines(pen, lines, x + _PAD + 4, y)
            y -= len(lines) * size[1]

    return [Piece(height, draw, gap=look.BLOCK_GAP)]


def _code(block: QrCode, setting: Setting) -> list[Piece]:
    path, modules = codes.path_of(block.text, block.error)
    node = setting.node.add("Figure", alt=block.alt)
    scale = block.size / modules

    def draw(pen: Pen, x: float, top: float) -> None:
        left = x - codes.QUIET * scale  # the quiet zone lies in the white margin: the dark modules stand at the edge
        node.attributes = (
            f"<</O/Layout/Placement/Block/BBox[{left:.2f} {top - block.size:.2f} {left + block.size:.2f} {top:.2f}]>>"
        )
        pen.shape(node, left, top - block.size, scale, path, "#000000")

    return [Piece(block.size, draw, gap=look.BLOCK_GAP)]


def _beside(block: Beside, setting: Setting) -> list[Piece]:
    count = len(block.columns)
    shares = block.shares or (1 / count,) * count
    room = setting.width - block.gap * (count - 1)
    node, columns, left = Node("NonStruct"), [], 0.0
    for blocks, share in zip(block.columns, shares, strict=True):
        width = room * share
        columns.append((left, pieces_of(blocks, Setting(width, node, setting.look))))
        left += width + block.gap
    height = max(height_of(pieces) for _left, pieces in columns)
    if height > look.PAGE_HEIGHT - look.NEXT_TOP - look.BOTTOM:
        return pieces_of([inner for blocks in block.columns for inner in blocks], setting)
    setting.node.kids += node.kids

    def draw(pen: Pen, x: float, top: float) -> None:
        for left, pieces in columns:
            draw_all(pen, pieces, x + left, top)

    return [Piece(height, draw, gap=max(pieces[0].gap for _left, pieces in columns if pieces))]


def _together(block: Together, setting: Setting) -> list[Piece]:
    found = pieces_of(block.blocks, setting)
    for piece in found[:-1]:
        piece.keeps = True
    return found


_SET: dict[type, Callable[[Any, Setting], list[Piece]]] = {
    Title: _title,
    Heading: _heading,
    Paragraph: _paragraph,
    Bullets: _bullets,
    Pairs: _pairs,
    Table: tables.pieces_of,
    Sums: _sums,
    Key: _key,
    Notice: _notice,
    QrCode: _code,
    Beside: _beside,
    Together: _together,
}
