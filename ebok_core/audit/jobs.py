"""The nightly walk through the audit chain; a broken chain is an alarm, never repaired in silence (security.md §10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ebok_core.contracts.background import Daily, Job
from ebok_core.errors import EbokError
from ebok_core.i18n import gettext, ngettext
from ebok_core.i18n import lazy_gettext as _

from . import service

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)


def verify_chain(runtime: Runtime) -> str:
    """Walk the whole chain. Raises `EbokError` that names the first bad event, so that the run counts as failed."""
    with runtime.database.snapshot() as session:
        verdict = service.verify(session)
    if verdict.fault:
        log.critical("audit.broken", seq=verdict.fault.seq, fault=verdict.fault.text)
        raise EbokError(
            gettext(
                "The audit trail is broken at event %(seq)s: %(fault)s. Keep the machine as it is and call for help.",
                seq=verdict.fault.seq,
                fault=verdict.fault.text,
            )
        )
    return ngettext("%(n)s event verified", "%(n)s events verified", verdict.count)


JOBS = (Job(key="core.verify_audit", title=_("Verify the audit trail"), run=verify_chain, schedule=Daily(hour=4)),)
