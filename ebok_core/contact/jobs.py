"""The room's nightly job: what was answered long ago is closed, what was kept long enough is forgotten (§10.5)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ebok_core import clock, runtime_settings
from ebok_core.contracts.background import Daily, Job
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _

from . import drafts, keeping
from .settings import CasesConfigSchema

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

MONTH, YEAR = timedelta(days=31), timedelta(days=366)


def tidy(runtime: Runtime) -> str | None:
    """Close, forget and delete, batch by batch until nothing is left; a second run finds nothing."""
    with runtime.database.snapshot() as session:
        kept = runtime_settings.get(session, CasesConfigSchema)
    now = clock.now_utc()
    contact_before = now - timedelta(days=kept.contact_days)
    dates = (now - kept.stranger_months * MONTH, now - kept.customer_years * YEAR)
    with runtime.database.unit_of_work() as session:
        closed = keeping.close_answered(session)
    counts = dict.fromkeys(("forgotten", "deleted", "files"), 0)
    for name, work in (
        ("forgotten", lambda session: keeping.forget_contacts(session, contact_before)),
        ("deleted", lambda session: keeping.delete_old(session, *dates)),
        ("files", drafts.forget_old),
    ):
        found = 1
        while found:
            with runtime.database.unit_of_work() as session:
                found = work(session)
            counts[name] += found
    if not (closed or any(counts.values())):
        return None
    return gettext(
        "Closed: %(closed)s, contact data deleted: %(forgotten)s, cases deleted: %(deleted)s, unsent files: %(files)s",
        closed=closed,
        **counts,
    )


JOBS = (Job(key="core.tidy_cases", title=_("Close and forget old cases"), run=tidy, schedule=Daily(hour=3, minute=20)),)
