"""What the room declares to the portal, in one place."""

from __future__ import annotations

from ebok_core.contracts.web import Mount, Zone

from . import reports, views

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=views.blueprint),
    Mount(zone=Zone.PUBLIC, blueprint=reports.blueprint),
)
