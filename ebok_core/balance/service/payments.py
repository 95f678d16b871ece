"""Payments of the acting customer and the documents that they were set against (L112, L113)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from ebok_core.contracts.identity import Viewer
from ebok_core.tytan import reads

from .. import rules, tytan
from ..rules import Allocation


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A payment with everything that it was set against; amounts in złoty."""

    row: tytan.PaymentRow
    documents: tuple[Allocation, ...]

    @property
    def left(self) -> Decimal:
        """What is set against nothing yet: an overpayment."""
        return -self.row.to_pay if self.row.amount < 0 else rules.ZERO


def payment(session: Session, viewer: Viewer, payment_id: str) -> Payment:
    """A payment of the acting customer. Two queries; raises `NotFound`."""
    row = reads.one(session, viewer, tytan.PAYMENT, as_=tytan.PaymentRow, id=payment_id)
    documents = set_against(session, viewer, [row.id]).get(row.id, [])
    return Payment(row=row, documents=tuple(documents))


def set_against(session: Session, viewer: Viewer, ids: Sequence[str]) -> Mapping[str, list[Allocation]]:
    """What payments were set against, by the payment's id. One query, none for no payments."""
    found: dict[str, list[Allocation]] = {}
    if ids:
        for row in reads.rows(session, viewer, tytan.SET_AGAINST, as_=Allocation, ids=list(ids)):
            found.setdefault(row.payment_id, []).append(row)
    return found


def years(session: Session, viewer: Viewer) -> list[tytan.Year]:
    """The totals of each year, the newest first."""
    return reads.rows(session, viewer, tytan.YEARS, as_=tytan.Year)
