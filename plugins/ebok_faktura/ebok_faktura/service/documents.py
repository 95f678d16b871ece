"""A customer's documents: one with everything that belongs to it, what is unpaid, the newest ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property

from sqlalchemy.orm import Session

from ebok_core import Viewer, clock
from ebok_core.tytan import reads

from .. import rules
from . import selects
from .selects import AccountRow, ChargeRow, DocumentRow, LineRow, NewestRow, OpenRow, SettledRow


@dataclass(frozen=True, kw_only=True)
class Year:
    """The bill of the same period a year before, and why this one differs."""

    row: DocumentRow
    difference: rules.Difference


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document with its lines and all that it is linked to.

    `corrected` is what a correction corrects, None where the portal does not hold it; `lines_before` are that one's
    lines with those of earlier corrections. `origins` are the documents that a note or a demand is about.
    """

    row: DocumentRow
    lines: tuple[rules.BillLine, ...]
    corrections: tuple[DocumentRow, ...]
    corrected: DocumentRow | None
    lines_before: tuple[rules.BillLine, ...]
    year: Year | None
    settled_by: tuple[SettledRow, ...]
    charges: tuple[Charge, ...]
    origins: tuple[DocumentRow, ...]
    account: str | None

    @property
    def family(self) -> rules.Family:
        """What the document is to the customer."""
        return rules.family_of(self.row.kind)

    @property
    def state(self) -> rules.State:
        """How it is paid."""
        return rules.state_of(self.row.gross, self.row.to_pay)

    @property
    def days_late(self) -> int:
        """How many days it is after its due date."""
        return rules.days_late(self.row.to_pay, self.row.due_on, clock.today())

    @cached_property
    def explained(self) -> list[rules.Explained]:
        """The lines with what may be said of each."""
        return [rules.explain(line) for line in self.lines]

    @property
    def sewage(self) -> rules.SewageRule | None:
        """How sewage follows from water, where it does."""
        return rules.sewage_rule(self.lines)

    @cached_property
    def vat_sums(self) -> list[rules.VatSum]:
        """The lines by VAT rate."""
        return rules.vat_sums(self.lines)

    @property
    def sums_agree(self) -> bool:
        """Whether the lines add up to the document."""
        return rules.sums_agree(self.lines, self.row.net, self.row.vat, self.row.gross)

    @cached_property
    def changes(self) -> list[rules.Changed]:
        """A correction line by line; nothing where the corrected document is not here."""
        return rules.before_and_after(self.lines_before, self.lines) if self.corrected else []


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A note or a demand that a late document led to; `amount` is the part for this document, in złoty."""

    number: str
    kind: str
    amount: Decimal


def row(session: Session, viewer: Viewer, number: str) -> DocumentRow:
    """A document of the acting customer alone, for pages of its files. Raises `NotFound`; one query."""
    return reads.one(session, viewer, selects.DOCUMENT, as_=DocumentRow, number=number)


def document(session: Session, viewer: Viewer, number: str) -> Document:
    """A document of the acting customer with what belongs to it. Raises `NotFound`; three to seven queries."""
    row = reads.one(session, viewer, selects.DOCUMENT, as_=DocumentRow, number=number)
    related = _related(session, viewer, row)
    corrected = next((x for x in related if x.number == row.corrected_invoice), None)
    year_row = _year_before(row, related)
    siblings = [x for x in related if corrected and x.corrected_invoice == corrected.number and _earlier(x, row)]
    before = [x.number for x in (*([corrected] if corrected else []), *siblings)]
    lines = _lines(session, viewer, [row.number, *before, *([year_row.number] if year_row else [])], year_row)
    own = tuple(line for name, line in lines if name == row.number)
    later = (row.number, *before)
    settled = _settled_by(session, viewer, row)
    return Document(
        row=row,
        lines=own,
        corrections=tuple(x for x in related if x.corrected_invoice == row.number),
        corrected=corrected,
        lines_before=tuple(line for name, line in lines if name in before),
        year=_year(row, own, year_row, [line for name, line in lines if name not in later]) if year_row else None,
        settled_by=settled,
        charges=tuple(_charges(session, viewer, row, settled)),
        origins=tuple(_origins(session, viewer, row, own)),
        account=_account(session, viewer, row) if row.to_pay > 0 else None,
    )


def known(session: Session, viewer: Viewer, numbers: Iterable[str]) -> frozenset[str]:
    """Those of these numbers that are documents of the viewer's customer."""
    wanted = sorted(set(numbers))
    if not wanted:
        return frozenset()
    return frozenset(
        r.number for r in reads.rows(session, viewer, selects.KNOWN, as_=selects.NumberRow, numbers=wanted)
    )


def unpaid(session: Session, viewer: Viewer) -> rules.Unpaid:
    """What is open of the acting customer's documents, by families. One query."""
    found = reads.rows(session, viewer, selects.OPEN, as_=OpenRow)
    return rules.unpaid_of(
        rules.Open(family=rules.family_of(x.kind), is_credit=bool(x.is_credit), count=x.count, left=x.left)
        for x in found
    )


def newest(session: Session, viewer: Viewer) -> list[NewestRow]:
    """The three newest documents, each with the counts and sums over all. One query."""
    today = clock.today()
    return reads.rows(session, viewer, selects.NEWEST, as_=NewestRow, since=rules.last_year(today), today=today)


def bill_line(row: LineRow) -> rules.BillLine:
    """A line as the rules take it."""
    return rules.BillLine(
        name=row.name,
        unit=row.unit,
        quantity=row.quantity,
        price=row.unit_price_net,
        net=row.net,
        vat_rate=row.vat_rate,
        vat=row.vat,
        gross=row.gross,
        meter_id=row.meter_id,
        value_from=row.value_from,
        value_to=row.value_to,
        read_from=row.read_from,
        read_to=row.read_to,
        estimated=bool(row.estimated),
    )


def _related(session: Session, viewer: Viewer, row: DocumentRow) -> list[DocumentRow]:
    """Corrections, the corrected document with its corrections, bills near the same period a year before."""
    wanted = rules.a_year_before(row.period_to) if row.period_to and row.kind in rules.BILLS else None
    near = timedelta(days=rules.NEAR_DAYS)
    return reads.rows(
        session,
        viewer,
        selects.RELATED,
        as_=DocumentRow,
        number=row.number,
        corrected=row.corrected_invoice,
        point=row.point_code if wanted else None,
        first=wanted - near if wanted else None,
        last=wanted + near if wanted else None,
    )


def _year_before(row: DocumentRow, related: Sequence[DocumentRow]) -> DocumentRow | None:
    period = _period(row)
    if period is None or row.kind not in rules.BILLS:
        return None
    others = [(x.number, own) for x in related if x.kind in rules.BILLS and (own := _period(x)) is not None]
    key = rules.same_period(period, others)
    return next((x for x in related if x.number == key), None)


def _period(row: DocumentRow) -> rules.Period | None:
    if row.period_from is None or row.period_to is None or row.period_to < row.period_from:
        return None
    return rules.Period(first=row.period_from, last=row.period_to)


def _earlier(other: DocumentRow, row: DocumentRow) -> bool:
    return (other.issued_on, other.number) < (row.issued_on, row.number)


def _lines(
    session: Session, viewer: Viewer, numbers: list[str], year: DocumentRow | None
) -> list[tuple[str, rules.BillLine]]:
    rows = reads.rows(
        session,
        viewer,
        selects.LINES,
        as_=LineRow,
        numbers=numbers,
        with_corrections=year.number if year else None,
    )
    return [(row.invoice_number, bill_line(row)) for row in rows]


def _year(
    row: DocumentRow, own: Sequence[rules.BillLine], year: DocumentRow, lines: Sequence[rules.BillLine]
) -> Year | None:
    now, before = _period(row), _period(year)
    if not own or not lines or now is None or before is None:
        return None
    return Year(row=year, difference=rules.compare(own, lines, now.days, before.days))


def _settled_by(session: Session, viewer: Viewer, row: DocumentRow) -> tuple[SettledRow, ...]:
    """What lowered the document; not asked for where nothing did."""
    if row.gross == row.to_pay or row.gross <= 0:
        return ()
    return tuple(reads.rows(session, viewer, selects.SETTLED_BY, as_=SettledRow, number=row.number))


def _charges(session: Session, viewer: Viewer, row: DocumentRow, settled: Sequence[SettledRow]) -> Iterable[Charge]:
    """Interest notes that name the document and demands written while it was late; only for one that ever was."""
    last = max((x.posted_on for x in settled), default=row.due_on)
    open_until = clock.today() if row.to_pay > 0 else last
    if row.kind not in (*rules.BILLS, *rules.CORRECTIONS) or open_until <= row.due_on:
        return []
    found = reads.rows(session, viewer, selects.CHARGED_FOR, as_=ChargeRow, due_on=row.due_on, number=row.number)
    sums: dict[tuple[str, str], Decimal] = {}
    for x in found:
        if x.kind == "payment_demand" and x.posted_on > open_until:
            continue
        if x.kind == "interest" and not rules.mentions(x.name, row.number):
            continue
        key = (x.document_number, "interest_note" if x.kind == "interest" else x.kind)
        sums[key] = sums.get(key, Decimal(0)) + x.gross
    return [Charge(number=number, kind=kind, amount=amount) for (number, kind), amount in sums.items()]


def _origins(
    session: Session, viewer: Viewer, row: DocumentRow, lines: Sequence[rules.BillLine]
) -> Iterable[DocumentRow]:
    """What a note charges interest on, by the numbers its lines name; what was late when a demand was written."""
    family = rules.family_of(row.kind)
    if family is rules.Family.INTEREST:
        text = "\n".join(line.name for line in lines)
        found = reads.rows(session, viewer, selects.NAMED_IN, as_=DocumentRow, text=text, number=row.number)
        return [x for x in found if rules.mentions(text, x.number)]
    if family is rules.Family.DEMAND:
        values = {"day": row.issued_on, "number": row.number}
        late = reads.rows(session, viewer, selects.LATE_ON, as_=DocumentRow, **values)
        paid = reads.rows(session, viewer, selects.PAID_AFTER, as_=DocumentRow, **values)
        known = {x.number for x in late}
        return [*late, *(x for x in paid if x.number not in known)]
    return []


def _account(session: Session, viewer: Viewer, row: DocumentRow) -> str | None:
    """The bank account to pay this document to: the contract's, else the customer's."""
    found: list[AccountRow] = []
    if row.contract_number:
        found = reads.rows(session, viewer, selects.CONTRACT_ACCOUNT, as_=AccountRow, contract=row.contract_number)
    if not found:
        found = reads.rows(session, viewer, selects.CUSTOMER_ACCOUNT, as_=AccountRow)
    return found[0].number if found else None
