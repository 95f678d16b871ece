"""When an account is erased, for which reasons, and which of them know no grace (identity.md §10.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ebok_core.i18n import lazy_gettext as _

WAITING, UNDONE, DONE = "waiting", "undone", "done"
OWN, OFFICE = "own", "office"
WISH, CONTRACT, DOUBLE, DEATH, ABUSE = "wish", "contract", "double", "death", "abuse"
REASONS: Mapping[str, Any] = {
    WISH: _("the person asked for it"),
    CONTRACT: _("the contract has ended"),
    DOUBLE: _("a second account of the same person"),
    DEATH: _("death"),
    ABUSE: _("abuse"),
}
AT_ONCE = frozenset({DEATH, ABUSE})
WAITS_FOR_MAIL = timedelta(hours=24)
"""How long an erasure that is due waits for mails to the person that are still on their way."""


def due(asked_at: datetime, reason: str, grace_days: int) -> datetime:
    """When the account is erased."""
    return asked_at if reason in AT_ONCE else asked_at + timedelta(days=grace_days)
