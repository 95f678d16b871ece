"""A member of staff sees what a customer sees (P78, S17): a state of the staff session's row, with a reason, read-only.

The session's `customer_code` is the customer looked at; nobody signs in a second time. The zones' guard gives the
pages the viewer made here, refuses everything but reading, and lets nothing be noted as the customer's own reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.identity import Permission, Viewer
from ebok_core.errors import NotAllowed, NotFound
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.tytan import copy

from . import rules
from .models import Account, CustomerAccess, SignInSession

PREVIEW = Permission(
    key="core.preview",
    title=_("See the portal as a customer sees it"),
    roles=frozenset({"clerk", "observer", "admin"}),
)
STARTED, ENDED = "core.preview.started", "core.preview.ended"

_S, _A, _ACCESS = SignInSession.__table__, Account.__table__, CustomerAccess.__table__
_OWNER = (
    sa.select(_A.c.id, _A.c.login, _A.c.display_name, _A.c.email, _A.c.status)
    .join_from(_ACCESS, _A, _A.c.id == _ACCESS.c.account_id)
    .where(
        _ACCESS.c.customer_code == sa.bindparam("code"),
        _ACCESS.c.role == rules.OWNER,
        _ACCESS.c.revoked_at.is_(None),
        _ACCESS.c.valid_from <= sa.bindparam("today", type_=sa.Date),
        sa.or_(_ACCESS.c.valid_to.is_(None), _ACCESS.c.valid_to >= sa.bindparam("today", type_=sa.Date)),
    )
    .order_by(_ACCESS.c.created_at, _ACCESS.c.id)
    .limit(1)
)
_KNOWN = sa.select(copy.customers.c.name).where(copy.customers.c.code == sa.bindparam("code"))


def start(session: Session, viewer: Viewer, code: str, reason: str) -> None:
    """Look as this customer until `end`. Raises `NotFound` for a code that the copy lacks, `NotAllowed` for others."""
    if viewer.kind != "staff" or viewer.session_id is None or not viewer.may(PREVIEW):
        raise NotAllowed(gettext("You have no access to this page"))
    if session.execute(_KNOWN, {"code": code}).first() is None:
        raise NotFound(gettext("There is no such customer."))
    _look_at(session, viewer.session_id, code)
    audit.record(session, STARTED, actor=viewer, object_type="customer", object_id=code, reason=reason)


def end(session: Session, viewer: Viewer) -> str | None:
    """Stop looking; returns the customer's code, None where nothing was looked at."""
    statement = sa.select(_S.c.customer_code).where(_S.c.id == viewer.session_id)
    code: str | None = session.execute(statement).scalar()
    if code is None or viewer.session_id is None:
        return None
    _look_at(session, viewer.session_id, None)
    audit.record(session, ENDED, actor=viewer, object_type="customer", object_id=code)
    return code


def seen_as(
    session: Session | sa.Connection, declared: Mapping[str, Permission], staff: Viewer, code: str | None
) -> Viewer | None:
    """The viewer that a customer's pages get while `staff` looks at `code`; None where no preview runs.

    It has the rights and the account of the customer's first owner (no account: an empty id), and stays of kind
    `staff`, so that nothing counts as the customer's own act.
    """
    if staff.kind != "staff" or not code or not staff.may(PREVIEW):
        return None
    owner = session.execute(_OWNER, {"code": code, "today": clock.today()}).first()
    return replace(
        staff,
        account_id=owner.id if owner else "",
        login=owner.login if owner else code,
        display_name=owner.display_name if owner else code,
        email=owner.email if owner else None,
        status=owner.status if owner else staff.status,
        permissions=rules.permissions_of("customer", (rules.OWNER,), declared),
        customer_codes=(code,),
        customer_code=code,
        role=rules.OWNER,
        narrowed=(),
        session_id=None,
    )


def _look_at(session: Session, session_id: str, code: str | None) -> None:
    session.execute(sa.update(_S).where(_S.c.id == session_id, _S.c.ended_at.is_(None)).values(customer_code=code))
