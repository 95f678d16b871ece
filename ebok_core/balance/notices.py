"""Tells the office of customers whose balance does not add up, once for each new one (reliability.md §6)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ebok_core.contracts.background import Every, Job
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import ngettext

from . import service

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

DOUBT = NotificationTemplate(
    key=service.DOUBT, title=_("Balances that do not add up"), base="ebok_core/balance/mail/doubt"
)
TEMPLATES = (DOUBT,)


def tell(runtime: Runtime) -> str | None:
    """Write to the office while customers are held back; None where nobody is or it knows already."""
    with runtime.database.snapshot() as session:
        found = service.doubts(session)
    if not found:
        return None
    with runtime.database.unit_of_work() as session:
        told = service.tell_office(session, found)
    return ngettext("%(n)s balance to explain", "%(n)s balances to explain", len(found)) if told else None


JOBS = (
    Job(
        key="core.balance_doubts",
        title=_("Tell the office about balances that do not add up"),
        run=tell,
        schedule=Every(interval=timedelta(minutes=5)),
        with_money=True,
    ),
)
