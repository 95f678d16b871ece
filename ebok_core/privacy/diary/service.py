"""Write who looked at a customer's data, and read it back, with what delegates did out of the audit trail."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.audit.models import AuditEvent
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.identity.models import Account

from ..models import Sight
from . import rules

_S, _A, _E = Sight.__table__, Account.__table__, AuditEvent.__table__
_RECENT = (
    sa.select(_S.c.id)
    .where(
        _S.c.customer_code == sa.bindparam("customer_code"),
        _S.c.viewer_id == sa.bindparam("viewer_id"),
        _S.c.what == sa.bindparam("what"),
        _S.c.at > sa.bindparam("since", type_=_S.c.at.type),
    )
    .limit(1)
)
_CODES = sa.bindparam("codes", type_=sa.String, expanding=True)
_OWN = sa.bindparam("account_id", type_=sa.String)
# A name is looked up now, never kept: a person who left the portal is nobody's name any more.
_NAME = sa.select(_A.c.display_name).where(_A.c.kind == "customer")
_SIGHTS = sa.select(
    _S.c.id.label("id"),
    _S.c.at.label("at"),
    _S.c.customer_code.label("customer_code"),
    _S.c.viewer_kind.label("viewer_kind"),
    _S.c.viewer_id.label("viewer_id"),
    _S.c.what.label("what"),
    _NAME.where(_A.c.id == _S.c.viewer_id).scalar_subquery().label("name"),
).where(_S.c.customer_code.in_(_CODES), _S.c.viewer_id != _OWN)
_ACTS = (
    sa.select(
        sa.cast(_E.c.seq, sa.String).label("id"),
        _E.c.at,
        _E.c.on_behalf_of,
        sa.literal(rules.DELEGATE),
        _E.c.actor,
        _E.c.action,
        _A.c.display_name,
    )
    .join_from(_E, _A, sa.and_(_A.c.id == _E.c.actor, _A.c.kind == "customer"))
    .where(_E.c.on_behalf_of.in_(_CODES), _E.c.actor != _OWN)
)
LINES = sa.union_all(_SIGHTS, _ACTS).subquery("lines")
"""The diary of the customers `codes` for the account `account_id`, which is left out: others' views and acts."""


def seen(session: Session, viewer: Viewer, customer_code: str, what: str) -> bool:
    """Note that a viewer looks at a customer's data; `what` is a key of `rules.WHAT`. Tells whether a line was written.

    The same person and thing within half an hour is one line. Call it in a unit of work (of a page that only shows: in
    `after_answer`). A customer's own account is never noted as staff: `viewer.kind` says what it is.
    """
    kind = rules.STAFF if viewer.kind == "staff" else rules.DELEGATE
    return noted(session, kind, viewer.account_id, customer_code, what)


def noted(session: Session, viewer_kind: str, viewer_id: str, customer_code: str, what: str) -> bool:
    """The same for who is no viewer: a module (by its name) or a token (by its account)."""
    now = clock.now_utc()
    values = {"customer_code": customer_code, "viewer_id": viewer_id, "what": what}
    if session.execute(_RECENT, {**values, "since": now - rules.ONCE_WITHIN}).first() is not None:
        return False
    session.execute(sa.insert(_S), {"id": uuid7(), "at": now, "viewer_kind": viewer_kind, **values})
    return True


def forget_old(session: Session, months: int) -> int:
    """Delete lines older than so many months; returns how many."""
    before = clock.now_utc() - timedelta(days=months * 30.4375)
    return int(session.execute(sa.delete(_S).where(_S.c.at < before)).rowcount)  # type: ignore[attr-defined]
