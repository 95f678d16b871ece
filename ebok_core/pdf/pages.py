"""Pieces onto pages, and what stands on every page: the letterhead, the running head, the foot."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from ebok_core import i18n

from . import look
from .blocks import Document
from .pen import DECORATION, FOOTER, HEADER, Node, Pen
from .pieces import Painter, Piece, baseline, set_text
from .typeface import readable, regular, semibold, wrapped

FIRST_ROOM = look.PAGE_HEIGHT - look.FIRST_TOP - look.BOTTOM
NEXT_ROOM = look.PAGE_HEIGHT - look.NEXT_TOP - look.BOTTOM
# The portal's mark in its own units: the gauge, and three waves.
_GAUGE = "0 0 8 30 re"
_WAVES = " ".join(
    f"13 {y} m 17 {y + 4} 21 {y + 4} 24 {y} c 27 {y - 4} 31 {y - 4} 35 {y} c" for y in (21, 12, 3)
)  # fmt: skip


class Placed(NamedTuple):
    """A piece on its page, `down` points below the top of the frame. `repeated` ones are artifacts."""

    piece: Piece
    down: float


def pages_of(pieces: Iterable[Piece]) -> list[list[Placed]]:
    """Share pieces out to pages. What keeps to the next goes with it; what no page can hold is parted or overflows."""
    queue, pages, down = deque(pieces), [[]], 0.0  # type: ignore[var-annotated]
    while queue:
        piece = queue.popleft()
        room = FIRST_ROOM if len(pages) == 1 else NEXT_ROOM
        gap = piece.gap if pages[-1] else 0.0
        chain = _chain(piece, queue)
        if pages[-1] and down + gap + (chain if chain <= NEXT_ROOM else piece.height) > room:
            pages.append([])
            room, down, gap = NEXT_ROOM, 0.0, 0.0
            if piece.head:
                pages[-1].append(Placed(piece.head, 0.0))
                down = piece.head.height
        if piece.height > room - down - gap and piece.split:
            parts = piece.split(room - down - gap)
            if parts:
                piece = parts[0]
                queue.appendleft(parts[1])
        pages[-1].append(Placed(piece, down + gap))
        down += gap + piece.height
    return pages


def _chain(piece: Piece, rest: Iterable[Piece]) -> float:
    """The height of a piece with all that keeps together behind it."""
    height, last = piece.height, piece
    if not piece.keeps:
        return height
    for following in rest:
        height += following.gap + following.height
        last = following
        if not last.keeps or height > NEXT_ROOM:
            break
    return height


def draw_pages(pen: Pen, document: Document, pages: list[list[Placed]], top: Node) -> None:
    """Draw everything; `top` is the node that the letterhead belongs to."""
    for number, page in enumerate(pages, start=1):
        pen.begin_page()
        if number == 1:
            _letterhead(pen, document, top)
        else:
            _running_head(pen, document)
        frame = look.PAGE_HEIGHT - (look.FIRST_TOP if number == 1 else look.NEXT_TOP)
        for piece, down in page:
            piece.draw(pen, look.MARGIN, frame - down)
        _foot(pen, document, number, len(pages))
        pen.end_page()


def _letterhead(pen: Pen, document: Document, node: Node) -> None:
    """Name and lines of the utility as text of the document, its mark and the gauge as ornament."""
    head, colours = document.letterhead, document.letterhead.look
    top, right = look.PAGE_HEIGHT - 34, look.PAGE_WIDTH - look.MARGIN
    lines = [set_text(line, look.FRAME_WIDTH, look.SMALL[0])[0] for line in head.lines[:3]]
    wides = [sum(part.face.width(part.text, look.SMALL[0]) for part in line) for line in lines]
    room = look.FRAME_WIDTH - 50 - max(wides, default=0.0) - 24
    pen.shape(DECORATION, look.MARGIN, top - 34, 0.95, _GAUGE, colours.brand_deep)
    pen.shape(DECORATION, look.MARGIN, top - 33, 0.95, f"2.6 w {_WAVES}", colours.brand, "S")
    if head.name:
        names = wrapped(readable(head.name), room, semibold(), 12.5)[:2]
        y = top - 17 + (len(names) - 1) * 8
        for name in names:
            pen.text(node, look.MARGIN + 46, baseline(y + 8, 12.5, 16), name, semibold(), 12.5, colours.ink)
            y -= 16
    y = top - 17 + len(lines) * look.SMALL[1] / 2
    contact = Painter(node, *look.SMALL, colours.ink_2, colours.brand_ink)
    for line, wide in zip(lines, wides, strict=True):
        pen.text(node, right - wide, baseline(y, *look.SMALL), " ", regular(), look.SMALL[0], colours.ink_2)
        contact.line(pen, line, right - wide, baseline(y, *look.SMALL))
        y -= look.SMALL[1]
    pen.rule(0, top - 48, look.PAGE_WIDTH, colours.brand_line, 0.7)
    pen.gauge(0, top - 48, look.PAGE_WIDTH, colours.brand_line, across=True)


def _running_head(pen: Pen, document: Document) -> None:
    colours, y = document.letterhead.look, look.PAGE_HEIGHT - 48
    text = readable(document.running or document.title)
    pen.text(HEADER, look.MARGIN, y, text, regular(), look.SMALL[0], colours.ink_2)
    pen.rule(look.MARGIN, y - 8, look.FRAME_WIDTH, colours.brand_line, 0.7)


def _foot(pen: Pen, document: Document, number: int, count: int) -> None:
    colours, right = document.letterhead.look, look.PAGE_WIDTH - look.MARGIN
    pen.rule(look.MARGIN, look.BOTTOM - 16, look.FRAME_WIDTH, colours.line)
    with i18n.use_locale(document.language[:2]):
        page = readable(i18n.gettext("Page %(page)s of %(pages)s", page=number, pages=count))
    wide, y = regular().width(page, look.SMALL[0]), look.BOTTOM - 30
    pen.text(FOOTER, right - wide, y, page, regular(), look.SMALL[0], colours.ink_2)
    for line in wrapped(readable(document.letterhead.foot), look.FRAME_WIDTH - wide - 24, regular(), look.SMALL[0])[:2]:
        pen.text(FOOTER, look.MARGIN, y, line, regular(), look.SMALL[0], colours.ink_2)
        y -= look.SMALL[1]
