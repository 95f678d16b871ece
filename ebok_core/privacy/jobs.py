"""The jobs of privacy: build files with one's own data, erase accounts whose time has come, forget what is old."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ebok_core import clock, runtime_settings
from ebok_core.contracts.background import Daily, Every, Job
from ebok_core.i18n import gettext, ngettext
from ebok_core.i18n import lazy_gettext as _

from .deletion import erasing
from .diary import service as diary
from .models import ConsentEvent, DocumentAcceptance
from .own_data import service as own_data
from .settings import RetentionConfigSchema

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


def build_files(runtime: Runtime) -> str | None:
    """Build what was asked for."""
    built = own_data.build_asked(runtime)
    return ngettext("%(n)s file built", "%(n)s files built", built) if built else None


def erase_accounts(runtime: Runtime) -> str | None:
    """Erase accounts whose time has come."""
    gone, waiting = erasing.erase_due(runtime)
    if not gone and not waiting:
        return None
    return gettext("Accounts erased: %(gone)s, waiting: %(waiting)s", gone=gone, waiting=waiting)


def forget(runtime: Runtime) -> str | None:
    """Delete evidence and diary lines that are old enough, and take back files (§10.5)."""
    with runtime.database.unit_of_work() as session:
        kept = runtime_settings.get(session, RetentionConfigSchema)
        before = clock.now_utc() - timedelta(days=366 * kept.evidence_years)
        count = own_data.forget_old(session) + diary.forget_old(session, kept.diary_months)
        for table in (DocumentAcceptance.__table__, ConsentEvent.__table__):
            old = session.execute(sa.delete(table).where(table.c.subject_ended_at < before))
            count += int(old.rowcount)  # type: ignore[attr-defined]
    return ngettext("%(n)s old entry deleted", "%(n)s old entries deleted", count) if count else None


JOBS = (
    Job(
        key="core.own_data",
        title=_("Build files with one's own data"),
        run=build_files,
        schedule=Every(interval=timedelta(minutes=1)),
    ),
    Job(
        key="core.account_deletions",
        title=_("Erase accounts whose time has come"),
        run=erase_accounts,
        schedule=Every(interval=timedelta(minutes=10)),
        limit=timedelta(minutes=30),
    ),
    Job(
        key="core.privacy_care",
        title=_("Delete old evidence, diary lines and own-data files"),
        run=forget,
        schedule=Daily(hour=3, minute=20),
    ),
)
