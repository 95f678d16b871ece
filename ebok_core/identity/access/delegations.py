"""Delegations: an owner lets somebody act for the customer, in a role, for points, until a day (identity.md §8.4)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock, i18n
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import rules as identity_rules
from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.tytan import copy, reads

from . import grants, mails, reach, rules
from .models import Delegation

_D, _A, _C = Delegation.__table__, Account.__table__, CustomerAccess.__table__
_P, _K = copy.service_points.c, copy.customers.c
MOST_OPEN = 50

_OF_CUSTOMER = (
    sa.select(
        _D.c.id, _D.c.email, _D.c.role, _D.c.points, _D.c.valid_to, _D.c.state, _D.c.expires_at, _D.c.created_at,
        _D.c.answered_at, _D.c.ended_at, _A.c.display_name.label("person"), _A.c.email.label("account_email"),
    )
    .outerjoin(_A, _A.c.id == _D.c.account_id)
    .where(_D.c.customer_code == sa.bindparam("code"))
)  # fmt: skip
_LISTED = _OF_CUSTOMER.order_by(_D.c.created_at.desc(), _D.c.id.desc()).limit(200)
_ONE = _OF_CUSTOMER.where(_D.c.id == sa.bindparam("id"))
IS_OWNER = sa.select(_C.c.id).where(
    _C.c.account_id == sa.bindparam("account_id"),
    _C.c.customer_code == sa.bindparam("code"),
    _C.c.role == identity_rules.OWNER,
    *reach.HOLDS,
)
_OWN_POINTS = sa.select(_P.code, _P.name, _P.street, _P.house_no, _P.city).order_by(_P.code)
NAME = sa.select(_K.name).where(_K.code == sa.bindparam("code"))


class Given(NamedTuple):
    """A delegation as the owner sees it; `points` are codes with a line each, `person` who accepted it."""

    id: str
    email: str
    role: str
    points: str | None
    valid_to: date
    state: str
    expires_at: datetime
    created_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    person: str | None
    account_email: str | None

    @property
    def point_codes(self) -> list[str]:
        """The points in reach; empty for all of them."""
        return (self.points or "").split()

    @property
    def is_open(self) -> bool:
        """Whether there is something to take back."""
        return self.state in rules.OPEN


class Point(NamedTuple):
    """A service point that may be given."""

    code: str
    name: str
    street: str | None
    house_no: str | None
    city: str

    @property
    def label(self) -> str:
        """What an owner knows it by."""
        street = " ".join(part for part in (self.street, self.house_no) if part)
        return f"{self.code} {', '.join(part for part in (self.name, street, self.city) if part)}"


def points_of(session: Session, viewer: Viewer) -> list[Point]:
    """The service points of the acting customer."""
    return reads.rows(session, viewer, _OWN_POINTS, as_=Point)


def given(session: Session, viewer: Viewer) -> list[Given]:
    """What was given for the acting customer, the newest first, ended ones too; empty for who is no owner."""
    if viewer.role != identity_rules.OWNER:
        return []
    return [Given._make(row) for row in session.execute(_LISTED, {"code": viewer.customer_code})]


def one(session: Session, viewer: Viewer, delegation_id: str) -> Given:
    """A delegation of the acting customer. Raises `NotFound`, also for who is no owner."""
    row = session.execute(_ONE, {"code": viewer.customer_code, "id": delegation_id}).first()
    if row is None or viewer.role != identity_rules.OWNER:
        raise NotFound(_("There is no such page."))
    return Given._make(row)


# The owner


def offer(
    session: Session, viewer: Viewer, *, email: str, role: str, points: Iterable[str] | None, valid_to: date
) -> str:
    """Invite somebody to act for the acting customer; returns the delegation's id.

    Raises `NotAllowed` for who is no owner by an access of one's own, `Refused` with `own_address`, `known`, `many`,
    `points`, `until`.
    """
    wanted = None if points is None else sorted(set(points))
    _check_offer(session, viewer, email, role, wanted, valid_to)
    token, new = secrets.token_urlsafe(32), uuid7()
    session.add(
        Delegation(
            id=new,
            customer_code=viewer.customer_code or "",
            granted_by=viewer.account_id,
            email=email,
            role=role,
            points=None if wanted is None else "\n".join(wanted),
            valid_to=valid_to,
            state=rules.OFFERED,
            token_hash=hash_of(token),
            expires_at=clock.now_utc() + rules.OFFER_LIVES,
            created_at=clock.now_utc(),
        )
    )
    session.flush()
    _invite(session, viewer, session.get_one(Delegation, new), token)
    record(session, "offered", viewer, new, after={"role": role, "points": wanted, "until": valid_to})
    return new


def _check_offer(
    session: Session, viewer: Viewer, email: str, role: str, wanted: list[str] | None, valid_to: date
) -> None:
    _must_own(session, viewer)
    key = identity_rules.login_key(email)
    if viewer.email and key == identity_rules.login_key(viewer.email):
        raise Refused(_("This is your own address"), code="own_address")
    if role not in identity_rules.ACCESS_ROLES[1:]:
        raise ValueError(f"{role!r} is no role to be given")
    _check_until(valid_to)
    if wanted is not None and (not wanted or set(wanted) - {point.code for point in points_of(session, viewer)}):
        raise Refused(_("Choose service points of this customer"), code="points")
    open_ones = [row for row in given(session, viewer) if row.is_open]
    if any(identity_rules.login_key(row.email) == key for row in open_ones):
        raise Refused(_("This person has an invitation or an access already. Take it back first"), code="known")
    if len(open_ones) >= MOST_OPEN:
        raise Refused(_("There are %(n)s accesses already. Take one back first", n=MOST_OPEN), code="many")


def offer_again(session: Session, viewer: Viewer, delegation_id: str) -> None:
    """Send the invitation once more, with a new link; the old one is void. Raises `NotFound`."""
    _must_own(session, viewer)
    row = _held(session, viewer, delegation_id, rules.OFFERED)
    token = secrets.token_urlsafe(32)
    row.token_hash, row.expires_at = hash_of(token), clock.now_utc() + rules.OFFER_LIVES
    session.flush()
    _invite(session, viewer, row, token)
    record(session, "offered", viewer, row.id, after={"again": True})


def renew(session: Session, viewer: Viewer, delegation_id: str, valid_to: date) -> None:
    """Let a delegation last until another day. Raises `NotFound`, `Refused` with `until`."""
    _must_own(session, viewer)
    _check_until(valid_to)
    row = _held(session, viewer, delegation_id, rules.ACCEPTED)
    before, row.valid_to = row.valid_to, valid_to
    session.execute(sa.update(_C).where(_C.c.id == row.access_id).values(valid_to=valid_to, reminded_days=None))
    session.flush()
    mails.tell(
        session,
        mails.RENEWED,
        mails.person(session, row.account_id or ""),
        mails.about(row.id),
        giver=viewer.display_name,
        code=row.customer_code,
        last_day=valid_to,
    )
    record(session, "renewed", viewer, row.id, before={"until": before}, after={"until": valid_to})


def revoke(session: Session, viewer: Viewer, delegation_id: str) -> None:
    """Take an invitation or an access back; it is gone at the other's next request (S07). Raises `NotFound`."""
    if viewer.role != identity_rules.OWNER:
        raise NotAllowed(_("You have no access to this page"))
    row = _held(session, viewer, delegation_id, *rules.OPEN)
    other = mails.person(session, row.account_id) if row.account_id else None
    _end(session, row, rules.REVOKED, viewer)
    mails.tell(
        session,
        mails.ENDED,
        other,
        mails.about(row.id),
        email=None if other else row.email,
        person=other.display_name if other else row.email,
        code=row.customer_code,
        who=viewer.display_name,
    )
    record(session, "revoked", viewer, row.id)


# Parts


def _must_own(session: Session, viewer: Viewer) -> None:
    """Only who owns the customer by an access of one's own passes it on, and it ends with that access."""
    values = {"account_id": viewer.account_id, "code": viewer.customer_code, "today": clock.today()}
    if viewer.role != identity_rules.OWNER or session.execute(IS_OWNER, values).first() is None:
        raise NotAllowed(_("You have no access to this page"))


def _check_until(valid_to: date) -> None:
    today = clock.today()
    if valid_to < today or valid_to > rules.latest_end(today):
        last = i18n.in_words(rules.latest_end(today))
        raise Refused(_("Choose a day from today to %(last)s", last=last), code="until")


def _held(session: Session, viewer: Viewer, delegation_id: str, *states: str) -> Delegation:
    """The delegation, locked, in one of these states."""
    wanted = sa.select(Delegation).where(
        _D.c.id == delegation_id, _D.c.customer_code == viewer.customer_code, _D.c.state.in_(states)
    )
    found = session.scalars(wanted.with_for_update()).first()
    if found is None:
        raise NotFound(_("There is no such page."))
    return found


def _end(session: Session, row: Delegation, state: str, actor: Viewer) -> None:
    row.state, row.token_hash, row.ended_at = state, None, clock.now_utc()
    session.flush()
    if row.account_id:
        try:
            grants.revoke_access(session, row.account_id, row.customer_code, reason=state, actor=actor)
        except NotFound:
            return  # it ended by itself


def _invite(session: Session, viewer: Viewer, row: Delegation, token: str) -> None:
    mails.tell(
        session,
        mails.OFFER,
        None,
        mails.about(row.id),
        email=row.email,
        path=f"{mails.OFFER_PATH}{token}",
        giver=viewer.display_name,
        name=session.execute(NAME, {"code": row.customer_code}).scalar() or "",
        code=row.customer_code,
        role=row.role,
        last_day=row.valid_to,
        until=i18n.instant_in_words(row.expires_at),
    )


def record(session: Session, verb: str, actor: Viewer | str, delegation_id: str, **details: Any) -> None:
    """Note in the audit trail what became of a delegation."""
    audit.record(
        session,
        f"core.delegation.{verb}",
        actor=actor,
        object_type="core.delegation",
        object_id=delegation_id,
        **details,
    )


def hash_of(token: str) -> str:
    """What the row keeps of an invitation's token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
