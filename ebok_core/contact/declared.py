"""What the room declares to the portal, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import ConfigPage, StatusRow
from ebok_core.i18n import lazy_gettext as _

from . import settings

CONFIG_PAGES = (
    ConfigPage(key="core.contact", title=_("Contact data"), schema=settings.ContactConfigSchema, order=40),
    ConfigPage(key="core.look", title=_("Look"), schema=settings.LookConfigSchema, order=60),
)


def config_status(session: Session) -> Iterable[StatusRow]:
    """Whether a customer can find the utility."""
    return [settings.contact_status(session)]
