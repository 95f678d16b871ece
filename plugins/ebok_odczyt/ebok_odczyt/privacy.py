"""The personal data that e-Odczyt keeps: readings given in the portal and the names of groups; export and erasure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.i18n import lazy_gettext as _

from .models import MeterGroup, Reading

_GIVEN = {
    name: Reading.__table__.c[name]
    for name in (
        "reference", "customer_code", "point_code", "meter_number", "read_on", "reading_value", "consumption_m3",
        "confirmed_warnings", "explanation", "note", "status", "reason", "submitted_at",
    )
}  # fmt: skip


class Readings:
    """Readings that a person gave. They are billing facts: erasing cuts their tie to the person and their words."""

    key = "odczyt.readings"
    title = _("Readings given in the portal")
    tables = (Reading.__tablename__,)
    retention = _("As long as the bills that they belong to: five years after the end of the year")

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """The account's own readings, oldest first, as plain JSON values."""
        statement = sa.select(*_GIVEN.values()).where(Reading.account_id == account_id).order_by(Reading.submitted_at)
        for row in session.execute(statement):
            yield {name: None if value is None else str(value) for name, value in row._mapping.items()}

    def erase(self, session: Session, account_id: str) -> int:
        """Forget who gave the readings and what they wrote beside them."""
        erased = session.execute(
            sa.update(Reading)
            .where(Reading.account_id == account_id)
            .values(account_id=None, note=None, explanation=None),
            execution_options={"synchronize_session": False},
        )
        return int(erased.rowcount)  # type: ignore[attr-defined]


class Groups:
    """Names of groups belong to the customer, not to one account, and stand as long as somebody may act for it."""

    key = "odczyt.groups"
    title = _("Names of groups of meters")
    tables = (MeterGroup.__tablename__,)
    retention = _("Until the customer changes them")

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """The names that the person's customers gave."""
        statement = sa.select(MeterGroup.customer_code, MeterGroup.meter_id, MeterGroup.name).where(
            MeterGroup.customer_code.in_(customer_codes)
        )
        for row in session.execute(statement.order_by(MeterGroup.customer_code, MeterGroup.meter_id)):
            yield dict(row._mapping)

    def erase(self, session: Session, account_id: str) -> int:
        """Nothing of the account itself is kept here."""
        return 0


ALL = (Readings(), Groups())
