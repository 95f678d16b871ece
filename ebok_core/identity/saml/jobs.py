"""The care of external identities: what is over is forgotten, what billing changed is taken back, dates are watched."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ebok_core import clock
from ebok_core.contracts.background import Daily, Every, Job
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _

from . import checks, matching, rules, settings, tasks
from .models import ExternalTask, SamlAssertion, SamlFlow

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

EXPIRY = "expiry"


def forget(runtime: Runtime) -> str | None:
    """Delete flows after a day, assertions when no copy of them could pass, tasks a year after they were cleared up."""
    now = clock.now_utc()
    flows, seen, done = SamlFlow.__table__, SamlAssertion.__table__, ExternalTask.__table__
    with runtime.database.unit_of_work() as session:
        deleted = sum(
            session.execute(sa.delete(table).where(column < limit)).rowcount  # type: ignore[attr-defined]
            for table, column, limit in (
                (flows, flows.c.created_at, now - rules.KEEP_FLOWS),
                (seen, seen.c.keep_until, now),
                (done, done.c.handled_at, now - rules.KEEP_TASKS),
            )
        )
    return gettext("Old entries deleted: %(n)s", n=deleted) if deleted else None


def revise(runtime: Runtime) -> str | None:
    """K: billing is the authority; what login.gov.pl opened ends where billing names another number now."""
    with runtime.database.unit_of_work() as session:
        ended = matching.forget_changed(session, runtime.settings)
    return gettext("Accesses ended, because billing has another PESEL: %(n)s", n=ended) if ended else None


def watch_certificates(runtime: Runtime) -> str | None:
    """Say which certificates end within 60, 30, 14, 7 and 1 days, here and in the work of administrators (§2.3)."""
    with runtime.database.unit_of_work() as session:
        if not settings.state_of(session).is_on:
            return None
        soon = [c for c in checks.certificates(checks.stored_keys(session), clock.now_utc()) if c.warning is not None]
        for certificate in soon:
            about = f"{EXPIRY}:{certificate.shown.fingerprint[:23]}:{certificate.warning}"
            tasks.put_down(session, tasks.CERTIFICATE, about, note=checks.in_words(certificate))
    return ". ".join(checks.in_words(c) for c in soon) or None


JOBS = (
    Job(
        key="core.external_care",
        title=_("Delete old data of sign-ins through login.gov.pl"),
        run=forget,
        schedule=Every(interval=timedelta(hours=1)),
    ),
    Job(
        key="core.external_revision",
        title=_("Compare the links of login.gov.pl with billing"),
        run=revise,
        schedule=Daily(hour=4, minute=40),
    ),
    Job(
        key="core.epuap_certificates",
        title=_("Watch the certificates of login.gov.pl"),
        run=watch_certificates,
        schedule=Daily(hour=7, minute=10),
    ),
)
