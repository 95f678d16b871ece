"""Unexpected errors of pages: kept by the number that the person was shown, so that the office finds what is reported.

A row holds the page's pattern, never an address, a name or a customer: what else is known stands in the server's log
under the same number.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.db import uuid7

from .models import PageError

KEEP = timedelta(days=90)
MOST_KEPT = 20_000
_T = PageError.__table__
_NEWEST_KEPT = sa.select(_T.c.id).order_by(_T.c.at.desc(), _T.c.id.desc()).offset(MOST_KEPT).limit(1).scalar_subquery()


def store(
    session: Session, *, number: str, zone: str | None, method: str, address: str, status: int, error_class: str
) -> None:
    """Keep an error that a person was shown: `number` is the code on the page, `address` the page's pattern."""
    values = {
        "id": uuid7(),
        "number": number[:12],
        "at": clock.now_utc(),
        "zone": zone,
        "method": method[:10],
        "address": address[:200],
        "status": status,
        "error_class": error_class[:120],
    }
    session.execute(sa.insert(_T), values)


def forget(session: Session) -> int:
    """Delete errors older than three months, and the oldest above twenty thousand; returns how many."""
    old = (_T.c.at < clock.now_utc() - KEEP) | (_T.c.id <= _NEWEST_KEPT)
    return int(session.execute(sa.delete(_T).where(old)).rowcount)  # type: ignore[attr-defined]
