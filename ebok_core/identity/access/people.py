"""What the office does with accounts: it makes them, gives and takes customers and roles, sets a status (L152, L06)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock, i18n
from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import accounts
from ebok_core.identity.models import Account, AccountRole, CustomerAccess
from ebok_core.identity.permissions import ACCOUNTS
from ebok_core.tytan import copy

from . import grants, mails
from .models import AccessPoint, Group, GroupMember
from .permissions import STAFF

_A, _R, _C = Account.__table__, AccountRole.__table__, CustomerAccess.__table__
_K, _P = copy.customers.c, copy.service_points.c
MOST_CODES = 2000

_ROLES = sa.select(sa.func.aggregate_strings(_R.c.role, ",")).where(_R.c.account_id == _A.c.id).scalar_subquery()
_ONE = sa.select(
    _A.c.id, _A.c.kind, _A.c.login, _A.c.display_name, _A.c.email, _A.c.status, _A.c.status_reason, _A.c.created_at,
    _A.c.password_hash.is_not(None).label("has_password"), _ROLES.label("roles"),
).where(_A.c.id == sa.bindparam("id"))  # fmt: skip
_ACCESSES = (
    sa.select(
        _C.c.id, _C.c.customer_code, _K.name, _C.c.role, _C.c.scope, _C.c.source, _C.c.valid_from, _C.c.valid_to,
        _C.c.revoked_at, _C.c.reason,
        sa.select(sa.func.aggregate_strings(AccessPoint.point_code, ", "))
        .where(AccessPoint.access_id == _C.c.id).scalar_subquery().label("points"),
    )
    .outerjoin(copy.customers, _K.code == _C.c.customer_code)
    .where(_C.c.account_id == sa.bindparam("id"))
    .order_by(_C.c.revoked_at.is_not(None), _C.c.customer_code, _C.c.created_at.desc())
    .limit(500)
)  # fmt: skip
_GROUPS = (
    sa.select(Group.id, Group.kind, Group.name)
    .join(GroupMember, GroupMember.group_id == Group.id)
    .where(GroupMember.account_id == sa.bindparam("id"))
    .order_by(Group.kind, Group.name_key)
)
_KNOWN = sa.select(_K.code).where(_K.code.in_(sa.bindparam("codes", expanding=True)))
_POINTS = sa.select(_P.code).where(
    _P.customer_code == sa.bindparam("customer"), _P.code.in_(sa.bindparam("codes", expanding=True))
)


class Person(NamedTuple):
    """An account as the panel shows it; `roles` of staff by comma."""

    id: str
    kind: str
    login: str
    display_name: str
    email: str | None
    status: str
    status_reason: str | None
    created_at: Any
    has_password: bool
    roles: str | None


class Access(NamedTuple):
    """An access of an account, ended ones too; `points` by comma, None for all."""

    id: str
    customer_code: str
    customer_name: str | None
    role: str
    scope: str
    source: str
    valid_from: date
    valid_to: date | None
    revoked_at: Any
    reason: str | None
    points: str | None

    @property
    def is_over(self) -> bool:
        """Whether it gives nothing any more."""
        return self.revoked_at is not None or (self.valid_to is not None and self.valid_to < clock.today())


class GroupOf(NamedTuple):
    """A group that an account is in."""

    id: str
    kind: str
    name: str


def person(session: Session, account_id: str) -> Person:
    """An account by its id. Raises `NotFound`."""
    row = session.execute(_ONE, {"id": account_id}).first()
    if row is None:
        raise NotFound(_("There is no such account."))
    return Person._make(row)


def accesses(session: Session, account_id: str) -> list[Access]:
    """Every access of an account, those in force first."""
    return [Access._make(row) for row in session.execute(_ACCESSES, {"id": account_id})]


def held(session: Session, account_id: str, code: str) -> Person:
    """The account that has this customer by an access of its own. Raises `NotFound`."""
    if not any(row.customer_code == code and row.revoked_at is None for row in accesses(session, account_id)):
        raise NotFound(_("There is no such customer."))
    return person(session, account_id)


def groups_of(session: Session, account_id: str) -> list[GroupOf]:
    """The groups that an account is in."""
    return [GroupOf._make(row) for row in session.execute(_GROUPS, {"id": account_id})]


def unknown_codes(session: Session, codes: Iterable[str]) -> list[str]:
    """Those of the codes that the copy has no customer for, in their order."""
    wanted = list(codes)
    known = set(session.scalars(_KNOWN, {"codes": wanted})) if wanted else set()
    return [code for code in wanted if code not in known]


def may_look_after(viewer: Viewer, kind: str) -> bool:
    """Whether the viewer may change an account of this kind."""
    return viewer.may(STAFF if kind == "staff" else ACCOUNTS)


# Making accounts


def add_customer(
    session: Session, viewer: Viewer, *, name: str, login: str, email: str | None, codes: list[str], role: str
) -> str:
    """An account of a customer with an invitation (72 h) to its address; without one the letter's code serves.

    Raises `Refused` with `codes` (unknown to the copy, none, too many), `login_taken`, `login_shape`.
    """
    if not codes or len(codes) > MOST_CODES:
        raise Refused(_("Give from 1 to %(most)s customer codes", most=MOST_CODES), code="codes")
    _refuse_unknown(session, codes)
    account_id = accounts.add_account(
        session,
        kind="customer",
        login=login or email or "",
        display_name=name,
        email=email,
        customer_codes=codes,
        access_role=role,
        actor=viewer,
    )
    invite(session, viewer, account_id)
    return account_id


def add_staff(
    session: Session, viewer: Viewer, *, name: str, login: str, email: str | None, roles: Iterable[str]
) -> str:
    """An account of staff with an invitation. Raises `NotAllowed`, `Refused` with `roles`, `login_taken`."""
    if not viewer.may(STAFF):
        raise NotAllowed(_("You have no access to this page"))
    account_id = accounts.add_account(
        session,
        kind="staff",
        login=login or email or "",
        display_name=name,
        email=email,
        roles=roles,
        actor=viewer,
    )
    invite(session, viewer, account_id)
    return account_id


def invite(session: Session, viewer: Viewer, account_id: str) -> bool:
    """Send a link to the first password; False where the account has no address, or has a password already."""
    found = _held(session, viewer, account_id)
    if found.email is None or found.has_password:
        return False
    token, expires = accounts.make_link(session, account_id, actor=viewer)
    mails.tell(
        session,
        mails.INVITED,
        mails.person(session, account_id),
        ("account", account_id),
        path=f"{mails.PASSWORD_PATH}{token}",
        login=found.login,
        until=i18n.instant_in_words(expires),
    )
    return True


# Customers of an account


def give(
    session: Session,
    viewer: Viewer,
    account_id: str,
    code: str,
    *,
    role: str,
    points: list[str] | None,
    valid_to: date | None,
) -> None:
    """Let a customer's account act for one more customer; its owner reads it.

    Raises `NotFound`, `Refused` with `codes`, `points`, `access_exists`, `staff` for an account of staff.
    """
    found = _held(session, viewer, account_id)
    if found.kind != "customer":
        raise Refused(_("An account of staff acts for no customer"), code="staff")
    _refuse_unknown(session, [code])
    if points is not None:
        known = set(session.scalars(_POINTS, {"customer": code, "codes": points})) if points else set()
        wrong = [point for point in points if point not in known]
        if wrong or not points:
            raise Refused(_("This customer has no service point %(code)s", code=", ".join(wrong) or "–"), code="points")
    grants.grant_access(session, account_id, code, role=role, points=points, valid_to=valid_to, actor=viewer)
    with i18n.use_locale(mails.person(session, account_id).locale):
        period = _("until %(day)s", day=i18n.in_words(valid_to)) if valid_to else _("without an end date")
    mails.tell(
        session,
        mails.GIVEN,
        mails.person(session, account_id),
        ("account", account_id),
        path=mails.CUSTOMERS_PATH,
        code=code,
        role=role,
        period=period,
    )


def take(session: Session, viewer: Viewer, account_id: str, code: str, *, reason: str) -> None:
    """Take a customer from an account, at once (S07); its owner reads it. Raises `NotFound`."""
    _held(session, viewer, account_id)
    grants.revoke_access(session, account_id, code, reason=reason, actor=viewer)
    other = mails.person(session, account_id)
    mails.tell(session, mails.TAKEN, other, ("account", account_id), code=code, reason=reason)


# Status and roles


def set_status(
    session: Session, viewer: Viewer, account_id: str, status: str, *, reason: str, words: tuple[Any, Any]
) -> None:
    """Set the status of an account (L06); `words` are its name and meaning for the owner's mail.

    Raises `NotFound`, `Refused` with `last_admin`, `own_rights`.
    """
    _held(session, viewer, account_id)
    accounts.set_status(session, account_id, status, reason=reason, actor=viewer)
    mails.tell(
        session,
        mails.STATUS,
        mails.person(session, account_id),
        ("account", account_id),
        path=mails.ACCOUNT_PATH,
        status=words[0],
        means=words[1],
        reason=reason,
    )


def set_roles(session: Session, viewer: Viewer, account_id: str, roles: Iterable[str]) -> None:
    """Give a member of staff these roles. Raises `NotFound`, `Refused` with `roles`, `last_admin`, `own_rights`."""
    if _held(session, viewer, account_id).kind != "staff":
        raise NotFound(_("There is no such account."))
    accounts.set_roles(session, account_id, roles, actor=viewer)


def _held(session: Session, viewer: Viewer, account_id: str) -> Person:
    """The account, if the viewer may change it. Raises `NotFound`, `NotAllowed`."""
    found = person(session, account_id)
    if not may_look_after(viewer, found.kind):
        raise NotAllowed(_("You have no access to this page"))
    return found


def _refuse_unknown(session: Session, codes: list[str]) -> None:
    wrong = unknown_codes(session, codes)
    if wrong:
        shown = ", ".join(wrong[:10])
        raise Refused(_("Our billing has no customer with the code %(codes)s. Check it", codes=shown), code="codes")
