"""What waits and what is stuck, as numbers and rows for the panel, health and alarms (reliability.md §4.6 and §11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from .models import Breaker, Message
from .rules import State

ALARM_AFTER = timedelta(minutes=15)
ALARM_AFTER_IN_OUTAGE = timedelta(hours=4)
STUCK = (State.DEAD, State.UNCERTAIN, State.PARKED)


class Backlog(NamedTuple):
    """What is open for one target. `oldest_at`: when the oldest message that still waits was accepted.

    `stuck_at` is that of the oldest that needs a person, `broken_at` since when the target can't be reached.
    """

    target: str
    waiting: int
    uncertain: int
    parked: int
    dead: int
    oldest_at: datetime | None
    breaker_open: bool
    failures: int
    stuck_at: datetime | None = None
    broken_at: datetime | None = None


class Stuck(NamedTuple):
    """A message that needs a person, for the list of dead letters; no payload."""

    id: str
    target: str
    kind: str
    customer_code: str | None
    state: str
    reason_code: str | None
    last_class: str | None
    last_code: str | None
    attempts: int
    accepted_at: datetime


def _count(*states: State) -> sa.ColumnElement[int]:
    return sa.func.count().filter(Message.state.in_([state.value for state in states]))


_WAITING = (State.PENDING, State.LEASED)
_OPEN = (
    sa.select(
        Message.target,
        _count(*_WAITING).label("waiting"),
        _count(State.UNCERTAIN).label("uncertain"),
        _count(State.PARKED).label("parked"),
        _count(State.DEAD).label("dead"),
        sa.func.min(Message.accepted_at).filter(Message.state.in_([state.value for state in _WAITING])).label("oldest"),
        sa.func.min(Message.accepted_at).filter(Message.state.in_([state.value for state in STUCK])).label("stuck"),
    )
    .where(Message.open)
    .group_by(Message.target)
)
_BREAKERS = sa.select(Breaker.target, Breaker.failures, Breaker.probe_at, Breaker.opened_at)
_STUCK = (
    sa.select(*(getattr(Message, name) for name in Stuck._fields))
    .where(Message.open, Message.state.in_([state.value for state in STUCK]))
    .order_by(Message.accepted_at, Message.id)
    .limit(sa.bindparam("limit"))
)
_SILENT = (
    sa.select(sa.func.count())
    .select_from(Message)
    .where(
        Message.state == State.DELIVERED.value, Message.target == "tytan", Message.delivered_at < sa.bindparam("since")
    )
)


def backlog(session: Session, targets: Iterable[str] = ()) -> list[Backlog]:
    """Open messages of each target that has any, and of the named ones."""
    open_ = {row.target: row for row in session.execute(_OPEN)}
    breakers = {row.target: row for row in session.execute(_BREAKERS)}
    found = []
    for target in sorted({*open_, *breakers, *targets}):
        row, breaker = open_.get(target), breakers.get(target)
        found.append(
            Backlog(
                target=target,
                waiting=row.waiting if row else 0,
                uncertain=row.uncertain if row else 0,
                parked=row.parked if row else 0,
                dead=row.dead if row else 0,
                oldest_at=row.oldest if row else None,
                breaker_open=bool(breaker and breaker.probe_at),
                failures=breaker.failures if breaker else 0,
                stuck_at=row.stuck if row else None,
                broken_at=breaker.opened_at if breaker and breaker.probe_at else None,
            )
        )
    return found


def stuck(session: Session, limit: int = 200) -> list[Stuck]:
    """Dead, uncertain and parked messages, the oldest first."""
    return [Stuck._make(row) for row in session.execute(_STUCK, {"limit": limit})]


def without_answer(session: Session, now: datetime, after: timedelta = timedelta(hours=24)) -> int:
    """How many messages TYTAN has had for so long without a verdict (D4)."""
    return int(session.execute(_SILENT, {"since": now - after}).scalar_one())


def alarms(found: Iterable[Backlog], now: datetime) -> list[str]:
    """What is wrong, one English sentence each for the log and `ebok doctor`; empty while all is well."""
    sentences = []
    for row in found:
        limit = ALARM_AFTER_IN_OUTAGE if row.breaker_open else ALARM_AFTER
        if row.oldest_at is not None and now - row.oldest_at > limit:
            sentences.append(f"{row.target}: the oldest message waits since {row.oldest_at:%Y-%m-%d %H:%M} UTC")
        if row.dead or row.uncertain:
            sentences.append(f"{row.target}: {row.dead} dead and {row.uncertain} uncertain messages need a person")
    return sentences
