"""What the room declares to the portal, in one place."""

from __future__ import annotations

from ebok_core.contracts.admin import ConfigPage
from ebok_core.contracts.web import Mount, Zone
from ebok_core.i18n import lazy_gettext as _

from . import menu, views
from .settings import AccessibilityConfigSchema

MOUNTS = (Mount(zone=Zone.PUBLIC, blueprint=views.blueprint),)
MENU = menu.ALL
CONFIG_PAGES = (
    ConfigPage(
        key="core.accessibility", title=_("Accessibility declaration"), schema=AccessibilityConfigSchema, order=55
    ),
)
