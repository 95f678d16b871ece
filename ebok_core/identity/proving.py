"""Proving again who one is before something sensitive: within the last five minutes (identity.md §6.6).

Customers prove it with the password, or a passkey. What staff do with others' data is very sensitive: who of them has a
second factor proves it with that one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer

from .factor import service as factor
from .factor.passkeys import Challenge
from .factor.rules import Party
from .models import SignInSession
from .sessions import LiveSession, renew_token
from .signin import check_own_password

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from ebok_core.runtime import Runtime

FRESH = timedelta(minutes=5)


def asks_factor(live: LiveSession | None) -> bool:
    """Whether this person proves it with the second factor."""
    return live is not None and live.viewer.kind == "staff" and live.has_factor


def is_fresh(live: LiveSession | None) -> bool:
    """Whether the session's owner proved it within the last five minutes."""
    if live is None:
        return False
    given = live.factor_at if asks_factor(live) else live.authenticated_at
    return given is not None and clock.now_utc() - given < FRESH


def prove(runtime: Runtime, viewer: Viewer, password: str) -> str:
    """Check the viewer's own password, note it, and return the session's new token. Never call it in a unit of work.

    Raises `Refused` with `wrong`, `Delayed` after too many failures; they count with those of a password change.
    """
    check_own_password(runtime, viewer, password)
    with runtime.database.unit_of_work() as session:
        return _proved(session, viewer)


def prove_by_code(runtime: Runtime, viewer: Viewer, code: str) -> str:
    """The same by a code of the app or a recovery code. Raises `Refused` with `shape` or `wrong`, `Delayed`."""
    factor.check_code(runtime, viewer.account_id, code)
    with runtime.database.unit_of_work() as session:
        return _proved(session, viewer, by_factor=True)


def prove_by_passkey(runtime: Runtime, viewer: Viewer, party: Party, challenge: Challenge, answer: str) -> str:
    """The same by a passkey. Raises `Refused` with `passkey`."""
    with runtime.database.unit_of_work() as session:
        factor.prove_by_passkey(session, viewer, party, challenge, answer)
        return _proved(session, viewer, by_factor=True)


def by_new_factor(runtime: Runtime, viewer: Viewer) -> str:
    """The viewer used a factor just now, while adding it: note it, and return the session's new token."""
    with runtime.database.unit_of_work() as session:
        return _proved(session, viewer, by_factor=True)


def by_identity(session: Session, viewer: Viewer) -> str:
    """The viewer came back from login.gov.pl as the person of this account: note it, and return the new token."""
    return _proved(session, viewer, by_factor=True)


def _proved(session: Session, viewer: Viewer, *, by_factor: bool = False) -> str:
    """Note it; the session's old token is dead at once (S09)."""
    token = renew_token(session, viewer.session_id or "", keeps_duty=True)
    if by_factor:
        session.execute(
            sa.update(SignInSession).where(SignInSession.id == viewer.session_id).values(factor_at=clock.now_utc()),
            execution_options={"synchronize_session": False},
        )
    audit.record(
        session,
        "core.session.proved",
        actor=viewer,
        object_type="session",
        object_id=viewer.session_id or viewer.account_id,
    )
    return token
