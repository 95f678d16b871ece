"""The PDF of a document: from the FA(3) file where TYTAN has one, from the copied rows otherwise, in one layout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import Viewer
from ebok_core.tytan import copy, reads

from ..rules import codes, copied, ksef
from ..rules.document import Check, InvoiceDocument, Ksef, Source
from . import checking, documents, files, reading
from .documents import Document

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

WITHOUT_FILE = (
    "Ten wydruk powstał z danych rozliczeniowych, bo plik faktury nie był jeszcze dostępny. "
    "Kwoty są te same co na fakturze; pełny wydruk można pobrać później."
)
CHECK_PATH = "/faktury/sprawdz"


class PaperRow(NamedTuple):
    """What a print needs of a document beyond its page."""

    customer_code: str
    seller_address: str
    xml_sha256: str | None
    certificate_url: str | None
    ksef_assigned_at: datetime | None


class MeterRow(NamedTuple):
    """A meter's number by its id."""

    id: str
    meter_number: str


_i, _m = copy.invoices.c, copy.meters.c
_PAPER = sa.select(*(_i[name] for name in PaperRow._fields)).where(_i.number == sa.bindparam("number"))
_METERS = sa.select(_m.id, _m.meter_number).where(_m.id.in_(sa.bindparam("ids", expanding=True)))

Draw = Callable[[InvoiceDocument], bytes]


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A PDF that is given out; `source` tells from what it was made."""

    content: bytes
    name: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the copy says of a document for its print, and the hash of its FA(3) file, where one is kept."""

    found: Document
    paper: PaperRow
    meters: dict[str, str]
    fa3: str | None


def printed(runtime: Runtime, viewer: Viewer, number: str, draw: Draw) -> Printed:
    """Make the PDF of a viewer's document and remember its hash. Raises `NotFound`; outside any unit of work.

    `draw` makes the bytes of a document: it waits for the processor, so nothing is open meanwhile.
    """
    with runtime.database.snapshot() as session:
        facts = facts_of(session, viewer, number)
    document = document_of(runtime, facts)
    with runtime.database.unit_of_work() as session:
        code = checking.code_of(session, number)
    address = f"{runtime.settings.public_url.rstrip('/')}{CHECK_PATH}"
    content = draw(replace(document, check=Check(code=checking.grouped(code), address=address)))
    with runtime.database.unit_of_work() as session:
        checking.remember(session, hashlib.sha256(content).hexdigest(), number, document.source.value)
    return Printed(content=content, name=file_name(number, "pdf"), source=document.source)


def facts_of(session: Session, viewer: Viewer, number: str) -> Facts:
    """Everything that is read for a print, in one state of the copy. Raises `NotFound`."""
    found = documents.document(session, viewer, number)
    paper = reads.one(session, viewer, _PAPER, as_=PaperRow, number=number)
    ids = sorted({line.meter_id for line in found.lines if line.meter_id})
    meters = reads.rows(session, viewer, _METERS, as_=MeterRow, ids=ids) if ids else []
    kept = files.known(session, number).kept if found.row.has_xml else {}
    return Facts(found=found, paper=paper, meters={row.id: row.meter_number for row in meters}, fa3=kept.get(files.FA3))


def document_of(runtime: Runtime, facts: Facts) -> InvoiceDocument:
    """The document with what today adds to it: KSeF, what is left to pay, the code of a transfer."""
    document = _from_file(runtime, facts) or _from_rows(facts)
    own = runtime.module_settings["ebok_faktura"].ksef_environment
    return finished(document, facts, environment="test" if runtime.settings.demo else own)


def finished(document: InvoiceDocument, facts: Facts, *, environment: str) -> InvoiceDocument:
    """The document with its codes."""
    row, paper = facts.found.row, facts.paper
    title = f"{row.number} klient {paper.customer_code}"
    if row.ksef_number and row.buyer_nip:
        title = f"{title} KSeF {row.ksef_number}"  # billing.md §6: from 2027 firms must name it
    transfer = codes.transfer_code(
        nip=row.seller_nip,
        account=facts.found.account or "",
        amount=row.to_pay,
        name=row.seller_name,
        title=codes.transfer_title(row.number, paper.customer_code),
        currency=document.currency,
    )
    return replace(
        document,
        ksef=ksef_of(document, facts, environment),
        left_to_pay=row.to_pay,
        payment=replace(document.payment, title=title if row.to_pay > 0 else ""),
        transfer=transfer,
    )


def ksef_of(document: InvoiceDocument, facts: Facts, environment: str) -> Ksef:
    """The document's place in KSeF, by what TYTAN says of it."""
    row, paper = facts.found.row, facts.paper
    return ksef.block(
        number=row.ksef_number or "",
        mode=row.ksef_mode or "",
        assigned_at=paper.ksef_assigned_at,
        environment=environment,
        seller_nip=document.seller.nip or row.seller_nip,
        issued_on=document.issued_on,
        sha256=paper.xml_sha256 or "",
        certificate=paper.certificate_url or "",
    )


def file_name(number: str, ending: str) -> str:
    """A file's name with the document's number in letters that every system takes (billing.md §1.4)."""
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '_', number).strip('._') or 'dokument'}.{ending}"


def _from_file(runtime: Runtime, facts: Facts) -> InvoiceDocument | None:
    """The document of the FA(3) file, or None where there is none that can be read: then the office is told."""
    if facts.fa3 is None:
        return None
    number = facts.found.row.number
    content = files.content(runtime, number, files.FA3, facts.fa3)
    if content is None:
        return None
    try:
        document = reading.read_document(content)
    except reading.Unreadable as error:
        log.error("faktura.file_unreadable", alarm=True, document=number, code=error.code)
        return None
    if document.number != number:
        log.error("faktura.file_of_another", alarm=True, document=number)
        return None
    return document


def _from_rows(facts: Facts) -> InvoiceDocument:
    found, paper = facts.found, facts.paper
    row = found.row
    names = ("number", "kind", "issued_on", "due_on", "period_from", "period_to", "net", "vat", "gross")
    parties = ("seller_name", "seller_nip", "buyer_name", "buyer_nip", "buyer_address")
    more = ("corrected_invoice", "correction_reason", "contract_number", "point_code")
    document = copied.document_of(
        copied.Copied(
            **{name: getattr(row, name) for name in (*names, *parties, *more)},
            seller_address=paper.seller_address,
            corrected_on=found.corrected.issued_on if found.corrected else None,
            customer_code=paper.customer_code,
            account=found.account,
            lines=[_line(line, facts.meters) for line in found.lines],
        )
    )
    return replace(document, remarks=(WITHOUT_FILE,)) if row.has_xml else document


def _line(line: documents.rules.BillLine, meters: dict[str, str]) -> copied.CopiedLine:
    return copied.CopiedLine(
        name=line.name,
        unit=line.unit,
        quantity=line.quantity,
        unit_price_net=line.price,
        net=line.net,
        vat_rate=line.vat_rate,
        vat=line.vat,
        gross=line.gross,
        meter_number=meters.get(line.meter_id, line.meter_id) if line.meter_id else None,
        value_from=line.value_from,
        value_to=line.value_to,
        read_from=line.read_from,
        read_to=line.read_to,
        estimated=line.estimated,
    )
