"""Groups of three kinds, their words kept apart (L153): of access, of rights, of recipients. Removal works at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Permission, Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import rules as identity_rules
from ebok_core.identity.models import Account
from ebok_core.identity.permissions import ACCOUNTS
from ebok_core.tytan import copy

from . import people, rules
from .models import Group, GroupCustomer, GroupMember, GroupRight
from .permissions import STAFF

_G, _M, _K, _R = Group.__table__, GroupMember.__table__, GroupCustomer.__table__, GroupRight.__table__
_A, _T = Account.__table__, copy.customers.c
MOST_AT_ONCE = 2000
MOST_SHOWN = 500

_MEMBERS = (
    sa.select(_A.c.id, _A.c.login, _A.c.display_name, _A.c.email)
    .join(_M, _M.c.account_id == _A.c.id)
    .where(_M.c.group_id == sa.bindparam("id"))
    .order_by(_A.c.login_key)
    .limit(MOST_SHOWN)
)
_CUSTOMERS = (
    sa.select(_K.c.customer_code, _T.name)
    .select_from(_K.outerjoin(copy.customers, _T.code == _K.c.customer_code))
    .where(_K.c.group_id == sa.bindparam("id"))
    .order_by(_K.c.customer_code)
    .limit(MOST_SHOWN)
)
_BY_NIP = sa.select(_T.code).where(_T.nip == sa.bindparam("nip")).order_by(_T.code)


class Shown(NamedTuple):
    """A group as the panel shows it."""

    id: str
    kind: str
    name: str
    role: str | None


class Member(NamedTuple):
    """A person in a group."""

    id: str
    login: str
    display_name: str
    email: str | None


class Customer(NamedTuple):
    """A customer in a group; without a name where the copy lacks it."""

    code: str
    name: str | None


def needed_for(kind: str) -> Permission:
    """The right that a change of such a group asks for."""
    return STAFF if kind == rules.RIGHTS_GROUP else ACCOUNTS


def one(session: Session, group_id: str) -> Shown:
    """A group. Raises `NotFound`."""
    row = session.execute(sa.select(_G.c.id, _G.c.kind, _G.c.name, _G.c.role).where(_G.c.id == group_id)).first()
    if row is None:
        raise NotFound(_("There is no such group."))
    return Shown._make(row)


def members(session: Session, group_id: str) -> list[Member]:
    """The people of a group, the first 500 by login."""
    return [Member._make(row) for row in session.execute(_MEMBERS, {"id": group_id})]


def customers(session: Session, group_id: str) -> list[Customer]:
    """The customers of a group, the first 500 by code."""
    return [Customer._make(row) for row in session.execute(_CUSTOMERS, {"id": group_id})]


def rights(session: Session, group_id: str) -> list[str]:
    """The permissions that a group of rights gives."""
    return list(session.scalars(sa.select(_R.c.permission).where(_R.c.group_id == group_id).order_by(_R.c.permission)))


def recipients(session: Session, group_id: str) -> list[str]:
    """The customer codes of a group of recipients, for modules that write to many. Raises `NotFound`."""
    if one(session, group_id).kind != rules.RECIPIENTS_GROUP:
        raise NotFound(_("There is no such group."))
    return list(session.scalars(sa.select(_K.c.customer_code).where(_K.c.group_id == group_id)))


def add(session: Session, viewer: Viewer, *, kind: str, name: str, role: str | None = None) -> str:
    """Make a group and return its id. Raises `NotAllowed`, `Refused` with `name` for one that is there already."""
    if kind not in rules.GROUP_KINDS or (kind == rules.ACCESS_GROUP) != (role in identity_rules.ACCESS_ROLES):
        raise ValueError(f"no group of the kind {kind!r} with the role {role!r}")
    _must(viewer, kind)
    group = Group(
        id=uuid7(), kind=kind, name=name, name_key=identity_rules.login_key(name), role=role, created_at=clock.now_utc()
    )
    try:
        with session.begin_nested():
            session.add(group)
    except IntegrityError as error:
        raise Refused(_("There is a group of this kind and name already"), code="name") from error
    _record(session, "added", viewer, group.id, after={"kind": kind, "name": name, "role": role})
    return group.id


def remove(session: Session, viewer: Viewer, group_id: str) -> None:
    """Delete a group; what it gave is gone at the next request. Raises `NotFound`, `NotAllowed`."""
    found = _held(session, viewer, group_id)
    session.execute(sa.delete(_G).where(_G.c.id == group_id))
    _record(session, "removed", viewer, group_id, before={"kind": found.kind, "name": found.name})


def add_people(session: Session, viewer: Viewer, group_id: str, logins: Sequence[str]) -> int:
    """Put accounts into a group by login or e-mail address, all or none; returns how many were not there before.

    Raises `NotFound`, `NotAllowed`, `Refused` with `people` (unknown logins are named) or `own_rights`.
    """
    found = _held(session, viewer, group_id)
    kind = _kind_of_people(found)
    ids = _accounts(session, kind, logins)
    if kind == "staff" and viewer.account_id in ids:
        raise Refused(_("You can't change your own rights. Ask another administrator"), code="own_rights")
    there = set(session.scalars(sa.select(_M.c.account_id).where(_M.c.group_id == group_id)))
    new = [i for i in ids if i not in there]
    if new:
        session.execute(sa.insert(_M), [{"account_id": i, "group_id": group_id} for i in new])
        _record(session, "changed", viewer, group_id, after={"people_added": new})
    return len(new)


def take_out(session: Session, viewer: Viewer, group_id: str, wanted: Iterable[str]) -> int:
    """Take people (by login or address) and customers (by code) out of a group; returns how many there were.

    Raises `NotFound`, `NotAllowed`, `Refused` with `own_rights`.
    """
    found, listed = _held(session, viewer, group_id), sorted(set(wanted))
    keys = [identity_rules.login_key(text) for text in listed]
    named = sa.select(_A.c.id).where(sa.or_(_A.c.login_key.in_(keys), _A.c.email_key.in_(keys)))
    members_of = sa.select(_M.c.account_id).where(_M.c.group_id == group_id, _M.c.account_id.in_(named))
    ids = list(session.scalars(members_of))
    if found.kind == rules.RIGHTS_GROUP and viewer.account_id in ids:
        raise Refused(_("You can't change your own rights. Ask another administrator"), code="own_rights")
    session.execute(sa.delete(_M).where(_M.c.group_id == group_id, _M.c.account_id.in_(ids)))
    gone = session.execute(
        sa.delete(_K).where(_K.c.group_id == group_id, _K.c.customer_code.in_(listed)).returning(_K.c.customer_code)
    ).all()
    if ids or gone:
        out = {"people_removed": ids, "customers_removed": sorted(row.customer_code for row in gone)}
        _record(session, "changed", viewer, group_id, before=out)
    return len(ids) + len(gone)


def add_customers(session: Session, viewer: Viewer, group_id: str, codes: Sequence[str], nip: str | None = None) -> int:
    """Put customers into a group by their codes, or all of one NIP; returns how many were not there before.

    Raises `NotFound`, `NotAllowed`, `Refused` with `codes` (those the copy lacks are named) or `nip`.
    """
    found = _held(session, viewer, group_id)
    if found.kind == rules.RIGHTS_GROUP:
        raise NotFound(_("There is no such group."))
    wanted = list(dict.fromkeys(codes))
    if nip:
        of_nip = list(session.scalars(_BY_NIP, {"nip": nip}))
        if not of_nip:
            raise Refused(_("Our billing has no customer with this NIP"), code="nip")
        wanted += [code for code in of_nip if code not in wanted]
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise Refused(_("Give from 1 to %(most)s customer codes", most=MOST_AT_ONCE), code="codes")
    wrong = people.unknown_codes(session, wanted)
    if wrong:
        shown = ", ".join(wrong[:10])
        raise Refused(_("Our billing has no customer with the code %(codes)s. Check it", codes=shown), code="codes")
    there = set(session.scalars(sa.select(_K.c.customer_code).where(_K.c.group_id == group_id)))
    new = [code for code in wanted if code not in there]
    if new:
        session.execute(sa.insert(_K), [{"group_id": group_id, "customer_code": code} for code in new])
        _record(session, "changed", viewer, group_id, after={"customers_added": new})
    return len(new)


def set_rights(
    session: Session, viewer: Viewer, group_id: str, keys: Iterable[str], declared: Iterable[Permission]
) -> None:
    """Let a group of rights give these permissions and no other; they act at the next request.

    Raises `NotFound`, `NotAllowed`, `Refused` with `rights` for what is no right of staff, `own_rights` for a member.
    """
    found = _held(session, viewer, group_id)
    if found.kind != rules.RIGHTS_GROUP:
        raise NotFound(_("There is no such group."))
    wanted = set(keys)
    if wanted - {p.key for p in declared if identity_rules.is_for_staff(p)}:
        raise Refused(_("Choose rights of this list"), code="rights")
    mine = sa.select(_M.c.group_id).where(_M.c.group_id == group_id, _M.c.account_id == viewer.account_id)
    if session.execute(mine).first() is not None:
        raise Refused(_("You can't change your own rights. Ask another administrator"), code="own_rights")
    before = set(rights(session, group_id))
    session.execute(sa.delete(_R).where(_R.c.group_id == group_id))
    if wanted:
        session.execute(sa.insert(_R), [{"group_id": group_id, "permission": key} for key in sorted(wanted)])
    _record(session, "changed", viewer, group_id, before={"rights": sorted(before)}, after={"rights": sorted(wanted)})


def _kind_of_people(found: Shown) -> str:
    if found.kind == rules.RECIPIENTS_GROUP:
        raise NotFound(_("There is no such group."))
    return "staff" if found.kind == rules.RIGHTS_GROUP else "customer"


def _accounts(session: Session, kind: str, logins: Sequence[str]) -> list[str]:
    keys = {identity_rules.login_key(login): login for login in logins}
    if not keys or len(keys) > MOST_AT_ONCE:
        raise Refused(_("Give from 1 to %(most)s logins", most=MOST_AT_ONCE), code="people")
    found: dict[str, str] = {}
    wanted = sa.select(_A.c.id, _A.c.login_key, _A.c.email_key).where(
        _A.c.kind == kind, sa.or_(_A.c.login_key.in_(keys), _A.c.email_key.in_(keys))
    )
    for row in session.execute(wanted):
        found |= {key: row.id for key in (row.email_key, row.login_key) if key in keys}
    missing = [typed for key, typed in keys.items() if key not in found]
    if missing:
        shown = ", ".join(missing[:10])
        raise Refused(_("There is no account %(logins)s. Check the login or address", logins=shown), code="people")
    return list(dict.fromkeys(found[key] for key in keys))


def _held(session: Session, viewer: Viewer, group_id: str) -> Shown:
    """The group, its row locked, if the viewer may change it."""
    session.execute(sa.select(_G.c.id).where(_G.c.id == group_id).with_for_update())
    found = one(session, group_id)
    _must(viewer, found.kind)
    return found


def _must(viewer: Viewer, kind: str) -> None:
    if not viewer.may(needed_for(kind)):
        raise NotAllowed(_("You have no access to this page"))


def _record(session: Session, verb: str, viewer: Viewer, group_id: str, **details: Any) -> None:
    audit.record(session, f"core.group.{verb}", actor=viewer, object_type="core.group", object_id=group_id, **details)
