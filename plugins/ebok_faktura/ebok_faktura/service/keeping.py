"""Retention: consents six years after their end, notices and proofs six years after the document (identity §10.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock

from ..models import WITHDRAWN, Bounce, Consent, Notice, Proof
from . import consents

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

BATCH = 500
REPORTS_KEPT = timedelta(days=90)
_before = sa.bindparam("before", type_=Consent.__table__.c.at.type)


def forget(runtime: Runtime) -> int:
    """Delete what is older than the utility keeps, at most 500 rows at a time; returns how many rows."""
    now = clock.now_utc()
    with runtime.database.snapshot() as session:
        years = consents.config_of(session).keep_years
    before = now - timedelta(days=36525 * years // 100)
    gone = 0
    for statement, until in ((_OLD_CONSENTS, before), (_OLD_PROOFS, before), (_OLD_NOTICES, before)):
        gone += _delete(runtime, statement, until)
    return gone + _delete(runtime, _OLD_REPORTS, now - REPORTS_KEPT)


def _delete(runtime: Runtime, found: tuple[Any, sa.Select[Any]], before: datetime) -> int:
    key, statement = found
    total = 0
    while True:
        with runtime.database.unit_of_work() as session:
            count = _delete_some(session, key, statement, before)
        total += count
        if count < BATCH:
            return total


def _delete_some(session: Session, key: Any, statement: sa.Select[Any], before: datetime) -> int:
    ids = list(session.scalars(statement.limit(BATCH), {"before": before}))
    if ids:
        session.execute(sa.delete(key.table).where(key.in_(ids)))
    return len(ids)


_c, _later = Consent.__table__, Consent.__table__.alias("later")
# A decision counts until the next one of the customer: old ones go when what ended them is old, the last only where it
# is a withdrawal.
_ENDED = sa.or_(
    _c.c.kind == WITHDRAWN,
    sa.exists().where(_later.c.customer_code == _c.c.customer_code, _later.c.id > _c.c.id, _later.c.at < _before),
)
_OLD_CONSENTS = (_c.c.id, sa.select(_c.c.id).where(_c.c.at < _before, _ENDED))
_OLD_PROOFS = (Proof.__table__.c.id, sa.select(Proof.id).where(Proof.at < _before))
_OLD_NOTICES = (Notice.__table__.c.id, sa.select(Notice.id).where(Notice.created_at < _before))
_OLD_REPORTS = (Bounce.__table__.c.sha256, sa.select(Bounce.sha256).where(Bounce.read_at < _before))
