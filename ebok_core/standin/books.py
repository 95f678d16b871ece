"""The books of one customer: documents, payments, allocations, readings, and what is left to pay. Whole grosze.

Everything that is posted keeps two sums: the amount of an entry less what was allocated to it (or from it) is its
`to_pay`, and the balance is the sum of `to_pay`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from ebok_core.standin import fa3, numbering, rows, utility
from ebok_core.standin.billing import Bill, Line
from ebok_core.standin.numbering import Numbering
from ebok_core.standin.plans import CustomerPlan, PointPlan

DEMAND_COST = 1737
DEMAND_COST_NAME = "Koszty wezwania do zapłaty"

LEDGER_KIND = {
    "invoice": "invoice",
    "correction": "correction",
    "interest_note": "interest",
    "payment_demand": "payment_demand",
}
TITLE = {
    "invoice": "Faktura {}",
    "correction": "Faktura korygująca {}",
    "interest_note": "Nota odsetkowa {}",
    "payment_demand": "Wezwanie do zapłaty {}",
}
IN_KSEF = frozenset({"invoice", "correction"})


@dataclass(slots=True, kw_only=True)
class Document:
    """A document and what is left to pay of it."""

    number: str
    kind: str
    issued: int
    due: int
    bill: Bill
    to_pay: int
    period: tuple[int, int] | None = None
    point: PointPlan | None = None
    corrected: Document | None = None
    reason: str | None = None


@dataclass(slots=True)
class Receipt:
    """Money that came in on a day: what was allocated to documents, and what is left over."""

    parts: list[tuple[Document, int]]
    left_over: int = 0


class Books:
    """Collects what happens to one customer and turns it into rows of the contract."""

    def __init__(
        self, customer: CustomerPlan, numbers: Numbering, as_of: date, payment_method: str = "przelew"
    ) -> None:
        self.keeps_files = bool(customer.nip)
        """Whether FA(3) files are made: for firms, whose invoices go to KSeF, and for the personas."""
        self.customer = customer
        self.numbers = numbers
        self.as_of = as_of.toordinal()
        self.payment_method = payment_method
        self.documents: list[Document] = []
        self.receipts: dict[int, Receipt] = {}
        self.transferred = 0
        self.charges: list[tuple[str, str]] = []
        self._readings: list[tuple] = []

    def issue(self, kind: str, number: str, issued: int, due: int, bill: Bill, **more: object) -> Document:
        """Post a document; nothing of it is paid yet."""
        document = Document(number=number, kind=kind, issued=issued, due=due, bill=bill, to_pay=bill.gross, **more)
        self.documents.append(document)
        return document

    def correct(self, original: Document, issued: int, bill: Bill, reason: str) -> Document:
        """Post a correction that lowers an invoice which is still open: the credit goes to that invoice at once."""
        number = self.numbers.document(numbering.CORRECTION, issued)
        correction = self.issue(
            "correction",
            number,
            issued,
            original.due,
            bill,
            period=original.period,
            point=original.point,
            corrected=original,
            reason=reason,
        )
        correction.to_pay = 0
        original.to_pay += bill.gross
        return correction

    def pay(self, day: int, document: Document, amount: int) -> None:
        """Money for a document; payments of one day are one transfer."""
        self.receipts.setdefault(day, Receipt([])).parts.append((document, amount))
        document.to_pay -= amount

    def overpay(self, amount: int, *, transferred: bool = False) -> None:
        """Too much money: with the newest payment, or moved here from another account of the customer."""
        if transferred or not self.receipts:
            self.transferred += amount
        else:
            self.receipts[max(self.receipts)].left_over += amount

    def read(
        self,
        point: PointPlan,
        meter_id: str,
        day: int,
        value: int,
        consumption: int | None,
        method: str,
        status: str = "settled",
        invoice_number: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Note a reading."""
        self._readings.append(
            rows.ReadingRow(
                id=f"O{self.numbers.next('reading'):09d}",
                meter_id=meter_id,
                point_code=point.code,
                customer_code=self.customer.code,
                read_on=rows.iso(day),
                reading_value=value,
                consumption_m3=consumption,
                reading_method=method,
                status=status,
                reason=reason,
                invoice_number=invoice_number,
            )
        )

    @property
    def balance(self) -> int:
        """What the customer owes, negative when overpaid."""
        left_over = sum(receipt.left_over for receipt in self.receipts.values())
        return sum(document.to_pay for document in self.documents) - left_over - self.transferred

    def rows(self) -> Iterator[tuple]:
        """Everything as rows of the contract, the customer's own among them."""
        yield from self.customer.rows(self.balance)
        yield from self._readings
        buyer = self.customer.address.text()
        for document in self.documents:
            content = self._file(document, buyer)
            yield self._invoice_row(document, buyer, content)
            if content:
                yield rows.FileRow(document.number, "fa3", content, sha256(content).hexdigest())
            for number, line in enumerate(document.bill.lines, start=1):
                yield line_row(document.number, number, line)
        yield from self._ledger_rows()

    def _file(self, document: Document, buyer_address: str) -> bytes | None:
        """The FA(3) file of a document, for who gets one and since there is KSeF."""
        if not self.keeps_files or document.kind not in IN_KSEF or document.issued < fa3.KSEF_SINCE:
            return None
        customer, point, corrected = self.customer, document.point, document.corrected
        paper = fa3.Paper(
            number=document.number,
            issued=document.issued,
            due=document.due,
            period=document.period,
            lines=document.bill.lines,
            gross=document.bill.gross,
            buyer_name=customer.name,
            buyer_nip=customer.nip,
            buyer_address=buyer_address,
            customer_code=customer.code,
            account=customer.account,
            contract_number=point.contract_number if point else None,
            point_code=point.code if point else None,
            meters={meter.id: meter.number for meter in point.meters} if point else {},
            corrected=self._corrected(corrected, buyer_address) if corrected else None,
            reason=document.reason,
        )
        return fa3.write(paper)

    def _corrected(self, document: Document, buyer_address: str) -> fa3.Corrected:
        content = self._file(document, buyer_address)
        ksef = self._ksef(document, content) if content else {}
        return fa3.Corrected(number=document.number, issued=document.issued, ksef_number=ksef.get("ksef_number"))

    def _ksef(self, document: Document, content: bytes) -> dict[str, str | None]:
        """What KSeF says of a file; a consumer's is not sent there."""
        if not self.customer.nip:
            return {"xml_sha256": sha256(content).hexdigest()}
        return fa3.ksef(document.number, document.issued, content, self.as_of)

    def _invoice_row(self, document: Document, buyer_address: str, content: bytes | None) -> tuple:
        customer, bill, point = self.customer, document.bill, document.point
        first, last = document.period or (None, None)
        ksef = self._ksef(document, content) if content else {}
        return rows.InvoiceRow(
            number=document.number,
            customer_code=customer.code,
            point_code=point.code if point else None,
            contract_number=point.contract_number if point else None,
            kind=document.kind,
            issued_on=rows.iso(document.issued),
            due_on=rows.iso(document.due),
            period_from=rows.iso(first) if first else None,
            period_to=rows.iso(last) if last else None,
            net=bill.net,
            vat=bill.vat,
            gross=bill.gross,
            to_pay=document.to_pay,
            corrected_invoice=document.corrected.number if document.corrected else None,
            correction_reason=document.reason,
            has_xml=1 if content else 0,
            seller_name=utility.NAME,
            seller_nip=utility.NIP,
            seller_address=utility.ADDRESS,
            buyer_name=customer.name,
            buyer_nip=customer.nip,
            buyer_address=buyer_address,
            **ksef,
        )

    def _ledger_rows(self) -> Iterator[tuple]:
        for document in sorted(self.documents, key=lambda found: found.issued):
            entry = self._entry_id()
            yield self._entry(
                entry,
                LEDGER_KIND[document.kind],
                document.issued,
                document.bill.gross,
                document.to_pay,
                TITLE[document.kind].format(document.number),
                document_number=document.number,
                due_on=rows.iso(document.due),
            )
            if document.corrected:
                yield rows.AllocationRow(entry, document.corrected.number, -document.bill.gross)
        for day, receipt in sorted(self.receipts.items()):
            yield from self._receipt_rows(day, receipt)
        if self.transferred:
            title = "Nadpłata przeniesiona z innego konta"
            day = self.documents[-1].issued if self.documents else self.as_of
            yield self._entry(self._entry_id(), "overpayment", day, -self.transferred, -self.transferred, title)

    def _receipt_rows(self, day: int, receipt: Receipt) -> Iterator[tuple]:
        entry = self._entry_id()
        amount = sum(part for _, part in receipt.parts) + receipt.left_over
        yield self._entry(entry, "payment", day, -amount, -receipt.left_over, "Wpłata", method=self.payment_method)
        allocated: dict[str, int] = {}
        for document, part in receipt.parts:
            allocated[document.number] = allocated.get(document.number, 0) + part
        for number, part in allocated.items():
            yield rows.AllocationRow(entry, number, part)

    def _entry_id(self) -> str:
        return f"K{self.numbers.next('ledger'):09d}"

    def _entry(self, entry: str, kind: str, day: int, amount: int, to_pay: int, title: str, **more: object) -> tuple:
        return rows.LedgerRow(
            id=entry,
            customer_code=self.customer.code,
            kind=kind,
            posted_on=rows.iso(day),
            amount=amount,
            to_pay=to_pay,
            title=title,
            **more,
        )


def line_row(invoice_number: str, number: int, line: Line) -> tuple:
    """A line's row of the contract."""
    item = line.draft
    metered = item.metered
    readings: Sequence[object] = (None,) * 6
    if metered:
        readings = (
            metered.meter_id,
            metered.value_from,
            metered.value_to,
            rows.iso(metered.read_from),
            rows.iso(metered.read_to),
            metered.estimated,
        )
    return rows.LineRow(
        invoice_number,
        number,
        item.name,
        item.unit,
        item.quantity,
        item.price,
        item.net,
        item.vat_rate,
        line.vat,
        line.gross,
        *readings,
    )
