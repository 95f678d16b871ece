"""Proving again who one is before something sensitive: the password in the last five minutes (identity.md §6.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer

from .models import SignInSession
from .sessions import LiveSession
from .signin import check_own_password

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

FRESH = timedelta(minutes=5)


def is_fresh(live: LiveSession | None) -> bool:
    """Whether the session's owner gave the password within the last five minutes."""
    return live is not None and clock.now_utc() - live.authenticated_at < FRESH


def prove(runtime: Runtime, viewer: Viewer, password: str) -> None:
    """Check the viewer's own password and note it in the session. Never call it inside a unit of work.

    Raises `Refused` with `wrong`, `Delayed` after too many failures; they count with those of a password change.
    """
    check_own_password(runtime, viewer, password)
    with runtime.database.unit_of_work() as session:
        session.execute(
            sa.update(SignInSession)
            .where(SignInSession.id == viewer.session_id, SignInSession.ended_at.is_(None))
            .values(authenticated_at=clock.now_utc()),
            execution_options={"synchronize_session": False},
        )
        audit.record(
            session,
            "core.session.proved",
            actor=viewer,
            object_type="session",
            object_id=viewer.session_id or viewer.account_id,
        )
