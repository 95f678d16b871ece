"""Of whom a second factor is demanded (security.md S13): administrators always, other staff by the utility's policy."""

from __future__ import annotations

from collections.abc import Callable

from ebok_core.identity.sessions import LiveSession
from ebok_core.settings import CoreSettings

from .schemas import SecondFactorPolicy


def is_demanded(settings: CoreSettings, live: LiveSession, policy: Callable[[], SecondFactorPolicy]) -> bool:
    """Whether this person must have a second factor. `policy` is asked only where it decides."""
    if live.viewer.kind != "staff" or not settings.demands_second_factor:
        return False
    return live.is_admin or policy().of_staff


def is_owed(settings: CoreSettings, live: LiveSession, policy: Callable[[], SecondFactorPolicy]) -> bool:
    """Whether the person must add one before anything else."""
    return not live.has_factor and is_demanded(settings, live, policy)
