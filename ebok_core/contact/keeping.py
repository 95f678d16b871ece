"""The end of cases: closed when they are answered for long, forgotten and deleted when their time is over (§10.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock

from . import drafts, rules
from .models import Case, CaseFile, CaseMessage

_C, _M, _F = Case.__table__, CaseMessage.__table__, CaseFile.__table__


def close_answered(session: Session) -> int:
    """Close cases that were answered 30 days ago and that nobody wrote in since; tells how many."""
    before = clock.now_utc() - rules.CLOSES_AFTER
    old = sa.update(_C).where(_C.c.state == rules.ANSWERED, _C.c.answered_at < before)
    return int(session.execute(old.values(state=rules.CLOSED, closed_at=clock.now_utc())).rowcount)  # type: ignore[attr-defined]


def forget_contacts(session: Session, before: datetime) -> int:
    """Take names, addresses, phones and the signature out of strangers' cases closed before; tells how many."""
    which = (_C.c.account_id.is_(None), _C.c.closed_at < before, _C.c.forgotten_at.is_(None))
    ids = session.scalars(sa.select(_C.c.id).where(*which).limit(500)).all()
    blank(session, ids)
    return len(ids)


def blank(session: Session, ids: Sequence[str]) -> None:
    """Take out of cases who wrote them; the matter and the answers stay."""
    if not ids:
        return
    nobody = dict.fromkeys(("code", "account_id", "sender_name", "sender_email", "sender_phone"))
    values = {
        **nobody,
        "forgotten_at": clock.now_utc(),
        "search_text": sa.func.lower(sa.func.replace(_C.c.number, "-", "")),
    }
    session.execute(sa.update(_C).where(_C.c.id.in_(ids)).values(**values))
    mine = sa.update(_M).where(_M.c.case_id.in_(ids), _M.c.kind == rules.PERSON)
    session.execute(mine.values(author=None, account_id=None))
    messages = sa.select(_M.c.id).where(_M.c.case_id.in_(ids))
    session.execute(sa.update(_F).where(_F.c.message_id.in_(messages)).values(account_id=None))


def delete_old(session: Session, strangers_before: datetime, customers_before: datetime) -> int:
    """Delete cases that were closed long ago, with what was written and sent in them; tells how many."""
    is_strangers = sa.and_(_C.c.customer_code.is_(None), _C.c.closed_at < strangers_before)
    which = sa.or_(is_strangers, _C.c.closed_at < customers_before)
    ids = session.scalars(sa.select(_C.c.id).where(which).limit(200)).all()
    if ids:
        while drafts.forget_cases(session, ids):
            pass
        session.execute(sa.delete(_M).where(_M.c.case_id.in_(ids)))
        session.execute(sa.delete(_C).where(_C.c.id.in_(ids)))
    return len(ids)
