"""Contract of personal data: what a module keeps about a person, and how it gives it out and erases it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class PersonalDataSource(Protocol):
    """Export and erasure of the personal data in the named tables; retention is stated in words."""

    key: str
    title: str
    tables: tuple[str, ...]
    retention: str

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """Rows as plain JSON values."""

    def erase(self, session: Session, account_id: str) -> int:
        """Blank or delete what need not be kept; returns the number of rows."""
