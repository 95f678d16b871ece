"""The copy of TYTAN as personal data: given out to who owns the customer; TYTAN alone may change or delete it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.contracts.identity import Viewer
from ebok_core.i18n import lazy_gettext as _
from ebok_core.privacy.rows import CORE, plain
from ebok_core.tytan import copy, reads

_TECHNICAL = ("change_no", copy.SEARCH_TEXT)


@dataclass(frozen=True, kw_only=True)
class Copied:
    """One table of the copy; nothing in it is the account's, so nothing of it is erased with the account."""

    key: str
    title: Any
    table: sa.Table
    retention: Any
    tables: tuple[str, ...] = ()
    labels: Mapping[str, Any] | None = None
    order: int = CORE + 50

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """The rows of the person's customers, by the key of the table."""
        viewer = Viewer(
            account_id=account_id,
            kind="customer",
            login="",
            display_name="",
            permissions=frozenset(),
            customer_codes=customer_codes,
        )
        columns = [c for c in self.table.c if c.name not in _TECHNICAL and not c.name.endswith("_hmac")]
        readable = [c for c in columns if not isinstance(c.type, sa.LargeBinary)]
        statement = sa.select(*readable).order_by(*self.table.primary_key)
        found = session.execute(reads.scoped(statement, True), reads.bound(viewer, True, {}))
        return [plain(row._mapping) for row in found]

    def erase(self, session: Session, account_id: str) -> int:
        """Deleting an account is not deleting the customer (identity.md §10.6)."""
        return 0


_KEPT = _("As long as our billing keeps it; the portal only shows it")
ALL = tuple(
    Copied(key=f"core.copy_{table.name}", title=title, table=table, retention=_KEPT)
    for table, title in (
        (copy.customers, _("Customer's data in billing")),
        (copy.contracts, _("Contracts")),
        (copy.service_points, _("Service points")),
        (copy.meters, _("Meters")),
        (copy.readings, _("Readings in billing")),
        (copy.invoices, _("Invoices and notes")),
        (copy.ledger, _("Entries of the account")),
    )
)
