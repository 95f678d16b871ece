"""What runs by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ebok_core import Daily, Job, clock
from ebok_core.i18n import lazy_gettext as _

from . import service

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

KEPT_DAYS = 365


def forget(runtime: Runtime) -> str | None:
    """Delete passes that ended more than a year ago; a second run finds none."""
    with runtime.database.unit_of_work() as session:
        count = service.delete_old(session, clock.today() - timedelta(days=KEPT_DAYS))
    return f"{count} passes deleted" if count else None


ALL = [Job(key="basen.forget", title=_("Delete old passes to the pool"), run=forget, schedule=Daily(hour=4))]
