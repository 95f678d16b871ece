"""The daily mail to the office about messages that are stuck in the outbox (reliability.md §4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebok_core import clock, outbox
from ebok_core.contracts.background import Daily, Job
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import ngettext

from . import posts
from .service import enqueue

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

STUCK = NotificationTemplate(
    key="core.outbox_stuck", title=_("Messages that are stuck"), base="ebok_core/outbox/mail/stuck"
)
TEMPLATES = (STUCK,)


def tell_office(runtime: Runtime) -> str | None:
    """Write to the office's address, once a day, while dead or uncertain messages wait for a person."""
    with runtime.database.snapshot() as session:
        stuck = [(row.target, row.dead + row.uncertain) for row in outbox.backlog(session) if row.dead + row.uncertain]
        address = getattr(posts.of(session).office(session), "email", "")
    count = sum(number for _target, number in stuck)
    if not count or not address:
        return None
    with runtime.database.unit_of_work() as session:
        day = clock.today().isoformat()
        context = {"count": count, "targets": stuck}
        enqueue(session, STUCK.key, recipient=address, context=context, subject_type="outbox", subject_id=day)
    return ngettext("%(n)s message is stuck", "%(n)s messages are stuck", count)


JOBS = (
    Job(
        key="core.outbox_stuck_mail",
        title=_("Tell the office about stuck messages"),
        run=tell_office,
        schedule=Daily(hour=7),
    ),
)
