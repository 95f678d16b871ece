"""What a run of the refresh did, and in which ways one can run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ebok_core.i18n import ngettext

FULL, CHANGES, CUSTOMER = "full", "changes", "customer"
"""Every row is compared; what changed above the watermark; the rows of one customer."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run did: `rows_changed` rows of the copy were written or dropped; `problem` says why nothing was.

    `as_of` is TYTAN's time at the start of the run (UTC).
    """

    kind: str
    as_of: datetime | None = None
    rows_read: int = 0
    rows_changed: int = 0
    customers_held_back: int = 0
    rows_in_quarantine: int = 0
    seconds: float = 0.0
    problem: str | None = None

    def sentence(self) -> str:
        """The run in a sentence, for the panel and the terminal."""
        if self.problem:
            return self.problem
        parts = [
            ngettext("%(n)s row read", "%(n)s rows read", self.rows_read),
            ngettext("%(n)s row changed", "%(n)s rows changed", self.rows_changed),
        ]
        if self.customers_held_back:
            parts.append(ngettext("%(n)s customer held back", "%(n)s customers held back", self.customers_held_back))
        if self.rows_in_quarantine:
            parts.append(ngettext("%(n)s row in quarantine", "%(n)s rows in quarantine", self.rows_in_quarantine))
        return ", ".join(parts)
