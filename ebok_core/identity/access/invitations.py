"""The other side of a delegation: the invitation is looked at, accepted with an account of one's own, or declined.

The token is a bearer's: whoever opens the link accepts with the account they have, and the owner reads whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import accounts, history, passwords, sessions, signin
from ebok_core.identity.models import Account
from ebok_core.privacy.documents import service as documents
from ebok_core.privacy.documents.rules import WAY_REGISTRATION

from . import grants, mails, rules
from .delegations import IS_OWNER, NAME, hash_of, record
from .models import Delegation

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

_D, _A = Delegation.__table__, Account.__table__
SOURCE = "invitation"

_BY_TOKEN = (
    sa.select(_D, _A.c.display_name.label("giver"))
    .join(_A, _A.c.id == _D.c.granted_by)
    .where(
        _D.c.token_hash == sa.bindparam("hash"),
        _D.c.state == rules.OFFERED,
        _D.c.expires_at > sa.bindparam("now", type_=_D.c.expires_at.type),
        _D.c.valid_to >= sa.bindparam("today", type_=sa.Date),
    )
)


class Invitation(NamedTuple):
    """What somebody who follows the link is invited to."""

    id: str
    giver: str
    customer_code: str
    customer_name: str
    email: str
    role: str
    point_codes: tuple[str, ...]
    valid_to: date


def invitation(session: Session, token: str) -> Invitation | None:
    """What a token invites to; looking does not use it up."""
    row = _of_token(session, token)
    if row is None:
        return None
    name = session.execute(NAME, {"code": row.customer_code}).scalar() or ""
    points = tuple((row.points or "").split())
    return Invitation(row.id, row.giver, row.customer_code, name, row.email, row.role, points, row.valid_to)


def accept(session: Session, viewer: Viewer, token: str) -> str:
    """Accept an invitation with the viewer's own account; returns the customer's code.

    Raises `NotFound` for a link that is used, lapsed or taken back; `Refused` with `own` for one's own invitation,
    `access_exists` for who acts for the customer already.
    """
    if viewer.kind != "customer":
        raise NotAllowed(_("You have no access to this page"))
    if viewer.status != "normal":
        raise Refused(_("Your account is suspended. Call us or write, and we will clear it up"), code="suspended")
    return take(session, viewer.account_id, token, actor=viewer)


def accept_with_new_account(
    runtime: Runtime, token: str, name: str, password: str, *, seen: Mapping[str, int] | None = None
) -> signin.SignedIn:
    """Make an account with the invitation's address, bind it, and open a session; never call it in a unit of work.

    The link proves the mailbox; `seen` are the versions of the documents that the person accepted, by kind. Raises
    `NotFound`; `Refused` with `weak`, `meanwhile` (newer terms), or `login_taken` where the address has an account.
    """
    with runtime.database.snapshot() as session:
        found = invitation(session, token)
        if found is None:
            raise NotFound(dead_link())
        complaint = signin.complaint_of(runtime, session, password, (found.email.partition("@")[0], name))
    if complaint:
        raise Refused(complaint, code="weak")
    hashed = passwords.hasher_in(runtime.database.info).hash(password)
    with runtime.database.unit_of_work() as session:
        account_id = accounts.add_account(
            session,
            kind="customer",
            login=found.email,
            email=found.email,
            display_name=name,
            password_hash=hashed,
            source=SOURCE,
            actor="stranger",
        )
        if seen:
            documents.accept(session, account_id, seen, way=WAY_REGISTRATION)
        take(session, account_id, token, actor=account_id)
        opened, session_id = sessions.open_session(session, account_id)
        history.write(session, "ok", account_id=account_id, way="registration", session_id=session_id)
        audit.record(session, "core.session.started", actor=account_id, object_type="session", object_id=session_id)
    return signin.SignedIn(opened, session_id, account_id, None)


def take(session: Session, account_id: str, token: str, *, actor: Viewer | str) -> str:
    """Bind an account to what a token invites to; of two at once one gets it. Raises as `accept`."""
    row = _of_token(session, token)
    if row is None:
        raise NotFound(dead_link())
    if row.granted_by == account_id:
        raise Refused(_("You can't accept your own invitation. Forward the link to the other person"), code="own")
    taken = session.execute(
        sa.update(_D)
        .where(_D.c.id == row.id, _D.c.state == rules.OFFERED)
        .values(state=rules.ACCEPTED, token_hash=None, account_id=account_id, answered_at=clock.now_utc())
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        raise NotFound(dead_link())
    access_id = grants.grant_access(
        session,
        account_id,
        row.customer_code,
        source=rules.DELEGATION,
        role=row.role,
        points=None if row.points is None else row.points.split(),
        valid_to=row.valid_to,
        granted_by=row.granted_by,
        actor=actor,
    )
    session.execute(sa.update(_D).where(_D.c.id == row.id).values(access_id=access_id))
    other = mails.person(session, account_id)
    who = f"{other.display_name} ({other.email or other.login})"
    _answered(session, row, who, lazy_gettext("accepted the invitation"))
    record(session, "accepted", actor, row.id)
    return str(row.customer_code)


def decline(session: Session, token: str) -> None:
    """Say no to an invitation; no account is needed for that. Raises `NotFound`."""
    row = _of_token(session, token)
    if row is None:
        raise NotFound(dead_link())
    session.execute(
        sa.update(_D)
        .where(_D.c.id == row.id)
        .values(state=rules.DECLINED, token_hash=None, answered_at=clock.now_utc(), ended_at=clock.now_utc())
    )
    _answered(session, row, row.email, lazy_gettext("declined the invitation"))
    record(session, "declined", "stranger", row.id)


def leave(session: Session, viewer: Viewer, access_id: str) -> None:
    """Note that a delegate left by themselves; the owner reads it."""
    row = session.scalars(sa.select(Delegation).where(_D.c.access_id == access_id)).first()
    if row is None or row.state != rules.ACCEPTED:
        return
    row.state, row.ended_at = rules.LEFT, clock.now_utc()
    session.flush()
    _answered(session, row, viewer.display_name, lazy_gettext("gave the access up"))
    record(session, "left", viewer, row.id)


def dead_link() -> str:
    """What is said of a link that no longer works."""
    return _("This invitation no longer works. Ask the person who sent it for a new one")


def _of_token(session: Session, token: str) -> Any:
    values = {"hash": hash_of(token), "now": clock.now_utc(), "today": clock.today()}
    row = session.execute(_BY_TOKEN, values).first()
    if row is None:
        return None
    owner = {"account_id": row.granted_by, "code": row.customer_code, "today": clock.today()}
    return row if session.execute(IS_OWNER, owner).first() else None


def _answered(session: Session, row: Any, person: str, answer: Any) -> None:
    mails.tell(
        session,
        mails.ANSWERED,
        mails.person(session, row.granted_by),
        mails.about(row.id),
        path=mails.GIVEN_PATH,
        person=person,
        answer=answer,
        code=row.customer_code,
    )
