"""Tagged PDF documents (PDF/UA-1), for the core and every module: blocks in, bytes out.

    from ebok_core import pdf

    def receipt(row, letterhead) -> bytes:
        return pdf.render(pdf.Document(
            title=_("Receipt %(number)s – %(utility)s", …),   # the window's title; not the heading
            letterhead=letterhead,                            # ebok_core.web.letterhead() in a view
            body=(
                pdf.Title(_("Receipt %(number)s", …), lead=_("…")),
                pdf.Key(_("Paid"), money(row.amount), note=…, sums=pdf.Sums(_("…"), (("…", "…"),), ("…", "…"))),
                pdf.Heading(_("Documents")),                  # level 2; 3 for its parts
                pdf.Paragraph(("See ", pdf.Run("www.…", link="https://www.…"), ".")),
                pdf.Pairs((("Numer", "…"), ("Data", "…")), columns=2),
                pdf.Table(_("What was paid"), (
                    pdf.Column(_("Document"), head=True),     # its cells head their rows
                    pdf.Column(_("Amount [zł]"), numeric=True),
                ), rows=(("FV/1", "10,97"), …), totals=(("Razem", "10,97"),)),
                pdf.Beside((( … ), ( … )), shares=(0.5, 0.5)),
                pdf.Together(( … )),                          # kept on one page
                pdf.Notice(_("…"), kind="wait"),
                pdf.QrCode("…", alt=_("…")),
            ),
        ))

Texts are translated and formatted by the caller (`ebok_core.i18n`: `money`, `volume`, `dotted` for dates). Every word
is drawn inside the tag tree, every line and tint as an artifact; a document without its one `Title` at the start, with
a skipped heading level or a code without alternative text is a `ValueError`. Signs that the typeface lacks become the
nearest letter or ?. The same document gives the same bytes: no time stands in it unless `created` is given.

Making one costs 5 to 20 ms of processor: do it outside any unit of work. One document is made at a time per process
(a lock), because fonts are shared; `warm_up()` loads them when a worker starts.
"""

from .blocks import (
    Beside,
    Block,
    Bullets,
    Cell,
    Column,
    Document,
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
from .look import Letterhead, Look, Run, Text
from .writer import render, warm_up

__all__ = [
    "Beside",
    "Block",
    "Bullets",
    "Cell",
    "Column",
    "Document",
    "Heading",
    "Key",
    "Letterhead",
    "Look",
    "Notice",
    "Pairs",
    "Paragraph",
    "QrCode",
    "Run",
    "Sums",
    "Table",
    "Text",
    "Title",
    "Together",
    "render",
    "warm_up",
]
