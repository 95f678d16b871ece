"""What is to be paid and how: the key amount, the settlement, the transfer's data with its code."""

from __future__ import annotations

from decimal import Decimal

from ebok_core import pdf
from ebok_core.i18n import dotted

from ..rules.document import Account, Code, InvoiceDocument, Labelled, Payment
from . import values

TRANSFER_SIZE = 112
"""Points; 1.8 cm is the least that the recommendation asks (billing.md §11.6)."""


def key(document: InvoiceDocument) -> list[pdf.Block]:
    """The document's answer: how much and until when, with its sum where that adds up to the grosz."""
    label, value = _answer(document)
    if value is None:
        return []
    note = f"Termin płatności: {dotted(document.due_on)}" if document.due_on and value > 0 else ""
    return [pdf.Key(label, values.amount(value, document.currency), note=note, sums=_sums(document, label, value))]


def _answer(document: InvoiceDocument) -> tuple[str, Decimal | None]:
    settlement = document.settlement
    if settlement and settlement.to_pay is not None:
        return "Do zapłaty", settlement.to_pay
    if settlement and settlement.to_settle is not None:
        return "Do rozliczenia", settlement.to_settle
    return document.total_label or "Razem", document.total


def _sums(document: InvoiceDocument, label: str, value: Decimal) -> pdf.Sums | None:
    """Net, VAT, what is added and taken off, the answer; none where the parts do not make it."""
    if document.net is None or document.vat is None:
        return None
    parts = [("Netto", document.net), ("VAT", document.vat)]
    if document.settlement:
        parts += _amounts(document.settlement.charges, 1) + _amounts(document.settlement.deductions, -1)
    sign = -1 if label == "Do rozliczenia" else 1
    if sum(part for _name, part in parts) != sign * value:
        return None
    written = tuple((name, values.amount(part, document.currency)) for name, part in parts)
    return pdf.Sums(label, written, (label, values.amount(value, document.currency)))


def _amounts(entries: tuple[Labelled, ...], sign: int) -> list[tuple[str, Decimal]]:
    return [(entry.label, sign * entry.value) for entry in entries if isinstance(entry.value, Decimal)]


def settlement(document: InvoiceDocument) -> list[pdf.Block]:
    """*Rozliczenie* as the document says it, whether it adds up or not."""
    found = document.settlement
    if not found:
        return []
    currency = document.currency
    rows = [(document.total_label or "Razem", values.amount(document.total, currency))] if document.total else []
    rows += [(label, str(text)) for label, text in values.pairs(found.charges)]
    rows += [("Suma obciążeń", values.amount(found.charges_total, currency))] if found.charges_total is not None else []
    rows += [(label, str(text)) for label, text in values.pairs(_negative(found.deductions))]
    if found.deductions_total is not None:
        rows.append(("Suma odliczeń", values.amount(-found.deductions_total, currency)))
    totals = [
        (label, values.amount(value, currency))
        for label, value in (("Do zapłaty", found.to_pay), ("Do rozliczenia", found.to_settle))
        if value is not None
    ]
    if not rows and not totals:
        return []
    columns = (pdf.Column("Za co", head=True), pdf.Column("Kwota", numeric=True))
    return [pdf.Heading("Rozliczenie"), pdf.Table("Rozliczenie", columns, tuple(rows), tuple(totals), quiet=True)]


def _negative(entries: tuple[Labelled, ...]) -> list[Labelled]:
    return [
        Labelled(label=e.label, value=-e.value if isinstance(e.value, Decimal) else e.value, unit=e.unit, code=e.code)
        for e in entries
    ]


def payment(document: InvoiceDocument) -> list[pdf.Block]:
    """How the document is paid: terms and forms, payments made, accounts, the transfer."""
    found = document.payment
    blocks: list[pdf.Block] = []
    if entries := _terms(found):
        blocks.append(values.facts(entries))
    if found.parts:
        columns = (pdf.Column("Zapłacono", head=True), pdf.Column("Forma"), pdf.Column("Kwota", numeric=True))
        rows = tuple(
            (values.said(part.paid_on) or "–", part.form or "–", values.amount(part.amount, document.currency))
            for part in found.parts
        )
        blocks.append(pdf.Table("Wpłaty", columns, rows))
    for account in found.accounts:
        blocks += _account(account)
    blocks += _transfer(document)
    return [pdf.Heading("Płatność"), *blocks] if blocks else []


def _terms(found: Payment) -> list[values.Pair]:
    entries: list[values.Pair] = []
    if found.state:
        entries.append(("Stan płatności", found.state))
    if found.paid_on:
        entries.append(("Data zapłaty", dotted(found.paid_on)))
    if found.form:
        entries.append(("Forma płatności", found.form))
    for term in found.terms:
        text = " – ".join(part for part in (values.said(term.due_on), term.words) if part)
        entries.append(("Termin płatności", text))
    if found.title:
        entries.append(("Tytuł przelewu", found.title))
    if found.link:
        entries.append(("Zapłata w internecie", values.link(found.link)))
    return entries + values.pairs(found.details)


def _account(found: Account) -> list[pdf.Block]:
    entries: list[values.Pair] = [("Numer rachunku", pdf.Run(values.account(found.number), bold=True))]
    for label, text in (("Bank", found.bank), ("SWIFT", found.swift), ("Opis", found.description)):
        if text:
            entries.append((label, text))
    return [pdf.Heading(found.role or "Rachunek bankowy", 3), pdf.Pairs((*entries, *values.pairs(found.details)))]


def _transfer(document: InvoiceDocument) -> list[pdf.Block]:
    """What is left today, and the code that a bank's application reads; without one the data above are to be copied."""
    left = document.left_to_pay
    blocks: list[pdf.Block] = []
    if left is not None:
        label = "Zostało do zapłaty" if left >= 0 else "Nadpłata"
        blocks.append(pdf.Pairs(((label, pdf.Run(values.amount(abs(left), document.currency), bold=True)),)))
    if document.transfer:
        alt = "Kod QR do aplikacji bankowej. Odbiorca, rachunek, kwota i tytuł stoją w tej części jako tekst."
        blocks.append(beside(document.transfer, alt, TRANSFER_SIZE, _written(document.transfer)))
    return blocks


def _written(code: Code) -> list[pdf.Block]:
    """The fields of the transfer's code as text."""
    _nip, _country, account, grosze, name, title, *_reserved = code.payload.split("|")
    return [
        pdf.Pairs(
            (
                ("Odbiorca", name),
                ("Rachunek", values.account(account)),
                ("Kwota", values.amount(Decimal(grosze) / 100)),
                ("Tytuł", title),
            )
        )
    ]


def beside(code: Code, alt: str, size: int, more: list[pdf.Block]) -> pdf.Block:
    """A code with its caption and sentence beside it."""
    words = (pdf.Paragraph(pdf.Run(code.caption, bold=True)), pdf.Paragraph(code.sentence), *more)
    share = (size + 6) / 470
    return pdf.Beside(((pdf.QrCode(code.payload, alt, size, code.error),), words), shares=(share, 1 - share))
