"""What the room declares to the portal, in one place."""

from __future__ import annotations

from ebok_core.contracts.web import Mount, Zone

from . import cards, menu, permissions, privacy, views

MOUNTS = (Mount(zone=Zone.CUSTOMER, blueprint=views.blueprint),)
PERMISSIONS = permissions.ALL
MENU = menu.ALL
CARDS = cards.ALL
PERSONAL_DATA = privacy.ALL
