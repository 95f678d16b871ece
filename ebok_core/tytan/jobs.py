"""The jobs of this room: refresh the copy, compare everything once a night."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ebok_core import clock
from ebok_core.contracts.background import Daily, Every, Job
from ebok_core.errors import Refused
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _

from . import refresh, source, state

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

TICK = timedelta(seconds=5)
"""How often the refresh asks whether it is due: the page's interval can be as short as that."""
LONGEST = timedelta(hours=6)
"""A first load or a compare of a very large utility."""


def refresh_when_due(runtime: Runtime) -> str | None:
    """Refresh by change numbers when the page's interval has passed; None where nothing was to do or changed."""
    config = source.config_of(runtime)
    if not config.address.strip():
        return None
    with runtime.database.snapshot() as session:
        attempted_at = state.last_run(session).attempted_at
    if attempted_at and clock.now_utc() < attempted_at + timedelta(seconds=config.refresh_seconds):
        return None
    report = _unless_running(runtime, full=False)
    return report.sentence() if report and (report.problem or report.rows_changed) else None


def full_compare(runtime: Runtime) -> str | None:
    """Compare every row of the copy with TYTAN: deletions and late commits that the numbers missed."""
    if not source.config_of(runtime).address.strip():
        return None
    report = _unless_running(runtime, full=True)
    return report.sentence() if report else gettext("Another refresh is running")


def _unless_running(runtime: Runtime, *, full: bool) -> refresh.Report | None:
    try:
        return refresh.refresh(runtime, full=full)
    except Refused as refused:
        if refused.code != "refresh_running":
            raise
        return None


JOBS = (
    Job(
        key="core.refresh",
        title=_("Refresh the copy of TYTAN's data"),
        run=refresh_when_due,
        schedule=Every(interval=TICK),
        limit=LONGEST,
    ),
    Job(
        key="core.full_compare",
        title=_("Compare the whole copy with TYTAN"),
        run=full_compare,
        schedule=Daily(hour=1, minute=10),
        limit=LONGEST,
    ),
)
