"""Write down what came of an attempt: fenced by the lease's token, with the attempt's row, dependents and breaker."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core.contracts.tytan import Capability, OutboxTarget, Outcome, Result
from ebok_core.db import uuid7

from . import breaker, leases, rules, senders, service
from .claims import Claim, Claimed
from .models import Attempt, Message
from .rules import Decision, State

if TYPE_CHECKING:
    from ebok_core.portal import Portal
    from ebok_core.runtime import Runtime

    from .deliver import Attempt as Call

log = structlog.get_logger(__name__)

_COUNTED = tuple(o.value for o in Outcome if o is not Outcome.UNREACHABLE)
_HISTORY = (
    sa.select(Attempt.outcome, Attempt.started_at)
    .where(Attempt.message_id == sa.bindparam("message_id"), Attempt.outcome.in_(_COUNTED))
    .order_by(Attempt.started_at.desc(), Attempt.number.desc())
    .limit(sa.bindparam("count"))
)
_SAYS_NOTHING = (Outcome.AMBIGUOUS, Outcome.BUG)
"""Outcomes that do not tell whether the target can be reached."""


class History(NamedTuple):
    """Counted attempts since the message was last given new ones: how many were bugs, and since when."""

    bugs: int
    age: timedelta


def finish(runtime: Runtime, target: OutboxTarget, taken: Claim, call: Call) -> None:
    """One unit of work. Messages whose lease was lost get their attempt's row and nothing else (fencing)."""
    with runtime.database.unit_of_work() as session:
        now = leases.now(session)
        decisions = {m.id: _decide(session, target, taken, m, call, now) for m in taken.messages}
        held = _move(session, taken, call, decisions, now)
        _record(session, taken, call)
        _report(taken, call, decisions, held)
        if call.called and call.delivery.outcome is Outcome.UNREACHABLE:
            breaker.unreachable(session, target.key, now)
        elif call.called and call.delivery.outcome not in _SAYS_NOTHING:
            breaker.reached(session, target.key)
        for message in taken.messages:
            if message.id in held:
                _tell(session, runtime.portal, message, decisions[message.id], call, now)


def _decide(
    session: Session, target: OutboxTarget, taken: Claim, message: Claimed, call: Call, now: datetime
) -> Decision:
    outcome, code = call.delivery.outcome, call.delivery.code
    if call.asked:
        return rules.decide_lookup(call.found, since=now - (message.uncertain_since or now))
    if code == "late":
        in_doubt = message.uncertain_since is not None and target.capability is not Capability.PUT
        return Decision(state=State.UNCERTAIN if in_doubt else State.PENDING, counted=False)
    if code == "kills_worker":
        return Decision(state=State.DEAD, reason_code=code)
    in_run = len(taken.messages) > 1
    known = outcome in (Outcome.DELIVERED, Outcome.UNREACHABLE, Outcome.REJECTED) or in_run
    history = History(0, timedelta(0)) if known else _history(session, message, outcome, now)
    return rules.decide(
        outcome,
        code=code,
        capability=target.capability,
        attempts=message.attempts,
        in_run=in_run,
        bugs=history.bugs,
        age=history.age,
        jitter=random.random,
    )


def _history(session: Session, message: Claimed, outcome: Outcome, now: datetime) -> History:
    values = {"message_id": message.id, "count": max(message.attempts - 1, 0)}
    rows = session.execute(_HISTORY, values).all()
    bugs = sum(row.outcome == Outcome.BUG.value for row in rows) + (outcome is Outcome.BUG)
    return History(bugs, now - rows[-1].started_at if rows else timedelta(0))


def move_statement(fence: sa.ColumnElement[bool]) -> sa.Update:
    """The conditional update that ends an attempt; `fence` is what keeps out who has lost the lease."""
    columns = ("state", "open", "blocking", "next_at", "uncertain_since", "last_class", "last_code", "reason_code")
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=_T.c[name].type) for name in columns}
    for name in ("delivered_at", "status_at", "reference"):
        values[name] = sa.func.coalesce(sa.bindparam(f"new_{name}", type_=_T.c[name].type), _T.c[name])
    values |= dict.fromkeys(("lease_token", "lease_owner", "lease_until"))
    values["attempts"] = _T.c.attempts - sa.bindparam("uncounted", type_=sa.Integer)
    held = _T.c.id.in_(sa.bindparam("ids", expanding=True))
    return sa.update(_T).where(held, fence).values(values).returning(_T.c.id)


_T = Message.__table__
_MOVE = move_statement(_T.c.lease_token == sa.bindparam("token"))
_RECORD = Attempt.__table__.insert()


def _move(session: Session, taken: Claim, call: Call, decisions: dict[str, Decision], now: datetime) -> set[str]:
    """Move what is still ours, alike messages in one statement, then what depends on it (§4.3); returns their ids."""
    groups: dict[tuple[Decision, bool, datetime | None], list[str]] = {}
    for message in taken.messages:
        key = (decisions[message.id], not message.blocking, message.uncertain_since)
        groups.setdefault(key, []).append(message.id)
    moved: set[str] = set()
    for (decision, stepped_aside, since), ids in groups.items():
        values = _values(decision, stepped_aside, since, call, now)
        here = list(session.scalars(_MOVE, {"ids": ids, "token": taken.token, **values}))
        after = _DEPENDENTS.get(decision.state)
        if after and here:
            after(session, here)
        moved |= set(here)
    return moved


_DEPENDENTS: dict[State, Callable[[Session, Sequence[str]], None]] = {
    State.DELIVERED: service.free_dependents,
    State.DEAD: service.park_dependents,
    State.REJECTED: service.fail_dependents,
}


def _values(
    decision: Decision, stepped_aside: bool, since: datetime | None, call: Call, now: datetime
) -> dict[str, Any]:
    delivered, rejected = decision.state is State.DELIVERED, decision.state is State.REJECTED
    flags = rules.flags(decision.state, stepped_aside=stepped_aside)
    return {
        "new_state": decision.state.value,
        "new_open": flags["open"],
        "new_blocking": flags["blocking"],
        "new_next_at": now + timedelta(seconds=decision.delay_s),
        "new_uncertain_since": (since or now) if decision.state is State.UNCERTAIN else None,
        "new_last_class": None if delivered else call.delivery.outcome.value,
        "new_last_code": None if delivered else call.delivery.code[:80] or None,
        "new_reason_code": decision.reason_code and decision.reason_code[:40],
        "new_delivered_at": now if delivered else None,
        "new_status_at": now if rejected else None,
        "new_reference": call.delivery.reference if delivered or rejected else None,
        "uncounted": 0 if decision.counted else 1,
    }


def _record(session: Session, taken: Claim, call: Call) -> None:
    rows = [
        {
            "id": uuid7(),
            "message_id": message.id,
            "number": message.attempts,
            "lease_token": taken.token,
            "started_at": call.started_at,
            "ended_at": call.ended_at,
            "outcome": call.delivery.outcome.value,
            "code": call.delivery.code[:80] or None,
            "ms": call.ms,
        }
        for message in taken.messages
    ]
    session.execute(_RECORD, rows)


def _report(taken: Claim, call: Call, decisions: dict[str, Decision], held: set[str]) -> None:
    """One line for the log: ids, kinds and codes, never a payload (security.md S60)."""
    lost = [message.id for message in taken.messages if message.id not in held]
    if lost:
        log.warning("outbox.lease_lost", target=taken.target, messages=lost)
    states = {decisions[i].state for i in held}
    write = log.error if State.DEAD in states or State.UNCERTAIN in states else log.info
    write(
        "outbox.attempt",
        target=taken.target,
        first=taken.messages[0].id,
        count=len(taken.messages),
        outcome=call.delivery.outcome.value,
        code=call.delivery.code,
        states=sorted(states),
        ms=call.ms,
    )


def _tell(session: Session, portal: Portal, message: Claimed, decision: Decision, call: Call, now: datetime) -> None:
    """Let the sender know that its message arrived or was refused."""
    if decision.state not in (State.DELIVERED, State.REJECTED):
        return
    senders.tell(
        session,
        portal,
        Result(
            message_id=message.id,
            kind=message.kind,
            subject_type=message.subject_type,
            subject_id=message.subject_id,
            subject_rev=message.subject_rev,
            status=decision.state.value,
            reason_code=decision.reason_code,
            reason=None,
            reference=call.delivery.reference,
            status_at=now,
        ),
    )
