"""What must be true of the copy at every moment: each customer whole, and in the end what TYTAN says."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.runtime import Runtime
from ebok_core.tytan import contract, copy

_SUMS = (
    sa.select(copy.customers.c.code, copy.customers.c.balance, sa.func.sum(copy.ledger.c.to_pay))
    .select_from(copy.customers.outerjoin(copy.ledger, copy.ledger.c.customer_code == copy.customers.c.code))
    .group_by(copy.customers.c.code, copy.customers.c.balance)
)
_TOTALS = (
    sa.select(copy.invoices.c.number, copy.invoices.c.gross, sa.func.sum(copy.invoice_lines.c.gross))
    .select_from(copy.invoices.join(copy.invoice_lines, copy.invoice_lines.c.invoice_number == copy.invoices.c.number))
    .group_by(copy.invoices.c.number, copy.invoices.c.gross)
)


def torn(session: Session) -> list[Any]:
    """Customers and invoices whose sums do not fit in this snapshot; an empty list while all are whole."""
    balances = [row for row in session.execute(_SUMS) if row[1] != (row[2] or Decimal(0))]
    return balances + [row for row in session.execute(_TOTALS) if row[1] != row[2]]


def is_what_tytan_says(runtime: Runtime, engine: sa.Engine) -> bool:
    """Whether the copy has the living rows of the source and no other, by key and by money."""
    columns: Mapping[str, str] = {"ebok_customers": "balance", "ebok_ledger": "to_pay", "ebok_invoices": "gross"}
    with engine.connect() as source, runtime.database.snapshot() as session:
        for view in (v for v in contract.CORE_VIEWS if v.bulk):
            names = [*view.key, *filter(None, [columns.get(view.view)])]
            there = contract.source_metadata().tables[view.view]
            said = source.execute(sa.select(*(there.c[n] for n in names)).where(there.c.removed == 0)).all()
            kept = session.execute(sa.select(*(copy.copy_table(view).c[n] for n in names))).all()
            if sorted(map(tuple, said)) != sorted(map(tuple, kept)):
                return False
    return True
