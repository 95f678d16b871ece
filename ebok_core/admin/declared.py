"""What the room declares to the portal, in one place."""

from __future__ import annotations

from ebok_core.contracts.web import Mount, Zone
from ebok_core.identity.permissions import PANEL

from . import menu, permissions, views

MOUNTS = (Mount(zone=Zone.ADMIN, blueprint=views.blueprint, permission=PANEL),)
PERMISSIONS = permissions.ALL
MENU = menu.ALL
ACTIONS = permissions.ACTIONS
