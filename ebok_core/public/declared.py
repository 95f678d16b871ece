"""What the room declares to the portal, in one place."""

from __future__ import annotations

from ebok_core.contracts.admin import ConfigPage
from ebok_core.contracts.web import Mount, PublicEntry, Zone
from ebok_core.i18n import lazy_gettext as _

from . import menu, views
from .blocks import admin as zone_admin
from .blocks import notices, permissions
from .blocks import views as zone
from .settings import AccessibilityConfigSchema

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=views.blueprint),
    Mount(zone=Zone.PUBLIC, blueprint=zone.blueprint),
    Mount(zone=Zone.ADMIN, blueprint=zone_admin.blueprint, permission=permissions.PUBLISH),
)
PERMISSIONS = permissions.ALL
MENU = menu.ALL
ACTIONS = permissions.ACTIONS
PUBLIC_ENTRIES = (
    PublicEntry(key=zone.LATEST, template="ebok_core/public/blocks/_latest.html", load=zone.latest, order=10),
)
TEMPLATES = notices.TEMPLATES
CONFIG_PAGES = (
    ConfigPage(
        key="core.accessibility", title=_("Accessibility declaration"), schema=AccessibilityConfigSchema, order=55
    ),
)
