"""The watch over the chain: what changed is known within a minute, and the whole chain is walked every night.

Each half minute the watch walks the last thousand events and the next few thousand of its round over the older ones,
and compares the newest seal and the event that it saw last time. So a change among the newest events, a cut tail and a
change anywhere in a chain of some thousands show at once; in a longer one after a round, or after the night.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import clock

from . import rules, seals, service
from .models import AuditEvent, AuditSeal, AuditWatch
from .service import Fault, Verdict

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

TAIL, ROUND = 1_000, 4_000
"""Events that each look walks: the newest, and the next ones of the round."""
OLD_AFTER = timedelta(minutes=5)
"""A look that is older says that nobody looks: the worker has stopped."""

_W = AuditWatch.__table__
_STATE = sa.select(_W)
_SEEN = sa.select(AuditEvent.hash).where(AuditEvent.seq == sa.bindparam("seq"))
_SHOWN = sa.select(
    _W.c.checked_at,
    _W.c.whole_at,
    _W.c.fault_seq,
    _W.c.fault,
    _W.c.fault_at,
    _W.c.seen_seq,
    sa.select(sa.func.max(AuditSeal.day)).scalar_subquery().label("sealed_day"),
)


class Shown(NamedTuple):
    """What a page says of the chain: when it was looked at, how it stands, how far it is sealed."""

    checked_at: datetime | None
    whole_at: datetime | None
    fault_seq: int | None
    fault: str | None
    fault_at: datetime | None
    events: int
    sealed_day: Any

    @property
    def is_watched(self) -> bool:
        """Whether somebody looked lately."""
        return self.checked_at is not None and clock.now_utc() - self.checked_at < OLD_AFTER


def shown(session: Session) -> Shown:
    """The chain's state in one statement."""
    return Shown._make(session.execute(_SHOWN).one())


def look(runtime: Runtime) -> Fault | None:
    """Take one look and write down what it found; returns a fault that was not known before.

    A known fault stays until a whole walk finds none: it is never taken back by a look that misses it.
    """
    with runtime.database.snapshot() as session:
        state = session.execute(_STATE).one()
        head_seq, head_hash = service.head_of(session)
        fault, swept_seq, swept_hash = _look(session, state, head_seq, head_hash)
        fault = fault or seals.fault_of_newest(session, seals.file_of(runtime.settings))
    values: dict[str, Any] = {"checked_at": clock.now_utc(), "swept_seq": swept_seq, "swept_hash": swept_hash}
    if fault is None:
        values |= {"seen_seq": head_seq, "seen_hash": head_hash}
    is_new = fault is not None and state.fault is None
    if fault is not None and is_new:
        values |= _fault_values(fault)
    with runtime.database.unit_of_work() as session:
        session.execute(sa.update(_W).where(_W.c.id == 1).values(**values))
    if fault is not None:
        log.critical("audit.broken", alarm=True, seq=fault.seq, fault=fault.text)
    return fault if is_new else None


def whole(runtime: Runtime) -> Verdict:
    """Walk everything, events and seals, and write down the outcome: this alone takes a fault back."""
    with runtime.database.snapshot() as session:
        verdict = seals.verify(session, seals.file_of(runtime.settings))
        head_seq, head_hash = service.head_of(session)
    now = clock.now_utc()
    values: dict[str, Any] = {"checked_at": now, "whole_at": now}
    if verdict.fault is None:
        nothing = dict.fromkeys(("fault_seq", "fault", "fault_at"))
        values |= {"seen_seq": head_seq, "seen_hash": head_hash, **nothing}
    else:
        values |= _fault_values(verdict.fault)
    with runtime.database.unit_of_work() as session:
        session.execute(sa.update(_W).where(_W.c.id == 1).values(**values))
    return verdict


def _look(session: Session, state: Any, head_seq: int, head_hash: str) -> tuple[Fault | None, int, str]:
    """The tail, what was seen last time, a part of the round: the first fault, and how far the round is now."""
    if state.seen_seq:
        seen = session.execute(_SEEN, {"seq": state.seen_seq}).scalar()
        if seen != state.seen_hash:
            gone = "differs from what the watch saw" if seen else "the watch saw it, and it is gone"
            return Fault(state.seen_seq, gone), state.swept_seq, state.swept_hash
    tail = service.verify(session, last=TAIL)
    if tail.fault:
        return tail.fault, state.swept_seq, state.swept_hash
    part = service.walk(session, after=state.swept_seq, prev_hash=state.swept_hash, most=ROUND)
    if part.fault:
        return part.fault, state.swept_seq, state.swept_hash
    if part.count < ROUND:
        return None, 0, rules.GENESIS
    return None, part.seq, part.hash or rules.GENESIS


def _fault_values(fault: Fault) -> dict[str, Any]:
    return {"fault_seq": fault.seq, "fault": fault.text[:300], "fault_at": clock.now_utc()}
