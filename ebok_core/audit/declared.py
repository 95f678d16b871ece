"""What the room declares to the portal, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import ConfigPage, StatusRow
from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import MenuEntry, Mount, Zone
from ebok_core.i18n import lazy_gettext as _

from . import admin, jobs, permissions, privacy, settings

MOUNTS = (Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.READ),)
PERMISSIONS = permissions.ALL
ACTIONS = permissions.ACTIONS
MENU = (
    MenuEntry(
        key="core.admin_logs",
        zone=Zone.ADMIN,
        label=_("Administrators' log"),
        endpoint="admin.audit.logs",
        permission=permissions.READ,
        parent="core.start",
        order=LEAFLET["core.admin_logs"],
    ),
    MenuEntry(
        key="core.admin_activities",
        zone=Zone.ADMIN,
        label=_("Administrators' activities"),
        endpoint="admin.audit.activities",
        permission=permissions.READ,
        parent="core.start",
        order=LEAFLET["core.admin_activities"],
    ),
)
CONFIG_PAGES = (
    ConfigPage(
        key=settings.AuditConfigSchema.key,
        title=_("Seal of the audit trail"),
        schema=settings.AuditConfigSchema,
        order=settings.ORDER,
        intro=_("Each night the portal seals its trail of activities and mails the seal to who keeps it elsewhere."),
    ),
)
TEMPLATES = jobs.TEMPLATES
JOBS = jobs.JOBS
PERSONAL_DATA = privacy.ALL


def config_status(session: Session) -> Iterable[StatusRow]:
    """Whether the trail is whole and its seals leave the portal."""
    return [settings.status(session)]
