"""What the module knows about people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import i18n
from ebok_core.i18n import lazy_gettext as _

from .models import Pass


class Passes:
    """The passes that an account bought."""

    key = "basen.passes"
    title = _("Passes to the pool")
    tables = ("basen_pass",)
    retention = _("A year after the pass has ended.")

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """Each pass with its day and price."""
        found = session.execute(sa.select(Pass.bought_at, Pass.price).where(Pass.account_id == account_id))
        return [{"bought": i18n.instant_iso(bought_at), "price": str(price)} for bought_at, price in found]

    def erase(self, session: Session, account_id: str) -> int:
        """Forget who bought: the passes stay in the statistics."""
        blank = {"account_id": "", "customer_code": ""}
        statement = sa.update(Pass).where(Pass.account_id == account_id).values(**blank)
        return int(session.connection().execute(statement).rowcount)
