"""Interest of the open documents: what notes have charged, and what grew since (L81). For information only."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from ebok_core.contracts.identity import Viewer
from ebok_core.tytan import reads

from .. import rules, tytan
from ..rules import Accrual, Balance, LedgerLine
from ..settings import BalanceConfig
from .history import Books


@dataclass(frozen=True, kw_only=True)
class Interest:
    """The interest behind a balance: the lines of its open notes by the note's number, and what no note has yet.

    `is_commercial` tells which table of rates was used.
    """

    charged: dict[str, tuple[tytan.NoteLine, ...]]
    accruals: tuple[Accrual, ...]
    is_commercial: bool

    @property
    def accrued(self) -> Decimal:
        """What grew and is not charged, in złoty; not a part of the balance (billing.md §9.1)."""
        return sum((accrual.amount for accrual in self.accruals), rules.ZERO)


def interest_of(
    session: Session,
    viewer: Viewer,
    balance: Balance,
    *,
    nip: str | None,
    config: BalanceConfig,
    books: Books | None = None,
) -> Interest:
    """The interest behind a balance of the acting customer, on the balance's day.

    At most two queries: notes where something is charged or late, part payments where something late was part paid and
    the caller has no `books`.
    """
    late = [x for x in balance.lines if x.kind in rules.PRINCIPAL and x.to_pay > 0 and _is_late(x, balance)]
    noted = balance.of("interest")
    notes = reads.rows(session, viewer, tytan.NOTE_LINES, as_=tytan.NoteLine) if late or noted else []
    notes = [line for line in notes if line.issued_on <= balance.day]
    numbers = frozenset(line.document_number for line in late if line.is_part_paid and line.document_number)
    set_offs = books.set_offs(numbers) if books else _set_offs(session, viewer, numbers)
    paid = [row for row in set_offs if row.posted_on <= balance.day]
    rates = config.commercial_rates if nip else config.consumer_rates
    found = [_accrual(line, notes, paid, balance, rates) for line in late if line.document_number]
    return Interest(
        charged={
            note.document_number: tuple(line for line in notes if line.invoice_number == note.document_number)
            for note in noted
            if note.document_number
        },
        accruals=tuple(accrual for accrual in found if accrual.amount),
        is_commercial=bool(nip),
    )


def _is_late(line: LedgerLine, balance: Balance) -> bool:
    return rules.days_left(line, balance.day) < 0


def _set_offs(session: Session, viewer: Viewer, numbers: frozenset[str]) -> list[tytan.SetOff]:
    if not numbers:
        return []
    return reads.rows(session, viewer, tytan.SET_OFFS, as_=tytan.SetOff, numbers=sorted(numbers))


def _accrual(
    line: LedgerLine,
    notes: list[tytan.NoteLine],
    payments: list[tytan.SetOff],
    balance: Balance,
    rates: rules.Rates,
) -> Accrual:
    number = line.document_number or ""
    document = rules.Document(
        number=number,
        amount=line.amount,
        due_on=line.due_on or line.posted_on,
        payments=tuple((row.posted_on, row.amount) for row in payments if row.document_number == number),
        charged_days=rules.charged_days(number, ((n.name, n.unit, n.quantity) for n in notes)),
    )
    return rules.accrual_of(document, balance.day, rates)
