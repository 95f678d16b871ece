"""The jobs of the audit room: the watch, the nightly walk, the daily seal (security.md §10).

A broken chain is an alarm, never repaired in silence.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ebok_core import notifications, runtime_settings
from ebok_core.contracts.background import Daily, Every, Job
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.errors import EbokError
from ebok_core.i18n import gettext, ngettext
from ebok_core.i18n import lazy_gettext as _

from . import page_errors, seals, watch
from .service import Fault
from .settings import AuditConfigSchema

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

SEALED = NotificationTemplate(
    key="core.audit_seal", title=_("Daily seal of the audit trail"), base="ebok_core/audit/mail/seal"
)
TEMPLATES = (SEALED,)


def verify_chain(runtime: Runtime) -> str:
    """Walk the whole chain. Raises `EbokError` that names the first bad event, so that the run counts as failed."""
    verdict = watch.whole(runtime)
    if verdict.fault:
        log.critical("audit.broken", alarm=True, seq=verdict.fault.seq, fault=verdict.fault.text)
        raise _broken(verdict.fault)
    return ngettext("%(n)s event verified", "%(n)s events verified", verdict.count)


def watch_chain(runtime: Runtime) -> str | None:
    """Look at the newest events and a part of the older ones. Raises `EbokError` for a fault not known before."""
    fault = watch.look(runtime)
    if fault:
        raise _broken(fault)
    return None


def seal_day(runtime: Runtime) -> str:
    """Seal the day before, mail the seal to its keepers, write it into the log and into the file."""
    with runtime.database.unit_of_work() as session:
        seal = seals.make(session)
        keepers = runtime_settings.get(session, AuditConfigSchema).addresses if seal else []
        for address in keepers:
            notifications.enqueue(
                session,
                SEALED.key,
                recipient=address,
                context={"seal": seal, "line": seal.line() if seal else ""},
                subject_type="audit_seal",
                subject_id=seal.day.isoformat() if seal else "",
            )
    if seal:
        log.info("audit.anchor", day=seal.day.isoformat(), seq=seal.seq, head=seal.head_hash)
    with runtime.database.snapshot() as session:
        every = seals.every(session)
    seals.write_file(seals.file_of(runtime.settings), every)
    last = every[-1]
    return gettext("Sealed up to event %(seq)s, day %(day)s", seq=last.seq, day=last.day.isoformat())


def _forget_errors(runtime: Runtime) -> str | None:
    with runtime.database.unit_of_work() as session:
        count = page_errors.forget(session)
    return ngettext("%(n)s error forgotten", "%(n)s errors forgotten", count) if count else None


def _broken(fault: Fault) -> EbokError:
    return EbokError(
        gettext(
            "The audit trail is broken at event %(seq)s: %(fault)s. Keep the machine as it is and call for help.",
            seq=fault.seq,
            fault=fault.text,
        )
    )


JOBS = (
    Job(key="core.verify_audit", title=_("Verify the audit trail"), run=verify_chain, schedule=Daily(hour=4)),
    Job(
        key="core.watch_audit",
        title=_("Watch over the audit trail"),
        run=watch_chain,
        schedule=Every(interval=timedelta(seconds=30)),
    ),
    Job(key="core.seal_audit", title=_("Seal the audit trail"), run=seal_day, schedule=Daily(hour=0, minute=5)),
    Job(
        key="core.forget_page_errors",
        title=_("Forget old errors of pages"),
        run=_forget_errors,
        schedule=Daily(hour=3, minute=55),
    ),
)
