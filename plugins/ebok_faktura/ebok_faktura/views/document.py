"""One document: what is left to pay, where the amount comes from, its lines, its links; and the easy version of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.i18n import iso, lazy_gettext
from ebok_core.web import Cell, Column, Link, back_to, render, rows_table, snapshot, viewer

from .. import schemas, service
from ..service import Document
from ..service.selects import DocumentRow
from . import listing, receipts, words
from .blueprint import blueprint

LONGEST_NUMBER = 40


@blueprint.get("/dokument/<path:number>")
def document(number: str) -> ResponseReturnValue:
    """The document with its lines and the explanation of the amount (L110, L111, P36, P37)."""
    found = service.document(snapshot(), viewer(), known(number))
    receipts.note_opened(found.row.number)
    is_unpaid = request.args.get("lista") == "niezaplacone"
    return render(
        "ebok_faktura/document.html",
        title=_("%(kind)s %(number)s", kind=schemas.kind_name(found.row.kind), number=found.row.number),
        menu="faktura.unpaid" if is_unpaid else "faktura.invoices",
        document=found,
        row=found.row,
        back=_back(is_unpaid),
        state=listing.state_word(found.row),
        tables={
            "lines": _lines_table(found),
            "vat": rows_table(_("VAT by rates"), _VAT, found.vat_sums),
            "changes": rows_table(_("Before and after the correction"), _CHANGES, found.changes, wide=True),
            "related": _related(found),
        },
        sums=words.sums_of(found.lines),
        sentences=[(line.line.name, words.sentence_of(line)) for line in found.explained],
        year_parts=[words.part_of(part) for part in found.year.difference.parts] if found.year else [],
    )


@blueprint.get("/prosto/<path:number>")
def easy(number: str) -> ResponseReturnValue:
    """The same document in three numbers and one action, in plain language (N24)."""
    found = service.document(snapshot(), viewer(), known(number))
    address = url_for(".document", number=found.row.number)
    return render(
        "ebok_faktura/easy.html",
        title=_("In short: %(number)s", number=found.row.number),
        crumbs=[(found.row.number, address)],
        menu="faktura.invoices",
        document=found,
        row=found.row,
        address=address,
        kind=schemas.kind_name(found.row.kind),
        water=words.water_of(found),
    )


def known(number: str) -> str:
    """The number as it came, if it can be one; what can't is as missing as somebody else's (S05)."""
    if not number.isprintable() or len(number) > LONGEST_NUMBER:
        raise NotFound(_("There is no such page."))
    return number


def _back(is_unpaid: bool) -> str:
    """The list that the person came from, as it was left (L125)."""
    if is_unpaid:
        return back_to(listing.UNPAID, "customer.faktura.unpaid")
    return back_to(listing.INVOICES, "customer.faktura.index")


def _related(found: Document) -> Markup | None:
    """The documents that this one is linked to, each with the reason; None without any."""
    rows = [_Linked(x.number, x.kind, _("corrects this document"), x.gross) for x in found.corrections]
    if found.corrected:
        origin = found.corrected
        rows.append(_Linked(origin.number, origin.kind, _("corrected by this document"), origin.gross))
    rows += [_Linked(x.number, x.kind, _CHARGED[x.kind], x.amount) for x in found.charges]
    is_note = found.row.kind == "interest_note"
    reason = _("interest was charged on it") if is_note else _("was overdue when the demand was written")
    rows += [_Linked(x.number, x.kind, reason, x.gross) for x in found.origins]
    return rows_table(_("Linked documents"), _LINKED, rows) if rows else None


class _Linked:
    """A linked document and why it is one."""

    def __init__(self, number: str, kind: str, reason: Any, amount: Any) -> None:
        self.number, self.kind, self.reason, self.amount = number, schemas.kind_name(kind), reason, amount


def _lines_table(found: Document) -> Markup:
    """The lines; one without states of its own is for the document's period."""
    period = Column("period", lazy_gettext("Period from–to"), "cell", value=partial(_period, found.row))
    return rows_table(_("Lines"), (_LINES[0], period, *_LINES[1:]), found.lines, wide=True)


def _period(row: DocumentRow, line: Any) -> Cell | None:
    """The days between the two states of a metered line, else those that the document settles."""
    first, last = line.read_from or row.period_from, line.read_to or row.period_to
    if first is None or last is None:
        return None
    return Cell(f"{iso(first)} – {iso(last)}", _("estimate") if line.estimated else "")


def _states(line: Any) -> str | None:
    if not line.is_metered:
        return None
    return f"{words.volume(line.value_from, unit=False)} → {words.volume(line.value_to, unit=False)}"


_CHARGED = {
    "interest_note": lazy_gettext("charges interest on this document"),
    "payment_demand": lazy_gettext("was written while this document was overdue"),
}
_LINES = (
    Column("name", lazy_gettext("Service or charge"), head=True, value=lambda line: line.name),
    Column("states", lazy_gettext("Readings from–to"), "cell", value=_states),
    Column("quantity", lazy_gettext("Quantity"), "cell", value=lambda x: words.amount_of(x.quantity, x.unit)),
    Column("price", lazy_gettext("Net price"), "cell", value=lambda line: words.price(line.price)),
    Column("net", lazy_gettext("Net [zł]"), "money"),
    Column("vat_rate", lazy_gettext("VAT rate")),
    Column("vat", lazy_gettext("VAT [zł]"), "money"),
    Column("gross", lazy_gettext("Gross [zł]"), "money"),
)
_VAT = (
    Column("rate", lazy_gettext("VAT rate"), head=True),
    Column("net", lazy_gettext("Net [zł]"), "money"),
    Column("vat", lazy_gettext("VAT [zł]"), "money"),
    Column("gross", lazy_gettext("Gross [zł]"), "money"),
)
_CHANGES = (
    Column("name", lazy_gettext("Service or charge"), head=True),
    Column("was", lazy_gettext("Before the correction"), value=lambda x: words.amount_of(x.quantity_before, x.unit)),
    Column("is", lazy_gettext("After the correction"), value=lambda x: words.amount_of(x.quantity_after, x.unit)),
    Column("gross_before", lazy_gettext("Before, gross [zł]"), "money"),
    Column("gross_after", lazy_gettext("After, gross [zł]"), "money"),
    Column("gross", lazy_gettext("Difference [zł]"), "money"),
)
_LINKED = (
    Column(
        "number", lazy_gettext("Document no."), head=True, link=Link("customer.faktura.document", {"number": "number"})
    ),
    Column("kind", lazy_gettext("Type of document")),
    Column("reason", lazy_gettext("How it belongs here"), value=lambda row: str(row.reason)),
    Column("amount", lazy_gettext("Amount [zł]"), "money"),
)
