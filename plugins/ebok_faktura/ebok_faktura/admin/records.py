"""One customer in the panel: the consent, the e-invoices, and the record for debt collection as PDF and CSV (L185)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from ebok_core import clock, pdf
from ebok_core.errors import NotFound
from ebok_core.i18n import dotted, instant_iso, iso, lazy_gettext, lazy_pgettext, money, pgettext
from ebok_core.i18n import gettext as _
from ebok_core.web import csv_response, letterhead, list_page, load, snapshot, unit_of_work, viewer
from ebok_core.web.fields import parse_date

from .. import schemas
from ..schemas import RecordSchema
from ..service import consents, records
from ..service.records import Line, Record
from . import notices
from .blueprint import blueprint

_OF_ONE = notices.table(
    "faktura.customer_notices",
    lazy_gettext("Documents of the customer"),
    notices.OF_CUSTOMER,
    tuple(column for column in notices.LIST_COLUMNS if column.name != "customer_code"),
)
PERIOD = ("okres_od", "okres_do")


@blueprint.get("/klient/<code>")
def customer(code: str) -> ResponseReturnValue:
    """The customer's consent with its history, and the documents with what became of them."""
    found = consents.situation_of(snapshot(), code[:20])
    if found is None:
        raise NotFound(_("There is no such page."))
    return list_page(
        _OF_ONE,
        "ebok_faktura/admin/customer.html",
        title=_("E-invoices of customer %(code)s", code=code),
        values={"code": code},
        menu="faktura.notices",
        found=found,
        stands=found.standing,
        channel=schemas.SHORT_CHANNELS.get(found.standing.channel, ""),
        by_office=found.standing.source == "office",
        history=schemas.history_table(found.history),
        period={name: day for name in PERIOD if (day := request.args.get(name, "")) and parse_date(day)},
        pdf_address=url_for(".record_pdf", code=code),
        csv_address=url_for(".record_csv", code=code),
    )


@blueprint.post("/klient/<code>/dowod.pdf")
def record_pdf(code: str) -> ResponseReturnValue:
    """The record as a document; it is made outside the unit of work that notes it."""
    found = _record(code)
    content = pdf.render(document_of(found, letterhead()))
    name = f"dowod-odbioru-{code}-{clock.today().isoformat()}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, mimetype="application/pdf", headers=headers)


@blueprint.post("/klient/<code>/dowod.csv")
def record_csv(code: str) -> ResponseReturnValue:
    """The same rows for a spreadsheet."""
    found = _record(code)
    name = f"dowod-odbioru-{code}-{clock.today().isoformat()}"
    return csv_response(name, [str(label) for label in CSV_HEAD], (_csv_row(found, line) for line in found.lines))


def _record(code: str) -> Record:
    form = load(RecordSchema)
    first, last = (form.data.get(name) for name in PERIOD)
    with unit_of_work() as session:
        return records.make(session, viewer(), code[:20], first, last)


CSV_HEAD = (
    *(lazy_gettext("Customer code"), lazy_gettext("Document no."), lazy_gettext("Type of document")),
    *(lazy_gettext("Issue date"), lazy_gettext("Due date"), lazy_gettext("Amount [zł]"), lazy_gettext("State")),
    *(lazy_gettext("Address"), lazy_gettext("Queued"), lazy_gettext("Sent"), lazy_gettext("Delivered")),
    *(lazy_gettext("Returned"), lazy_pgettext("invoice", "Received"), lazy_gettext("How"), lazy_gettext("Received by")),
    *(lazy_gettext("Receipt confirmed"), lazy_gettext("Confirmed by"), lazy_gettext("Audit no.")),
)


def _csv_row(found: Record, line: Line) -> list[Any]:
    return [
        *(found.customer_code, line.number, schemas.kind_name(line.kind), line.issued_on, line.due_on, line.gross),
        *(state_of(line), line.email or "", *(_at(at) for at in (line.queued_at, line.sent_at, line.delivered_at))),
        *(_at(line.bounced_at), _at(line.received_at), _how(line), line.received_by or ""),
        *(_at(line.confirmed_at), line.confirmed_by or "", "" if line.audit_seq is None else line.audit_seq),
    ]


def state_of(line: Line) -> str:
    """How a document stands in the record, in words."""
    if line.received_at is not None:
        return str(schemas.RECEIVED[0])
    if line.state == "earlier":
        return _("before the installation")
    return str(schemas.NOTICE_STATES[line.state][0])


def _at(at: Any) -> str:
    return instant_iso(at) if at is not None else ""


def _how(line: Line) -> str:
    return str(schemas.STEPS[line.received_how]) if line.received_how else ""


def document_of(found: Record, paper: pdf.Letterhead) -> pdf.Document:
    """The record as a tagged document: one row a document, the seal of the audit trail at its end."""
    title = _("Record of delivery and receipt: customer %(code)s", code=found.customer_code)
    return pdf.Document(
        title=title,
        letterhead=paper,
        body=(
            pdf.Title(title, lead=found.customer_name),
            pdf.Pairs(
                (
                    (_("Documents issued"), _period(found.first, found.last)),
                    (_("Number of documents"), str(len(found.lines))),
                    (pgettext("invoice", "Received"), str(sum(line.received_at is not None for line in found.lines))),
                    (_("Made"), f"{_at(found.made_at)}, {found.made_by}"),
                )
            ),
            pdf.Heading(_("Documents")),
            pdf.Table(_("Documents"), _columns(), tuple(_rows(found.lines)), quiet=True)
            if found.lines
            else pdf.Paragraph(_("No document was issued in this time.")),
            pdf.Heading(_("What counts as receipt")),
            pdf.Paragraph(
                _(
                    "Only what a signed-in customer does counts: opening the document in e-BOK, fetching its file, "
                    "confirming by the button. A notice that a mail server accepted and a link that a program fetched "
                    "are listed as delivery and count for nothing more."
                )
            ),
            pdf.Heading(_("Seal")),
            pdf.Paragraph(
                _(
                    "Steps that count are sealed in the audit trail of e-BOK under the numbers in the last column. "
                    "This record is its event no. %(seq)s with the hash %(hash)s.",
                    seq=found.audit_seq,
                    hash=found.audit_hash,
                )
            ),
        ),
    )


def _columns() -> tuple[pdf.Column, ...]:
    return (
        pdf.Column(_("Document"), head=True),
        pdf.Column(_("Sent")),
        pdf.Column(_("Delivered")),
        pdf.Column(pgettext("invoice", "Received")),
        pdf.Column(_("Confirmed by")),
        pdf.Column(_("Audit no."), numeric=True),
    )


def _rows(lines: Iterable[Line]) -> Iterable[tuple[pdf.Cell | str | None, ...]]:
    for line in lines:
        delivered: pdf.Cell | str = _at(line.delivered_at) or state_of(line)
        if line.bounced_at is not None:
            delivered = pdf.Cell(_("returned"), note=_at(line.bounced_at))
        yield (
            pdf.Cell(line.number, note=f"{dotted(line.issued_on)}, {money(line.gross)}"),
            pdf.Cell(_at(line.sent_at) or "–", note=line.email or ""),
            delivered,
            pdf.Cell(_at(line.received_at) or "–", note=", ".join(filter(None, (_how(line), line.received_by)))),
            pdf.Cell(line.confirmed_by or "–", note=_at(line.confirmed_at)),
            str(line.audit_seq) if line.audit_seq is not None else None,
        )


def _period(first: date | None, last: date | None) -> str:
    if first is None and last is None:
        return _("all since the installation of e-BOK")
    return f"{iso(first) or '…'} – {iso(last) or '…'}"
