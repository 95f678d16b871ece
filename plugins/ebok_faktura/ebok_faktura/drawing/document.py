"""The order of an invoice's parts on paper (billing.md §7.2)."""

from __future__ import annotations

from dataclasses import replace

from ebok_core import i18n, pdf

from ..rules.document import Check, Code, Correction, InvoiceDocument
from . import lines, paying, sections, values

VERIFICATION_SIZE, CERTIFICATE_SIZE = 120, 170


def draw(document: InvoiceDocument, letterhead: pdf.Letterhead) -> bytes:
    """The document as PDF/UA. Polish whatever the reader's language is: a tax document has one.

    The same document and letterhead give the same bytes. Costs about 15 ms: outside any unit of work.
    """
    with i18n.use_locale("pl"):
        return pdf.render(laid_out(document, letterhead))


def laid_out(document: InvoiceDocument, letterhead: pdf.Letterhead) -> pdf.Document:
    """The document's parts as blocks."""
    heading = _heading(document)
    name = letterhead.name or document.seller.name
    return pdf.Document(
        title=f"{heading} – {name}",
        letterhead=replace(letterhead, name=name),
        running=f"{heading} · {document.seller.name}",
        body=(
            pdf.Title(heading, lead=_lead(document), badge=document.ksef.environment),
            *paying.key(document),
            *_correction(document.correction),
            *sections.parties((document.seller, document.buyer)),
            *sections.parties(document.third_parties),
            *(sections.parties((document.authorized,)) if document.authorized else ()),
            *_details(document),
            *lines.lines(document),
            *lines.vat_table(document),
            *_annotations(document),
            *sections.sections(document.additional),
            *paying.settlement(document),
            *paying.payment(document),
            *sections.sections(document.sections),
            *_footers(document),
            *sections.sections(document.registers),
            *sections.sections(document.attachment),
            *_codes(document),
            *_check(document.check),
            *_made_by(document),
            *_remarks(document),
        ),
    )


def _heading(document: InvoiceDocument) -> str:
    title = "Faktura" if document.kind == "invoice" else document.title
    return f"{title} {document.number}".strip()


def _lead(document: InvoiceDocument) -> str:
    """The kind, and what is billed."""
    parts = [document.title] if document.kind == "invoice" else []
    if period := values.span(document.period_from, document.period_to):
        parts.append(f"za okres {period}")
    return " ".join(parts)


def _details(document: InvoiceDocument) -> list[pdf.Block]:
    ksef = document.ksef
    entries: list[values.Pair] = [
        (label, values.said(value))
        for label, value in (
            ("Data wystawienia", document.issued_on),
            ("Miejsce wystawienia", document.issued_at_place),
            ("Data dostawy lub usługi", document.sold_on),
            ("Okres rozliczenia", values.span(document.period_from, document.period_to)),
            ("Termin płatności", document.due_on),
            ("Numer KSeF", ksef.number),
            ("Numer KSeF nadano", ksef.assigned_at),
            ("Stan w KSeF", ksef.status),
            ("Tryb KSeF", ksef.mode),
        )
        if value
    ]
    entries += values.pairs(document.details)
    return [pdf.Heading("Dane dokumentu"), values.facts(entries)]


def _correction(found: Correction | None) -> list[pdf.Block]:
    """What is corrected and why, then the parties as they stood before."""
    if found is None:
        return []
    entries: list[values.Pair] = [
        (label, text)
        for label, text in (
            ("Przyczyna korekty", found.reason),
            ("Skutek korekty", found.effect),
            ("Okres korekty", found.period),
            ("Właściwy numer faktury", found.right_number),
        )
        if text
    ]
    entries += values.pairs(found.details)
    blocks: list[pdf.Block] = [pdf.Heading("Czego dotyczy korekta")]
    if entries:
        blocks.append(values.facts(entries))
    if found.invoices:
        names = ("Faktura korygowana", "Data wystawienia", "Numer KSeF")
        columns = tuple(pdf.Column(name, head=name == names[0]) for name in names)
        rows = tuple(
            (i.number, values.said(i.issued_on) or "–", i.ksef_number or ("poza KSeF" if i.outside_ksef else "–"))
            for i in found.invoices
        )
        blocks.append(pdf.Table("Faktury korygowane", columns, rows, quiet=True))
    before = (*((found.seller_before,) if found.seller_before else ()), *found.buyers_before)
    named = [p if "przed" in p.role else replace(p, role=f"{p.role} przed korektą") for p in before]
    return blocks + sections.parties(named, 3)


def _annotations(document: InvoiceDocument) -> list[pdf.Block]:
    return [pdf.Heading("Adnotacje"), pdf.Bullets(document.annotations)] if document.annotations else []


def _footers(document: InvoiceDocument) -> list[pdf.Block]:
    found = [pdf.Paragraph(text, small=True) for text in document.footers]
    return [pdf.Heading("Informacje"), *found] if found else []


def _remarks(document: InvoiceDocument) -> list[pdf.Block]:
    return [pdf.Notice("\n".join(document.remarks), title="Uwagi do wydruku")] if document.remarks else []


def _made_by(document: InvoiceDocument) -> list[pdf.Block]:
    said = " · ".join(f"{label}: {text}" for label, text in values.pairs(document.made_by))
    return [pdf.Paragraph(said, small=True)] if said else []


def _codes(document: InvoiceDocument) -> list[pdf.Block]:
    """KOD I and KOD II, apart from the bank's code and never parted over two pages."""
    ksef = document.ksef
    blocks: list[pdf.Block] = []
    if ksef.verification:
        alt = "Kod QR z linkiem do sprawdzenia faktury w KSeF. Ten sam link stoi obok jako tekst."
        more = [_link(ksef.verification), pdf.Paragraph(_asked(document), small=True)]
        blocks.append(paying.beside(ksef.verification, alt, VERIFICATION_SIZE, more))
    if ksef.certificate:
        alt = "Kod QR z linkiem do sprawdzenia wystawcy faktury. Ten sam link stoi obok jako tekst."
        blocks.append(paying.beside(ksef.certificate, alt, CERTIFICATE_SIZE, [_link(ksef.certificate)]))
    if not blocks:
        return []
    return [pdf.Together((pdf.Heading("Sprawdź fakturę w Krajowym Systemie e-Faktur"), blocks[0])), *blocks[1:]]


def _link(code: Code) -> pdf.Block:
    return pdf.Paragraph(values.link(code.payload), small=True)


def _asked(document: InvoiceDocument) -> str:
    """The three things that the page behind the code asks for (billing.md §5.5)."""
    buyer = f"NIP nabywcy {document.buyer.nip}" if document.buyer.nip else "identyfikator nabywcy: brak"
    total = values.amount(document.total, document.currency)
    return f"Strona KSeF zapyta o numer faktury {document.number}, {buyer} i kwotę {total}."


def _check(found: Check | None) -> list[pdf.Block]:
    if found is None:
        return []
    text = ("Kod dokumentu: ", pdf.Run(found.code, bold=True), ". Sprawdzisz go tu: ", values.link(found.address))
    return [pdf.Notice(text, title="Sprawdź, czy ten dokument jest od nas")]
