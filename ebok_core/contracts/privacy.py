"""Contract of personal data: what a module keeps about a person, and how it gives it out and erases it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class PersonalDataSource(Protocol):
    """Export and erasure of the personal data in the named tables; retention is stated in words.

    A source may also have `labels`, from the names in its rows to words for a person, and an `order`: sources are asked
    in it, 0 where there is none; the core's come last, so that an account is still there while modules erase.
    """

    key: str
    title: str
    tables: tuple[str, ...]
    retention: str

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """Rows as plain JSON values. `customer_codes` are those that the person owns, not those of a delegation."""

    def erase(self, session: Session, account_id: str) -> int:
        """Blank or delete what need not be kept; returns the number of rows.

        All sources erase in one unit of work. `Refused` puts the whole erasure off until the next day: something of
        the person's is not finished yet, such as a payment.
        """
