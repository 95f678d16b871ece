"""Which customers an account reaches, in which role and at which points: parts of the session's one statement.

An access of one's own and a group's share stand side by side; towards one customer the strongest role counts, with its
own points. A delegation holds as long as its giver is an owner: nobody passes on what is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from ebok_core.db import at_most
from ebok_core.identity import rules
from ebok_core.identity.models import Account, CustomerAccess

from .models import AccessPoint, Group, GroupCustomer, GroupMember, GroupRight
from .rules import ACCESS_GROUP, DELEGATION, RIGHTS_GROUP

_A, _C, _P = Account.__table__, CustomerAccess.__table__, AccessPoint.__table__
_G, _M, _K, _R = Group.__table__, GroupMember.__table__, GroupCustomer.__table__, GroupRight.__table__
_GIVER, _GIVING = _A.alias("giver"), _C.alias("giving")
_TODAY = sa.bindparam("today", type_=sa.Date)


def _lives(access: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        access.c.revoked_at.is_(None),
        access.c.valid_from <= _TODAY,
        sa.or_(access.c.valid_to.is_(None), access.c.valid_to >= _TODAY),
    )


_GIVER_HOLDS = (
    sa.select(_GIVING.c.id)
    .join(_GIVER, _GIVER.c.id == _GIVING.c.account_id)
    .where(
        _GIVING.c.account_id == _C.c.granted_by,
        _GIVING.c.customer_code == _C.c.customer_code,
        _GIVING.c.role == rules.OWNER,
        _GIVER.c.status != "blocked",
        *_lives(_GIVING),
    )
    .correlate(_C)
    .exists()
)
HOLDS = (*_lives(_C), sa.or_(_C.c.source != DELEGATION, _GIVER_HOLDS))
"""Conditions on `core_customer_access`: the access is in force `today`, a parameter of the statement."""
_OWN = (_C.c.account_id == _A.c.id, *HOLDS)
_SHARED = (_M.c.account_id == _A.c.id, _G.c.kind == ACCESS_GROUP)
_SHARES = _M.join(_G, _G.c.id == _M.c.group_id).join(_K, _K.c.group_id == _G.c.id)


def _joined(values: Any, separator: str, source: Any, *conditions: Any) -> sa.ScalarSelect[Any]:
    gathered = sa.select(sa.func.aggregate_strings(values, separator)).select_from(source).where(*conditions)
    return gathered.correlate(_A).scalar_subquery()


OWN = _joined(_C.c.role + ":" + _C.c.scope + ":" + _C.c.customer_code, ",", _C, *_OWN)
SHARED = _joined(_G.c.role + ":" + rules.FULL_SCOPE + ":" + _K.c.customer_code, ",", _SHARES, *_SHARED)
POINTS = _joined(_C.c.customer_code + "\t" + _P.c.point_code, "\n", _C.join(_P, _P.c.access_id == _C.c.id), *_OWN)
RIGHTS = _joined(
    _R.c.permission,
    ",",
    _M.join(_G, _G.c.id == _M.c.group_id).join(_R, _R.c.group_id == _G.c.id),
    _M.c.account_id == _A.c.id,
    _G.c.kind == RIGHTS_GROUP,
)
FIRST = sa.func.coalesce(
    sa.select(sa.func.min(_C.c.customer_code)).where(*_OWN).correlate(_A).scalar_subquery(),
    sa.select(sa.func.min(_K.c.customer_code)).select_from(_SHARES).where(*_SHARED).correlate(_A).scalar_subquery(),
)
COLUMNS = (OWN.label("own"), SHARED.label("shared"), POINTS.label("points"), RIGHTS.label("rights"))
"""What the session's statement asks for beside the account."""


class Reach(NamedTuple):
    """The role by customer code, and the points of customers who are reached only in part."""

    roles: Mapping[str, str]
    narrowed: tuple[tuple[str, tuple[str, ...]], ...]


def reach_of(own: str | None, shared: str | None, points: str | None) -> Reach:
    """Read what `COLUMNS` gave.

    >>> reach_of("observer:points:2,owner:all:1", "manager:all:3", "2\\tP7").narrowed
    (('2', ('P7',)),)
    """
    found: dict[str, tuple[str, str]] = {}
    for part in [*(own or "").split(","), *(shared or "").split(",")]:
        if not part:
            continue
        role, scope, code = part.split(":", 2)
        if role in rules.ACCESS_ROLES and (code not in found or _strength(role, scope) < _strength(*found[code])):
            found[code] = (role, scope)
    by_code: dict[str, list[str]] = {code: [] for code, (_role, scope) in found.items() if scope != rules.FULL_SCOPE}
    for line in (points or "").split("\n"):
        code, _tab, point = line.partition("\t")
        if code in by_code:
            by_code[code].append(point)
    narrowed = tuple((code, tuple(sorted(by_code[code]))) for code in sorted(by_code))
    return Reach({code: role for code, (role, _scope) in found.items()}, narrowed)


def _strength(role: str, scope: str) -> tuple[int, bool]:
    return rules.ACCESS_ROLES.index(role), scope != rules.FULL_SCOPE


def names_of(customers: sa.Table, most: int) -> tuple[sa.ColumnElement[str | None], sa.ColumnElement[str | None]]:
    """Code and name of the first `most` customers that the account reaches by itself, and of those by its groups."""
    return _names(customers, most, _C, _C.c.customer_code, _OWN), _names(
        customers, most, _SHARES, _K.c.customer_code, _SHARED
    )


def _names(customers: sa.Table, most: int, source: Any, code: Any, conditions: Any) -> sa.ColumnElement[str | None]:
    few = (
        sa.select((customers.c.code + "\t" + customers.c.name).label("line"))
        .select_from(source.join(customers, customers.c.code == code))
        .where(*conditions)
        .order_by(customers.c.code)
        .limit(at_most(most))
        .correlate(_A)
        .subquery()
    )
    return sa.select(sa.func.aggregate_strings(few.c.line, "\n")).scalar_subquery()
