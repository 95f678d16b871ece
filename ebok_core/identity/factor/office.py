"""A lost second factor: two of the staff confirm who the person is, one asks and another one decides (ASVS 6.4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.admin import WorkItem
from ebok_core.contracts.identity import Permission, Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import accounts, sessions
from ebok_core.identity.models import Account

from . import rules, service, steps
from .models import FactorRemoval

RESET = Permission(
    key="core.factor_reset",
    title=lazy_gettext("Confirm who a customer is that lost the second factor"),
    roles=frozenset({"clerk", "admin"}),
)
RESET_STAFF = Permission(
    key="core.factor_reset_staff",
    title=lazy_gettext("Confirm who a member of staff is that lost the second factor"),
    roles=frozenset({"admin"}),
)

_R, _A = FactorRemoval.__table__, Account.__table__
_ASKER = _A.alias("asker")
_OPEN = (
    sa.select(
        _R.c.id,
        _R.c.account_id,
        _R.c.proof,
        _R.c.asked_by,
        _R.c.asked_at,
        _R.c.expires_at,
        _A.c.kind,
        _A.c.login,
        _A.c.display_name,
        _ASKER.c.display_name.label("asker"),
    )
    .join_from(_R, _A, _A.c.id == _R.c.account_id)
    .outerjoin(_ASKER, _ASKER.c.id == _R.c.asked_by)
    .where(_R.c.confirmed_at.is_(None), _R.c.withdrawn_at.is_(None), _R.c.expires_at > sa.bindparam("now"))
    .order_by(_R.c.asked_at, _R.c.id)
)


class Removal(NamedTuple):
    """An open request: whose factor, how the person was recognised, who asked, until when it can be confirmed."""

    id: str
    account_id: str
    proof: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    kind: str
    login: str
    display_name: str
    asker: str | None


def waiting(session: Session, viewer: Viewer) -> list[Removal]:
    """Open requests that the viewer may see."""
    rows = [Removal._make(row) for row in session.execute(_OPEN, {"now": clock.now_utc()})]
    return [removal for removal in rows if viewer.may(_right(removal.kind))]


def ask(session: Session, viewer: Viewer, *, login: str, kind: str, proof: str) -> str:
    """The first of two: the person stands at the desk and was recognised. Returns the request's id.

    Raises `Refused` with `unknown`, `own`, `none` or `open`, `NotAllowed`.
    """
    _must(viewer, kind)
    found = accounts.find(session, login, kind)
    if found is None:
        raise Refused(_("There is no account with this login"), code="unknown")
    if found.id == viewer.account_id:
        raise Refused(_("This is your own account. Two other people must confirm who you are"), code="own")
    if not steps.has_factor(session, found.id):
        raise Refused(_("This account has no second factor, the password is enough"), code="none")
    if any(removal.account_id == found.id for removal in waiting(session, viewer)):
        raise Refused(_("Somebody asked for this already. Another person must confirm it below"), code="open")
    now, removal_id = clock.now_utc(), uuid7()
    session.execute(
        sa.insert(_R),
        {
            "id": removal_id,
            "account_id": found.id,
            "proof": proof[:500],
            "asked_by": viewer.account_id,
            "asked_at": now,
            "expires_at": now + rules.REMOVAL_LIVES,
        },
    )
    _record(session, "reset_asked", viewer, found.id, reason=proof)
    return removal_id


def confirm(session: Session, viewer: Viewer, removal_id: str) -> Removal:
    """The second of two: the factors go, the person's sessions end, the person gets a mail.

    Raises `NotFound`, `Refused` with `same` for who asked and for the owner.
    """
    removal = _open(session, viewer, removal_id)
    if viewer.account_id in (removal.asked_by, removal.account_id):
        raise Refused(_("Another person must confirm this: you asked for it"), code="same")
    _close(session, removal, confirmed_at=clock.now_utc(), confirmed_by=viewer.account_id)
    service.remove_all(session, removal.account_id, actor=viewer, reason=removal.proof)
    sessions.end_all(session, removal.account_id, "factor_reset")
    return removal


def withdraw(session: Session, viewer: Viewer, removal_id: str) -> None:
    """The request was a mistake; any of those who may confirm may withdraw it. Raises `NotFound`."""
    removal = _open(session, viewer, removal_id)
    _close(session, removal, withdrawn_at=clock.now_utc())
    _record(session, "reset_withdrawn", viewer, removal.account_id)


def work_items(viewer: Viewer, session: Session) -> list[WorkItem]:
    """Requests that this very person can confirm."""
    return [
        WorkItem(
            key=f"core.factor_removal.{removal.id}",
            kind="core.factor_removal",
            title=_("A lost second factor waits for a second person: %(name)s", name=removal.display_name),
            since=removal.asked_at,
            endpoint="admin.lost_factor.index",
        )
        for removal in waiting(session, viewer)
        if viewer.account_id not in (removal.asked_by, removal.account_id)
    ]


def _open(session: Session, viewer: Viewer, removal_id: str) -> Removal:
    found = next((removal for removal in waiting(session, viewer) if removal.id == removal_id), None)
    if found is None:
        raise NotFound(_("This request is closed, or its time is over."))
    return found


def _close(session: Session, removal: Removal, **values: object) -> None:
    """Close it once; of two at the same time one does."""
    closed = session.execute(
        sa.update(_R)
        .where(_R.c.id == removal.id, _R.c.confirmed_at.is_(None), _R.c.withdrawn_at.is_(None))
        .values(**values)
    )
    if not closed.rowcount:  # type: ignore[attr-defined]
        raise NotFound(_("This request is closed, or its time is over."))


def _right(kind: str) -> Permission:
    return RESET_STAFF if kind == "staff" else RESET


def _must(viewer: Viewer, kind: str) -> None:
    if not viewer.may(_right(kind)):
        raise NotAllowed(_("Only administrators look after the accounts of staff."))


def _record(session: Session, verb: str, viewer: Viewer, account_id: str, reason: str | None = None) -> None:
    audit.record(
        session, f"core.factor.{verb}", actor=viewer, object_type="account", object_id=account_id, reason=reason
    )
