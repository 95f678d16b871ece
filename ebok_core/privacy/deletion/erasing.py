"""Erase an account through every source, whole or not at all, once its time has come and nothing is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import audit, clock, outbox
from ebok_core.errors import Refused
from ebok_core.identity.models import Account
from ebok_core.outbox.privacy import open_of

from ..models import AccountDeletion
from . import rules

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

_W, _A = AccountDeletion.__table__, Account.__table__
_DUE = (
    sa.select(_W.c.id, _W.c.account_id, _W.c.due_at)
    .where(_W.c.state == rules.WAITING, _W.c.due_at <= sa.bindparam("now", type_=_W.c.due_at.type))
    .order_by(_W.c.due_at)
    .limit(100)
)
_LETTERS = frozenset({"mail", "sms"})
_WHY = "The account is deleted"


def erase_due(runtime: Runtime) -> tuple[int, int]:
    """Erase what is due; returns how many accounts are gone and how many wait for something of theirs to finish."""
    with runtime.database.snapshot() as session:
        due = session.execute(_DUE, {"now": clock.now_utc()}).all()
    gone = waiting = 0
    for row in due:
        try:
            with runtime.database.unit_of_work() as session:
                _erase(runtime, session, row)
        except Refused as refused:
            waiting += 1
            log.info("deletion.waits", deletion=row.id, reason=refused.code or str(refused))
        except Exception:
            waiting += 1
            log.exception("deletion.failed", deletion=row.id)
        else:
            gone += 1
    return gone, waiting


def _erase(runtime: Runtime, session: Session, row: Any) -> None:
    locked = session.execute(sa.select(_W.c.state).where(_W.c.id == row.id).with_for_update()).one()
    if locked.state != rules.WAITING:
        return
    session.execute(sa.select(_A.c.id).where(_A.c.id == row.account_id).with_for_update())
    _finish_letters(session, row)
    erased = 0
    for source in runtime.portal.of("ebok_personal_data"):
        erased += source.erase(session, row.account_id)
    session.execute(
        sa.update(_W)
        .where(_W.c.id == row.id)
        .values(
            account_id=None,
            asked_by=None,
            token_hash=None,
            state=rules.DONE,
            ended_at=clock.now_utc(),
            erased_rows=erased,
        )
    )
    audit.record(
        session,
        "core.account.erased",
        actor=audit.SYSTEM,
        object_type="account",
        object_id=row.account_id,
        after={"rows": erased, "deletion": row.id},
    )


def _finish_letters(session: Session, row: Any) -> None:
    """Wait for what is on its way; letters that nobody takes for a day are given up. Raises `Refused`."""
    waiting = open_of(session, row.account_id)
    is_late = clock.now_utc() >= row.due_at + rules.WAITS_FOR_MAIL
    for message_id, target in waiting:
        if target not in _LETTERS or not is_late:
            raise Refused(_WHY, code="messages")
        outbox.cancel(session, message_id, actor=audit.SYSTEM, reason=_WHY)
