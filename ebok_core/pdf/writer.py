"""`render`: a document's blocks to the bytes of a tagged PDF."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator

from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from . import look
from .blocks import Beside, Block, Document, Heading, QrCode, Title, Together
from .layout import pieces_of
from .pages import draw_pages, pages_of
from .pen import Node, Pen
from .pieces import Setting
from .structure import finished
from .typeface import regular, semibold

# ReportLab's fonts keep the place where they read in themselves: no two documents at a time in a process.
_one_at_a_time = threading.Lock()


def render(document: Document) -> bytes:
    """The document as PDF/UA-1. Raises `ValueError` for one that could not be read aloud in order.

    Costs 5 to 20 ms of processor for a page or two: outside any unit of work.
    """
    _check(document)
    with _one_at_a_time:
        return _rendered(document)


def warm_up() -> None:
    """Load and register the fonts, which costs the first document of a process 40 ms otherwise."""
    with _one_at_a_time:
        regular()
        semibold()


def _rendered(document: Document) -> bytes:
    root, drawn = Node("Document"), io.BytesIO()
    name = root.add("P")
    body = pieces_of(document.body, Setting(look.FRAME_WIDTH, root, document.letterhead.look))
    pages = pages_of(body)
    canvas = Canvas(
        drawn,
        pagesize=(look.PAGE_WIDTH, look.PAGE_HEIGHT),
        pageCompression=1,
        invariant=1,
        initialFontName=regular().fontName,
    )
    pen = Pen(canvas)
    draw_pages(pen, document, pages, name)
    if not document.letterhead.name and not document.letterhead.lines:
        root.kids.remove(name)
    with _binary_streams():
        canvas.save()
    return finished(drawn.getvalue(), document, root, pen.marks)


class _binary_streams:  # noqa: N801 - reads as a statement
    """ReportLab writes streams as ASCII unless told otherwise, for all its users in the process."""

    def __enter__(self) -> None:
        self._before, rl_config.useA85 = rl_config.useA85, 0

    def __exit__(self, *_error: object) -> None:
        rl_config.useA85 = self._before


def _check(document: Document) -> None:
    """One title, first; no skipped level; every code with its alternative text."""
    if not document.title.strip():
        raise ValueError("a document needs a title")
    blocks = list(_walk(document.body))
    if not blocks or not isinstance(blocks[0], Title) or sum(isinstance(block, Title) for block in blocks) != 1:
        raise ValueError("a document begins with its one Title")
    level = 1
    for block in blocks:
        if isinstance(block, Heading):
            if block.level > level + 1:
                raise ValueError(f"the heading {block.text!r} skips a level")
            level = block.level
        if isinstance(block, QrCode) and not block.alt.strip():
            raise ValueError("a code needs an alternative text")


def _walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Every block, in reading order."""
    for block in blocks:
        if isinstance(block, Beside):
            for column in block.columns:
                yield from _walk(column)
        elif isinstance(block, Together):
            yield from _walk(block.blocks)
        else:
            yield block
