"""The jobs of this room: forget old runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebok_core.contracts.background import Daily, Job
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import ngettext

from . import runs

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


def _forget(runtime: Runtime) -> str:
    return ngettext("%(n)s run forgotten", "%(n)s runs forgotten", runs.forget(runtime.database))


JOBS = (
    Job(
        key="core.forget_runs",
        title=_("Forget old runs of background jobs"),
        run=_forget,
        schedule=Daily(hour=3, minute=50),
    ),
)
