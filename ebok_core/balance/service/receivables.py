"""What the acting customer can pay now, exactly to the grosz: the one source for modules that take payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from ebok_core.contracts.domain import PendingEntry, Receivable
from ebok_core.contracts.identity import Viewer
from ebok_core.tytan import reads

from .. import rules, tytan
from .accounts import account, holder


@dataclass(frozen=True, kw_only=True)
class Payable:
    """What is open, in złoty: the documents, the earliest due first, and what is taken off them.

    `total` is what settles everything: the documents less `credit` (overpayments, open credit notes) and less
    `pending` (payments on their way); zero where these cover it. Empty while the balance is withheld.
    """

    receivables: tuple[Receivable, ...] = ()
    credit: Decimal = rules.ZERO
    pending: Decimal = rules.ZERO
    is_withheld: bool = False

    @property
    def total(self) -> Decimal:
        """What the button "Zapłać całą kwotę" asks for (L88)."""
        owed = sum((row.to_pay for row in self.receivables), rules.ZERO)
        return max(rules.ZERO, owed - self.credit - self.pending)


def payable(session: Session, viewer: Viewer, pending: Sequence[PendingEntry] = ()) -> Payable:
    """What the acting customer can pay now. At most four queries; raises `NotFound` while the copy lacks the customer.

    An entry without a document's number has its ledger id in its place: a payment names it by that.
    """
    own = holder(session, viewer)
    found = account(session, viewer, pending, customer=own)
    if found.balance is None:
        return Payable(is_withheld=True)
    charges = [line for line in found.balance.lines if line.to_pay > 0]
    accounts = _accounts(session, viewer, [line.document_number for line in charges if line.document_number])
    return Payable(
        receivables=tuple(
            Receivable(
                customer_code=own.code,
                document_number=line.document_number or line.id,
                kind=line.kind,
                due_on=line.due_on or line.posted_on,
                to_pay=line.to_pay,
                title=line.title,
                individual_account=accounts.get(line.document_number or "", own.individual_account),
            )
            for line in charges
        ),
        credit=-sum((line.to_pay for line in found.balance.lines if line.to_pay < 0), rules.ZERO),
        pending=-sum((entry.amount for entry in found.pending), rules.ZERO),
    )


def _accounts(session: Session, viewer: Viewer, numbers: Sequence[str]) -> dict[str, str]:
    """The accounts of the contracts that documents belong to, where there are such."""
    if not numbers:
        return {}
    rows = reads.rows(session, viewer, tytan.CONTRACT_ACCOUNTS, as_=tytan.AccountOfDocument, numbers=list(numbers))
    return {row.number: row.individual_account for row in rows}
