"""The panel's menu: the four groups of the leaflet and the core's own entries in them (L151, L162, L163).

The order of the leaflet's entries is `ebok_core.contracts.panel.LEAFLET` (a dict of key to order), which every room
may import, also those below the admin shell.
"""

from __future__ import annotations

from ebok_core.contracts.identity import Permission
from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _

from . import permissions

GROUPS = tuple(
    MenuEntry(key=key, zone=Zone.ADMIN, label=label, order=order)
    for key, label, order in (
        ("core.service", _("Service"), 10),
        ("core.start", _("Start"), 20),
        ("core.configuration", _("Configuration"), 30),
        ("core.help", _("Help"), 40),
    )
)


def _entry(
    key: str, label: str, endpoint: str, parent: str, order: int, permission: Permission | None = None
) -> MenuEntry:
    return MenuEntry(
        key=key,
        zone=Zone.ADMIN,
        label=label,
        endpoint=f"admin.{endpoint}",
        parent=parent,
        order=order,
        permission=permission,
    )


ALL = (
    *GROUPS,
    _entry(
        "core.admin_refresh",
        _("Refresh the copy of a user's data"),
        "copies.refresh_customer",
        "core.service",
        LEAFLET["core.admin_refresh"],
        permissions.REFRESH,
    ),
    _entry("core.admin_home", _("Home page"), "core.home", "core.start", LEAFLET["core.admin_home"]),
    _entry(
        "core.admin_preview",
        _("Preview of a user's data"),
        "customers.find",
        "core.start",
        LEAFLET["core.admin_preview"],
        permissions.CUSTOMERS,
    ),
    _entry("core.admin_work", _("To do"), "core.to_do", "core.start", 20),
    _entry("core.admin_modules", _("Modules"), "core.modules", "core.start", 90),
    _entry("core.admin_help", _("Help for staff"), "core.help_start", "core.help", 10),
)
