"""Figures of the statistics page: what was invoiced and what was paid."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ebok_core import Statistic, clock
from ebok_core.i18n import lazy_gettext as _

from . import service
from .permissions import MANAGE


def invoiced_and_paid(session: Session, since: datetime, until: datetime) -> list[tuple[str, Any]]:
    """What was charged and what came in from the day of one instant to the day before the other, in złoty."""
    found = service.amounts_between(session, clock.local(since).date(), clock.local(until).date())
    return [(str(_("Invoiced")), found.bills[0]), (str(_("Paid")), found.paid[0])]


ALL = (
    Statistic(
        key="faktura.invoiced", title=_("Invoiced and paid"), unit="zł", compute=invoiced_and_paid, permission=MANAGE
    ),
)
