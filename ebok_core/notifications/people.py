"""Whom modules may write to: of an account no more than its address, its language and the customers it acts for."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.identity.models import Account, CustomerAccess

_A, _C = Account.__table__.c, CustomerAccess.__table__.c
_IS_OPEN = _A.status != "blocked"

PEOPLE = (
    sa.select(_C.customer_code, _C.role, _A.id.label("account_id"), _A.email, _A.locale)
    .join_from(CustomerAccess, Account, _A.id == _C.account_id)
    .where(
        _IS_OPEN,
        _C.revoked_at.is_(None),
        _C.valid_from <= sa.bindparam("today", type_=sa.Date),
        sa.or_(_C.valid_to.is_(None), _C.valid_to >= sa.bindparam("today", type_=sa.Date)),
    )
    .subquery("people")
)
"""The people who act for customers on the day `today` (a parameter of the statement), to be joined by workers."""

_ADDRESSEE = sa.select(_A.email, _A.locale).where(_A.id == sa.bindparam("account_id"), _IS_OPEN)


class Addressee(NamedTuple):
    """Where and in which language to write to a person."""

    email: str | None
    locale: str


def addressee(session: Session, account_id: str) -> Addressee | None:
    """Of whom to write to, None for an account that is gone or blocked."""
    found = session.execute(_ADDRESSEE, {"account_id": account_id}).first()
    return Addressee._make(found) if found else None
