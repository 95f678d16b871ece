"""How distribution stands: the configuration's status row, health, the names of what the audit trail records."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import AuditAction, HealthCheck, Level, StatusRow, clock, runtime_settings
from ebok_core.i18n import gettext, ngettext
from ebok_core.i18n import lazy_gettext as _

from ..models import QUEUED, Notice
from ..settings import FakturaConfigSchema

ORDER = 210
# A notice that no server has taken for so long needs somebody to look.
WAITS_TOO_LONG = timedelta(hours=4)
_WAITING = sa.select(sa.func.count()).where(Notice.state == QUEUED, Notice.queued_at < sa.bindparam("before"))


def config_status(session: Session) -> list[StatusRow]:
    """Whether the page "e-Faktura" was looked at or stands at its defaults."""
    saved = runtime_settings.saved_at(session, FakturaConfigSchema)
    return [
        StatusRow(
            key=FakturaConfigSchema.key,
            title=gettext("e-Faktura: consents and notices"),
            level=Level.OK if saved else Level.DEFAULT,
            text=gettext("Configured") if saved else gettext("Default"),
            hint="" if saved else gettext("The standard wording of the consent; no prices are shown to customers."),
            order=ORDER,
        )
    ]


def notices_get_through(session: Session) -> tuple[Level, str]:
    """Whether notices wait longer than four hours for the mail server."""
    count = session.execute(_WAITING, {"before": clock.now_utc() - WAITS_TOO_LONG}).scalar_one()
    if not count:
        return Level.OK, gettext("No notice of an e-invoice waits longer than four hours.")
    text = ngettext(
        "%(n)s notice of an e-invoice waits longer than four hours",
        "%(n)s notices of e-invoices wait longer than four hours",
        count,
    )
    return Level.ERROR, gettext("%(text)s. Look at the mail server and the SMS gateway.", text=text)


ACTIONS = (
    AuditAction(key="faktura.consent.given", title=_("Consent to e-invoices was given")),
    AuditAction(key="faktura.consent.changed", title=_("Consent to e-invoices was changed")),
    AuditAction(key="faktura.consent.withdrawn", title=_("Consent to e-invoices was withdrawn")),
    AuditAction(key="faktura.receipt.opened", title=_("An e-invoice was opened")),
    AuditAction(key="faktura.receipt.downloaded", title=_("The file of an e-invoice was fetched")),
    AuditAction(key="faktura.receipt.confirmed", title=_("The receipt of an e-invoice was confirmed")),
    AuditAction(key="faktura.file.wrong", title=_("A file of TYTAN is not what it should be")),
    AuditAction(key="faktura.notice.bounced", title=_("The notice of an e-invoice came back")),
    AuditAction(key="faktura.notice.handled", title=_("A returned notice was cleared up")),
    AuditAction(key="faktura.record.handed_out", title=_("A record of delivery and receipt was handed out")),
)
HEALTH = (HealthCheck(key="faktura.notices", title=_("Notices of e-invoices get through"), check=notices_get_through),)
