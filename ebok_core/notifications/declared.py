"""What the room declares to the portal, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import ConfigPage, StatusRow
from ebok_core.contracts.web import Mount, Zone
from ebok_core.i18n import lazy_gettext as _

from . import admin, jobs, permissions, settings
from .messages import Mail, Sms
from .sms import SmsTarget

MOUNTS = (Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.SEE),)
PERMISSIONS = permissions.ALL
CONFIG_PAGES = (
    ConfigPage(key="core.sms", title=_("Text messages (SMS)"), schema=settings.SmsConfigSchema, order=settings.ORDER),
)
MESSAGES = (Mail, Sms)
JOBS = jobs.JOBS
TEMPLATES = jobs.TEMPLATES


def config_status(session: Session) -> Iterable[StatusRow]:
    """Whether text messages can be sent."""
    return [settings.sms_status(session)]


def targets(portal_settings: object) -> Iterable[SmsTarget]:
    """The gateway for text messages; the mail server is a far side of the outbox itself."""
    return [SmsTarget(portal_settings)]
