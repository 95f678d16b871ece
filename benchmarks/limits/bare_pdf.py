"""The limit of a document: ReportLab alone puts texts and boxes where they are told to stand. No layout, no tags."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from ebok_core.pdf.typeface import FOLDER

FONTS = ("EbokSans-Regular", "EbokSans-SemiBold")


class Word(NamedTuple):
    """A text and the left end of its baseline, in points."""

    x: float
    y: float
    text: str
    font: str
    size: float


class Page(NamedTuple):
    """What stands on a page: texts, and a path of boxes in the file's own words."""

    words: Sequence[Word]
    path: str


def register() -> None:
    """The same font files under names of their own, so that the two writers share nothing."""
    for name in FONTS:
        pdfmetrics.registerFont(TTFont(f"bare-{name}", str(FOLDER / f"{name}.ttf"), shapable=False))


def write(pages: Sequence[Page]) -> bytes:
    """The pages as a file."""
    target = io.BytesIO()
    before, rl_config.useA85 = rl_config.useA85, 0
    canvas = Canvas(target, pagesize=(595.28, 841.89), pageCompression=1, initialFontName=f"bare-{FONTS[0]}")
    for page in pages:
        canvas._code.append(page.path)
        for word in page.words:
            canvas.setFont(f"bare-{word.font}", word.size)
            canvas.drawString(word.x, word.y, word.text)
        canvas.showPage()
    canvas.save()
    rl_config.useA85 = before
    return target.getvalue()
