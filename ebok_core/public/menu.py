"""Information first and Pomoc last in the menu of strangers (L28, L95); the panel's entry of the public zone."""

from __future__ import annotations

from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _

from .blocks.permissions import PUBLISH

ALL = (
    *(
        MenuEntry(
            key=f"core.{zone.value}_help_start",
            zone=zone,
            label=_("Help"),
            endpoint="public.public.help_start",
            order=910,
        )
        for zone in (Zone.PUBLIC, Zone.CUSTOMER)
    ),
    MenuEntry(key="core.public_zone", zone=Zone.PUBLIC, label=_("Information"), endpoint="public.zone.index", order=10),
    MenuEntry(
        key="core.admin_zone",
        zone=Zone.ADMIN,
        label=_("Public zone"),
        endpoint="admin.zone.index",
        permission=PUBLISH,
        parent="core.start",
        order=60,
    ),
)
