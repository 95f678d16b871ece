"""The job of this room: sweep files that have no row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebok_core.contracts.background import Daily, Job
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import ngettext

from . import service

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


def sweep(runtime: Runtime) -> str | None:
    """Delete what is a week old and nobody's; tells how many files."""
    with runtime.database.snapshot() as session:
        taken = service.sweep(session, service.folder_of(runtime.settings))
    return ngettext("%(n)s file swept", "%(n)s files swept", taken) if taken else None


JOBS = (
    Job(
        key="core.sweep_files",
        title=_("Sweep files that belong to nothing"),
        run=sweep,
        schedule=Daily(hour=3, minute=40),
    ),
)
