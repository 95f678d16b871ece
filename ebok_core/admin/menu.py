"""The panel's menu: the four groups of the leaflet and the core's own entries in them (L151, L162, L163)."""

from __future__ import annotations

from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _

GROUPS = tuple(
    MenuEntry(key=key, zone=Zone.ADMIN, label=label, order=order)
    for key, label, order in (
        ("core.service", _("Service"), 10),
        ("core.start", _("Start"), 20),
        ("core.configuration", _("Configuration"), 30),
        ("core.help", _("Help"), 40),
    )
)

ALL = (
    *GROUPS,
    MenuEntry(
        key="core.admin_home",
        zone=Zone.ADMIN,
        label=_("Home page"),
        endpoint="admin.core.home",
        parent="core.start",
        order=10,
    ),
    MenuEntry(
        key="core.admin_modules",
        zone=Zone.ADMIN,
        label=_("Modules"),
        endpoint="admin.core.modules",
        parent="core.start",
        order=90,
    ),
)
