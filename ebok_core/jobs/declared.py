"""What the room declares to the portal, in one place."""

from __future__ import annotations

from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import MenuEntry, Mount, Zone
from ebok_core.i18n import lazy_gettext as _

from . import admin, jobs, permissions

MOUNTS = (Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.SEE),)
PERMISSIONS = permissions.ALL
ACTIONS = permissions.ACTIONS
MENU = (
    MenuEntry(
        key="core.admin_processes",
        zone=Zone.ADMIN,
        label=_("Background processes"),
        endpoint="admin.jobs.index",
        permission=permissions.SEE,
        parent="core.start",
        order=LEAFLET["core.admin_processes"],
    ),
)
JOBS = jobs.JOBS
