"""What the room declares to the portal, in one place."""

from __future__ import annotations

from . import jobs, permissions
from .targets import core_targets

PERMISSIONS = permissions.ALL
ACTIONS = permissions.ACTIONS
JOBS = jobs.JOBS
targets = core_targets
