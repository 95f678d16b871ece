"""Background work: announce new e-invoices, read what mail servers report, forget what was kept long enough."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ebok_core import Daily, Every, Job, clock
from ebok_core.errors import EbokError
from ebok_core.i18n import gettext, ngettext
from ebok_core.i18n import lazy_gettext as _

from .service import bounces, files, keeping, sending

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

MOST_PAUSE_MS = 200


def notify(runtime: Runtime) -> str | None:
    """Announce the documents that the copy has newly got; killed at any moment, the next run goes on (L183)."""
    queued = _announce_new(runtime)
    with runtime.database.snapshot() as session:
        waiting, slow = sending.held(session), sending.slow_sms(session)
    queued += _each(runtime, waiting, sending.try_again)
    queued += _each(runtime, slow, sending.give_up_sms)
    return ngettext("%(n)s notice", "%(n)s notices", queued) if queued else None


def _announce_new(runtime: Runtime) -> int:
    with runtime.database.snapshot() as session:
        if sending.is_seen(session):
            return 0
    with runtime.database.unit_of_work() as session:
        progress = sending.start(session)
        if progress is None:
            return 0
        seen = sending.copied(session)
    batch = runtime.module_settings["ebok_faktura"].notify_batch
    queued = 0
    while True:
        with runtime.database.snapshot() as session:
            found = sending.fresh(session, progress, 50 * batch)
        for start in range(0, len(found), batch):
            began = clock.monotonic()
            with runtime.database.unit_of_work() as session:
                queued += sending.announce(session, found[start : start + batch])
            # SQLite lets nobody in between two writes in a row: whoever waits gets as long as this one took.
            time.sleep(min(clock.monotonic() - began, MOST_PAUSE_MS / 1000))
        if not found:
            break
    with runtime.database.unit_of_work() as session:
        sending.looked_through(session, seen)
    return queued


def _each(runtime: Runtime, ids: list[str], act: Callable[[Session, str], int]) -> int:
    """Do one thing to each notice, each in a unit of work of its own; one that fails does not stop the others."""
    done = 0
    for notice_id in ids:
        try:
            with runtime.database.unit_of_work() as session:
                done += act(session, notice_id)
        except EbokError:
            log.exception("faktura.notice_failed", notice=notice_id)
    return done


def read_bounces(runtime: Runtime) -> str | None:
    """Read the reports of mail servers, where the utility has named the box (`EBOK_FAKTURA__BOUNCE_MAILBOX`)."""
    box = runtime.module_settings["ebok_faktura"].bounce_mailbox
    if not box:
        return None
    try:
        found = bounces.read_box(runtime, Path(box))
    except OSError as error:
        log.error("faktura.box_unreadable", alarm=True, error=type(error).__name__)
        return gettext("The box of returned mail can't be read: %(reason)s", reason=error.strerror or "")
    return ngettext("%(n)s returned mail", "%(n)s returned mails", found.returned) if found.returned else None


def forget(runtime: Runtime) -> str | None:
    """Delete consents, notices and proofs that were kept as long as the utility says."""
    gone = keeping.forget(runtime)
    return ngettext("%(n)s row deleted", "%(n)s rows deleted", gone) if gone else None


def forget_files(runtime: Runtime) -> str | None:
    """Delete files of documents that the copy holds no longer; tells how many. The core's sweep takes the contents."""
    gone = 0
    while True:
        with runtime.database.unit_of_work() as session:
            found = files.forget_gone(session)
        gone += found
        if not found:
            return ngettext("%(n)s file deleted", "%(n)s files deleted", gone) if gone else None


ALL = (
    Job(
        key="faktura.notify",
        title=_("Announce new e-invoices"),
        run=notify,
        schedule=Every(interval=timedelta(seconds=10)),
        limit=timedelta(minutes=30),
    ),
    Job(
        key="faktura.read_bounces",
        title=_("Read returned mail"),
        run=read_bounces,
        schedule=Every(interval=timedelta(minutes=5)),
    ),
    Job(
        key="faktura.forget_files",
        title=_("Delete files of documents that the portal holds no longer"),
        run=forget_files,
        schedule=Daily(hour=3, minute=30),
    ),
    Job(
        key="faktura.forget",
        title=_("Delete old consents and proofs of receipt"),
        run=forget,
        schedule=Daily(hour=3, minute=55),
        limit=timedelta(minutes=30),
    ),
)
