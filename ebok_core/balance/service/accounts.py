"""Today's balance of the viewer's customers, or the reason why none is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Protocol

from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.domain import PendingEntry
from ebok_core.contracts.identity import Viewer
from ebok_core.tytan import reads

from .. import rules, tytan
from ..rules import Balance


class Withheld(Enum):
    """Why no balance is shown: a wrong one would be worse than none (reliability.md §6)."""

    HELD_BACK = "held_back"
    DOES_NOT_ADD_UP = "does_not_add_up"


class Customer(Protocol):
    """A row of the copy that knows whose balance it is."""

    @property
    def code(self) -> str:
        """The customer's code."""

    @property
    def balance(self) -> Decimal:
        """What TYTAN says the balance is, in złoty."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A customer of the viewer's account with the balance, or the reason why it is withheld.

    `pending` are payments and refunds that were sent and that the copy does not carry yet, in złoty, signed as in the
    ledger: they are shown apart, never added.
    """

    customer: Customer
    balance: Balance | None
    withheld: Withheld | None = None
    pending: tuple[PendingEntry, ...] = ()

    @property
    def after_pending(self) -> Decimal | None:
        """The balance as it will be once everything pending is posted."""
        if self.balance is None or not self.pending:
            return None
        return self.balance.total + sum((entry.amount for entry in self.pending), rules.ZERO)


def holder(session: Session, viewer: Viewer) -> tytan.Holder:
    """Whose account it is: the acting customer. Raises `NotFound` while the copy does not hold it."""
    return reads.one(session, viewer, tytan.HOLDER, as_=tytan.Holder)


def accounts(
    session: Session,
    viewer: Viewer,
    rows: Sequence[Customer],
    pending: Sequence[PendingEntry] = (),
    *,
    may_be_held: bool = True,
) -> list[Account]:
    """The balances of some of the viewer's customers. Two queries; one where the refresh holds nobody back."""
    entries = reads.rows(session, viewer, tytan.OPEN_ENTRIES, as_=tytan.OpenEntry, every=len(rows) > 1)
    held = _held(session, viewer, rows) if may_be_held else frozenset()
    return [_account(row, entries, pending, is_held=row.code in held) for row in rows]


def account(
    session: Session,
    viewer: Viewer,
    pending: Sequence[PendingEntry] = (),
    *,
    customer: Customer | None = None,
    may_be_held: bool = True,
) -> Account:
    """The acting customer with the balance; `customer` is the row if the caller has it. Raises `NotFound`."""
    row = customer or holder(session, viewer)
    return accounts(session, viewer, [row], pending, may_be_held=may_be_held)[0]


def is_held(session: Session, viewer: Viewer) -> bool:
    """Whether the refresh holds the acting customer back."""
    found = session.execute(tytan.HELD_BACK, {"codes": [viewer.customer_code]}).first()
    return found is not None


def _held(session: Session, viewer: Viewer, rows: Iterable[Customer]) -> frozenset[str]:
    wanted = {row.code for row in rows}
    own = [code for code in viewer.customer_codes if code in wanted]
    return frozenset(session.execute(tytan.HELD_BACK, {"codes": own}).scalars())


def _account(
    row: Customer, entries: Iterable[tytan.OpenEntry], pending: Iterable[PendingEntry], *, is_held: bool
) -> Account:
    lines = [rules.line_of(entry, entry.to_pay) for entry in entries if entry.customer_code == row.code]
    balance = rules.balance_of(row.balance, lines, clock.today())
    withheld = Withheld.HELD_BACK if is_held else None if balance.adds_up else Withheld.DOES_NOT_ADD_UP
    return Account(
        customer=row,
        balance=balance if withheld is None else None,
        withheld=withheld,
        pending=tuple(entry for entry in pending if entry.customer_code == row.code),
    )
