"""Tell the workers, after the commit, that a target has something to deliver: best effort, a sweep finds the rest."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sqlalchemy.orm import Session

from ebok_core import db

Nudge = Callable[[str], object]

_KEY = "ebok.outbox.nudge"
_NUDGED = "ebok.outbox.nudged"


def for_sessions(nudge: Nudge) -> dict[str, Nudge]:
    """What the sessions of a database carry so that their commits nudge; `nudge` takes a target's key, may fail."""
    return {_KEY: nudge}


def after_commit(session: Session, target: str) -> None:
    """Nudge the target's worker once, when this unit of work is committed."""
    nudge: Nudge | None = session.info.get(_KEY)
    nudged = session.info.setdefault(_NUDGED, set())
    if nudge is None or target in nudged:
        return
    nudged.add(target)
    db.after_commit(session, functools.partial(nudge, target))
