"""An invoice as a document: one frozen model, filled from FA(3) XML or from copied rows, drawn to PDF and to pages.

Words in it (titles, labels, meanings of codes) are Polish, as the form of the Ministry says them: a tax document has
one language. Amounts and prices are `Decimal` in its currency, quantities `Decimal`, days `date`, instants aware
`datetime`. What has no place of its own stands in a `Section`, so that nothing an accepted XML says is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

Value = str | Decimal | date | datetime


class Source(Enum):
    """Where a document comes from."""

    XML = "xml"
    ROWS = "rows"


class LineState(Enum):
    """On a correction: the line as it was before, as it is after, or (no mark) a difference or a plain line."""

    PLAIN = ""
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A value with its label. `unit` of a `Decimal`: a currency code (money, two places), `%`, or "" (a plain number).

    A value that is a code stands as its meaning; `code` keeps the code where people know it by that (`GTU_12`).
    """

    label: str
    value: Value
    unit: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table with its caption. Rows may be shorter than the head: such a row is a caption inside the table.

    `numeric` names the columns (from 0) that hold numbers; `totals` is the row under the table.
    """

    title: str = ""
    columns: tuple[str, ...]
    rows: tuple[tuple[Value | None, ...], ...]
    totals: tuple[Value | None, ...] = ()
    numeric: frozenset[int] = frozenset()
    unit: str = ""
    entries: tuple[Labelled, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A titled part of a document: labelled values, then paragraphs, then tables, then parts of its own."""

    title: str
    entries: tuple[Labelled, ...] = ()
    paragraphs: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Party:
    """Somebody on the document. `role` is the heading (`Sprzedawca`, `Nabywca`, `Odbiorca` …).

    `identifiers` hold the NIP or what stands for it, addresses their lines with the country last, `details` the rest
    (customer's code, EORI, status, share …).
    """

    role: str
    name: str = ""
    nip: str = ""
    identifiers: tuple[Labelled, ...] = ()
    address: tuple[str, ...] = ()
    mailing_address: tuple[str, ...] = ()
    contacts: tuple[Labelled, ...] = ()
    details: tuple[Labelled, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MeterReading:
    """What a metered line was counted from; states and consumption in m³. `method` in words, `estimated` marks it."""

    meter_number: str
    role: str = ""
    read_from: date | None = None
    read_to: date | None = None
    value_from: Decimal | None = None
    value_to: Decimal | None = None
    consumption_m3: Decimal | None = None
    estimated: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line. `number` is None where the document gives none and may repeat; most values may be missing.

    `vat_rate` is in words (`8%`, `zw` with its meaning in the annotations); `details` holds further codes with meaning.
    """

    number: int | None = None
    name: str = ""
    sold_on: date | None = None
    period_from: date | None = None
    period_to: date | None = None
    reading: MeterReading | None = None
    unit: str = ""
    quantity: Decimal | None = None
    unit_price_net: Decimal | None = None
    unit_price_gross: Decimal | None = None
    discount: Decimal | None = None
    net: Decimal | None = None
    vat_rate: str = ""
    vat: Decimal | None = None
    gross: Decimal | None = None
    state: LineState = LineState.PLAIN
    details: tuple[Labelled, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VatRow:
    """A row of the VAT table. `vat_pln` is the tax in złoty on a document in another currency."""

    label: str
    net: Decimal | None = None
    vat: Decimal | None = None
    gross: Decimal | None = None
    vat_pln: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class CorrectedInvoice:
    """An invoice that this one corrects."""

    number: str
    issued_on: date | None = None
    ksef_number: str = ""
    outside_ksef: bool = False


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a correction says of itself. `*_before` are the parties as they stood on the corrected document."""

    reason: str = ""
    effect: str = ""
    invoices: tuple[CorrectedInvoice, ...] = ()
    period: str = ""
    right_number: str = ""
    seller_before: Party | None = None
    buyers_before: tuple[Party, ...] = ()
    details: tuple[Labelled, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """*Rozliczenie*: what is added to and taken from the total. One of `to_pay` and `to_settle` (overpaid), or none."""

    charges: tuple[Labelled, ...] = ()
    charges_total: Decimal | None = None
    deductions: tuple[Labelled, ...] = ()
    deductions_total: Decimal | None = None
    to_pay: Decimal | None = None
    to_settle: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class PartPayment:
    """A payment made before the document was issued."""

    amount: Decimal
    paid_on: date | None = None
    form: str = ""


@dataclass(frozen=True, kw_only=True)
class PaymentTerm:
    """A due date, words instead of one (`14 dni od doręczenia`), or both."""

    due_on: date | None = None
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A bank account. `number` without spaces; one of digits alone is written in groups. `role` is its heading."""

    number: str
    role: str = ""
    swift: str = ""
    bank: str = ""
    description: str = ""
    details: tuple[Labelled, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Payment:
    """How the document is or was paid. `state` in words (`zapłacono`), `title` what to write on a transfer.

    `link` is untrusted text of the document: show its host, follow it only as http(s).
    """

    state: str = ""
    paid_on: date | None = None
    parts: tuple[PartPayment, ...] = ()
    form: str = ""
    terms: tuple[PaymentTerm, ...] = ()
    accounts: tuple[Account, ...] = ()
    title: str = ""
    link: str = ""
    details: tuple[Labelled, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Code:
    """A two-dimensional code: what it holds, the caption under it, the sentence beside it, whether `payload` is a link.

    `error` is the error correction level; the size is the drawing's.
    """

    payload: str
    caption: str
    sentence: str = ""
    is_link: bool = False
    error: str = "M"


@dataclass(frozen=True, kw_only=True)
class Ksef:
    """The document's place in KSeF. `status` in words; codes are there only where billing.md §5.4 wants them.

    `environment` is "" in production and else its name, which the drawing prints as a badge.
    """

    number: str = ""
    assigned_at: datetime | None = None
    mode: str = ""
    status: str = ""
    sha256: str = ""
    environment: str = ""
    verification: Code | None = None
    certificate: Code | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """How anybody checks that the document is the seller's: the code printed on it and the page that takes it (N09)."""

    code: str
    address: str


@dataclass(frozen=True, kw_only=True)
class InvoiceDocument:
    """A document, whole. Parts are in the order in which they are printed (billing.md §7.2).

    `kind` is a code of billing.md §1.2, `title` the words on top; `details` are the values beside the dates; `total` is
    what `total_label` says (on a correction a difference); `annotations` are the sentences that apply; `remarks` are
    ours, not the document's. `left_to_pay` is what the copy says is left today, None where it says nothing.
    """

    source: Source
    kind: str
    title: str
    number: str
    currency: str = "PLN"
    issued_on: date | None = None
    issued_at_place: str = ""
    sold_on: date | None = None
    period_from: date | None = None
    period_to: date | None = None
    due_on: date | None = None
    ksef: Ksef = field(default_factory=Ksef)
    correction: Correction | None = None
    seller: Party
    buyer: Party
    third_parties: tuple[Party, ...] = ()
    authorized: Party | None = None
    details: tuple[Labelled, ...] = ()
    lines: tuple[Line, ...] = ()
    vat_rows: tuple[VatRow, ...] = ()
    net: Decimal | None = None
    vat: Decimal | None = None
    total_label: str = ""
    total: Decimal | None = None
    annotations: tuple[str, ...] = ()
    additional: tuple[Section, ...] = ()
    settlement: Settlement | None = None
    left_to_pay: Decimal | None = None
    payment: Payment = field(default_factory=Payment)
    transfer: Code | None = None
    sections: tuple[Section, ...] = ()
    footers: tuple[str, ...] = ()
    registers: tuple[Section, ...] = ()
    attachment: tuple[Section, ...] = ()
    made_by: tuple[Labelled, ...] = ()
    check: Check | None = None
    remarks: tuple[str, ...] = ()
