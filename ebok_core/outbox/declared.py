"""What the room declares to the portal, in one place."""

from __future__ import annotations

from ebok_core.contracts.web import Mount, Zone
from ebok_core.jobs.permissions import SEE

from . import admin, jobs, permissions, privacy
from .targets import core_targets

MOUNTS = (Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=SEE),)
PERMISSIONS = permissions.ALL
ACTIONS = permissions.ACTIONS
JOBS = jobs.JOBS
PERSONAL_DATA = privacy.ALL
targets = core_targets
