"""Accesses of accounts to customers: given in a role and for points, ended at once (S07)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import rules
from ebok_core.identity.models import CustomerAccess

from .models import AccessPoint

_C = CustomerAccess.__table__


def grant_access(
    session: Session,
    account_id: str,
    customer_code: str,
    *,
    source: str = "admin",
    role: str = rules.OWNER,
    points: Iterable[str] | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
    granted_by: str | None = None,
    actor: Viewer | str = audit.SYSTEM,
) -> str:
    """Let a customer's account act for one more customer, from today unless said otherwise; returns the access's id.

    `points` are the service points in reach, None for all; `valid_to` is the last day. Raises `Refused` with the code
    `access_exists`.
    """
    giver = granted_by or (actor.account_id if isinstance(actor, Viewer) else None)
    given = {"source": source, "role": role, "valid_from": valid_from, "valid_to": valid_to, "granted_by": giver}
    reached = None if points is None else sorted(set(points))
    try:
        with session.begin_nested():
            access_id = add(session, account_id, customer_code, points=reached, **given)
            session.flush()
    except IntegrityError as error:
        raise Refused(_("The account already acts for this customer"), code="access_exists") from error
    after = {"customer": customer_code, "source": source, "role": role, "points": reached, "until": valid_to}
    _record(session, "access_granted", actor, account_id, after=after)
    return access_id


def revoke_access(
    session: Session, account_id: str, customer_code: str, *, reason: str, actor: Viewer | str = audit.SYSTEM
) -> None:
    """End an account's access to a customer; it is gone at the next request (S07). Raises `NotFound`."""
    ended = session.execute(
        sa.update(_C)
        .where(_C.c.account_id == account_id, _C.c.customer_code == customer_code, _C.c.revoked_at.is_(None))
        .values(revoked_at=clock.now_utc(), reason=reason[:500])
    )
    if not ended.rowcount:  # type: ignore[attr-defined]
        raise NotFound(_("There is no such customer."))
    _record(session, "access_revoked", actor, account_id, before={"customer": customer_code}, reason=reason)


def add(
    session: Session, account_id: str, customer_code: str, *, points: Iterable[str] | None = None, **given: Any
) -> str:
    """The access as a row with its points; the caller flushes, and records what happened."""
    if "," in customer_code or not customer_code.strip():
        raise ValueError(f"{customer_code!r} is no customer code")
    if given["role"] not in rules.ACCESS_ROLES:
        raise ValueError(f"{given['role']!r} is no role towards a customer")
    given["valid_from"] = given.get("valid_from") or clock.today()
    access = CustomerAccess(
        id=uuid7(),
        account_id=account_id,
        customer_code=customer_code,
        scope=rules.FULL_SCOPE if points is None else rules.POINTS_SCOPE,
        created_at=clock.now_utc(),
        **given,
    )
    session.add(access)
    if points is not None:
        session.flush()
        session.add_all(AccessPoint(access_id=access.id, point_code=point) for point in points)
    return access.id


def _record(session: Session, verb: str, actor: Viewer | str, account_id: str, **details: Any) -> None:
    audit.record(session, f"core.account.{verb}", actor=actor, object_type="account", object_id=account_id, **details)
