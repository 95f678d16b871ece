"""Background work: take over what the copy says of readings given in the portal, remind before the window closes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ebok_core import Daily, Every, Job, clock
from ebok_core.i18n import lazy_gettext as _

from . import service

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


def follow_copy(runtime: Runtime) -> str | None:
    """Bring readings to the states that the copy shows, batch by batch; tells how many moved."""
    batch = runtime.module_settings["ebok_odczyt"].follow_batch
    after, moved = "", 0
    while True:
        with runtime.database.snapshot() as session:
            found = service.changes(session, after, batch)
        if not found:
            return str(moved) if moved else None
        with runtime.database.unit_of_work() as session:
            moved += service.take_over(session, found)
        after = found[-1].id


def remind(runtime: Runtime) -> str | None:
    """Write to customers whose meters still have no reading while the window closes soon; tells how many (P15)."""
    with runtime.database.snapshot() as session:
        due = service.reminders_due(session, clock.today())
    written = 0
    for start in range(0, len(due), 50):
        with runtime.database.unit_of_work() as session:
            written += service.remind(session, due[start : start + 50])
    return str(written) if written else None


ALL = (
    Job(
        key="odczyt.follow_copy",
        title=_("Take over the states of readings"),
        run=follow_copy,
        schedule=Every(interval=timedelta(minutes=5)),
    ),
    Job(key="odczyt.remind", title=_("Remind of readings"), run=remind, schedule=Daily(hour=8)),
)
