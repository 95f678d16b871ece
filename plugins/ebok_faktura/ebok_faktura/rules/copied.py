"""A document from TYTAN's rows, where there is no FA(3) file: the same model, filled with what the copy knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .document import (
    Account,
    CorrectedInvoice,
    Correction,
    InvoiceDocument,
    Labelled,
    Line,
    MeterReading,
    Party,
    Payment,
    PaymentTerm,
    Source,
    VatRow,
)

TITLES: Mapping[str, str] = {
    "invoice": "Faktura",
    "correction": "Faktura korygująca",
    "advance": "Faktura zaliczkowa",
    "settlement": "Faktura rozliczeniowa",
    "simplified": "Faktura uproszczona",
    "advance_correction": "Faktura korygująca zaliczkową",
    "settlement_correction": "Faktura korygująca rozliczeniową",
    "duplicate": "Duplikat faktury",
    "interest_note": "Nota odsetkowa",
    "debit_note": "Nota obciążeniowa",
    "credit_note": "Nota uznaniowa",
    "payment_demand": "Wezwanie do zapłaty",
    "balance_confirmation": "Potwierdzenie salda",
}
VAT_KINDS = frozenset(TITLES) - {
    *("interest_note", "debit_note", "credit_note", "payment_demand", "balance_confirmation"),
}
TOTAL, TOTAL_OF_CORRECTION = "Kwota należności ogółem", "Korekta kwoty należności ogółem"


@dataclass(frozen=True, kw_only=True)
class CopiedLine:
    """A line of the copy; amounts in złoty, states in m³, `meter_number` where it is metered."""

    name: str
    unit: str
    quantity: Decimal
    unit_price_net: Decimal
    net: Decimal
    vat_rate: str
    vat: Decimal
    gross: Decimal
    meter_number: str | None = None
    value_from: Decimal | None = None
    value_to: Decimal | None = None
    read_from: date | None = None
    read_to: date | None = None
    estimated: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A document of the copy with its lines; amounts in złoty. `customer_code` and `account` are the customer's."""

    number: str
    kind: str
    issued_on: date
    due_on: date
    period_from: date | None
    period_to: date | None
    net: Decimal
    vat: Decimal
    gross: Decimal
    corrected_invoice: str | None
    corrected_on: date | None
    correction_reason: str | None
    seller_name: str
    seller_nip: str
    seller_address: str
    buyer_name: str
    buyer_nip: str | None
    buyer_address: str
    customer_code: str
    contract_number: str | None
    point_code: str | None
    account: str | None
    lines: Sequence[CopiedLine]


def document_of(copied: Copied) -> InvoiceDocument:
    """The document. Lines and totals stand as TYTAN says; VAT by rates only where the lines add up to the document."""
    is_vat = copied.kind in VAT_KINDS
    return InvoiceDocument(
        source=Source.ROWS,
        kind=copied.kind,
        title=TITLES.get(copied.kind, "Dokument"),
        number=copied.number,
        issued_on=copied.issued_on,
        period_from=copied.period_from,
        period_to=copied.period_to,
        due_on=copied.due_on,
        correction=_correction(copied),
        seller=_seller(copied, is_vat),
        buyer=_buyer(copied, is_vat),
        details=_details(copied),
        lines=tuple(_line(number, line, is_vat) for number, line in enumerate(copied.lines, start=1)),
        vat_rows=_vat_rows(copied) if is_vat else (),
        net=copied.net if is_vat else None,
        vat=copied.vat if is_vat else None,
        total_label=TOTAL_OF_CORRECTION if copied.kind.endswith("correction") else TOTAL,
        total=copied.gross,
        payment=Payment(
            terms=(PaymentTerm(due_on=copied.due_on),),
            form="przelew" if copied.account else "",
            accounts=(Account(number=copied.account, role="Rachunek bankowy"),) if copied.account else (),
        ),
    )


def _party(role: str, name: str, nip: str | None, address: str, *details: Labelled) -> Party:
    return Party(
        role=role,
        name=name,
        nip=nip or "",
        identifiers=(Labelled(label="NIP", value=nip),) if nip else (),
        address=tuple(part.strip() for part in re.split(r",\s+|\n", address) if part.strip()),
        details=details,
    )


def _seller(copied: Copied, is_vat: bool) -> Party:
    role = "Sprzedawca" if is_vat else "Wystawca"
    return _party(role, copied.seller_name, copied.seller_nip, copied.seller_address)


def _buyer(copied: Copied, is_vat: bool) -> Party:
    code = Labelled(label="Kod klienta", value=copied.customer_code)
    role = "Nabywca" if is_vat else "Odbiorca dokumentu"
    return _party(role, copied.buyer_name, copied.buyer_nip, copied.buyer_address, code)


def _details(copied: Copied) -> tuple[Labelled, ...]:
    named = (("Umowa", copied.contract_number), ("Punkt usługi", copied.point_code))
    return tuple(Labelled(label=label, value=value) for label, value in named if value)


def _correction(copied: Copied) -> Correction | None:
    if not copied.corrected_invoice:
        return None
    corrected = CorrectedInvoice(number=copied.corrected_invoice, issued_on=copied.corrected_on)
    return Correction(reason=copied.correction_reason or "", invoices=(corrected,))


def _line(number: int, line: CopiedLine, is_vat: bool) -> Line:
    return Line(
        number=number,
        name=line.name,
        reading=_reading(line),
        unit=line.unit,
        quantity=line.quantity,
        unit_price_net=line.unit_price_net,
        net=line.net if is_vat else None,
        vat_rate=line.vat_rate if is_vat else "",
        vat=line.vat if is_vat else None,
        gross=line.gross,
    )


def _reading(line: CopiedLine) -> MeterReading | None:
    if line.meter_number is None:
        return None
    return MeterReading(
        meter_number=line.meter_number,
        read_from=line.read_from,
        read_to=line.read_to,
        value_from=line.value_from,
        value_to=line.value_to,
        consumption_m3=line.quantity,
        estimated=bool(line.estimated),
    )


def _vat_rows(copied: Copied) -> tuple[VatRow, ...]:
    """Sums by rate, in the order of the lines; none where they are not the document's own sums."""
    sums: dict[str, list[Decimal]] = {}
    for line in copied.lines:
        of_rate = sums.setdefault(line.vat_rate, [Decimal(0), Decimal(0), Decimal(0)])
        for place, amount in enumerate((line.net, line.vat, line.gross)):
            of_rate[place] += amount
    whole = tuple(sum((found[place] for found in sums.values()), Decimal(0)) for place in range(3))
    if whole != (copied.net, copied.vat, copied.gross):
        return ()
    return tuple(VatRow(label=rate, net=net, vat=vat, gross=gross) for rate, (net, vat, gross) in sums.items())
