"""The outbox's own jobs: TYTAN's answers, retention, telling senders again, the alarm for what is stuck."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ebok_core.contracts.background import Daily, Every, Job
from ebok_core.i18n import gettext, ngettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.tytan import source
from ebok_core.tytan.engines import TytanUnavailable

from . import feedback, leases, senders, upkeep, watch

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)


def _retain(runtime: Runtime) -> str:
    counts = upkeep.retain(runtime)
    return gettext(
        "Messages emptied: %(messages)s, attempts deleted: %(attempts)s, form tokens deleted: %(submissions)s", **counts
    )


def _tell_again(runtime: Runtime) -> str | None:
    told = senders.tell_again(runtime)
    return ngettext("%(n)s answer taken", "%(n)s answers taken", told) if told else None


def _alarm(runtime: Runtime) -> str | None:
    with runtime.database.snapshot() as session:
        sentences = watch.alarms(watch.backlog(session), leases.now(session))
    for sentence in sentences:
        log.error("outbox.alarm", alarm=True, text=sentence)
    return ngettext("%(n)s alarm", "%(n)s alarms", len(sentences)) if sentences else None


def _read_results(runtime: Runtime) -> str | None:
    """Take TYTAN's answers over; None where there is nothing new."""
    if not source.config_of(runtime).address.strip():
        return None
    try:
        moved = feedback.read_results(runtime)
    except TytanUnavailable as error:
        return gettext("TYTAN's database does not answer: %(reason)s", reason=error)
    return ngettext("%(n)s answer taken over", "%(n)s answers taken over", moved) if moved else None


JOBS = (
    Job(
        key="core.results",
        title=_("Read TYTAN's answers"),
        run=_read_results,
        schedule=Every(interval=timedelta(seconds=5)),
    ),
    Job(
        key="core.outbox_retention",
        title=_("Empty messages that were closed long ago"),
        run=_retain,
        schedule=Daily(hour=3, minute=40),
        limit=timedelta(hours=1),
    ),
    Job(
        key="core.outbox_tell_again",
        title=_("Repeat answers that were not taken"),
        run=_tell_again,
        schedule=Every(interval=timedelta(minutes=5)),
    ),
    Job(
        key="core.outbox_alarm",
        title=_("Look for stuck messages"),
        run=_alarm,
        schedule=Every(interval=timedelta(minutes=15)),
    ),
)
