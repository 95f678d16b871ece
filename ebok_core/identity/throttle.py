"""Delays after failures: a try is counted before it is looked at, so that a burst in parallel passes no limit."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import clock

from . import rules
from .models import DelayCounter
from .rules import DelayPolicy

_TABLE = DelayCounter.__table__
_INSERTS = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(),
}
_LOCK = (
    sa.select(_TABLE.c.key, _TABLE.c.failures, _TABLE.c.since, _TABLE.c.updated_at, _TABLE.c.next_allowed_at)
    .where(_TABLE.c.key.in_(sa.bindparam("keys", expanding=True)))
    .order_by(_TABLE.c.key)
    .with_for_update()
)
_STORE = (
    sa.update(_TABLE)
    .where(_TABLE.c.key == sa.bindparam("of_key"))
    .values({name: sa.bindparam(name) for name in ("failures", "since", "updated_at", "next_allowed_at")})
)


@dataclass(frozen=True)
class _Count:
    failures: int
    since: datetime
    updated_at: datetime
    next_allowed_at: datetime | None


def digest(secret: str, purpose: str, text: str) -> str:
    """What is kept instead of a typed login, which may be anything, even a password: 32 characters of an HMAC."""
    return hmac.new(secret.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()[:32]


def keys_for(login_digest: str, ip: str | None, device: str | None = None) -> dict[str, DelayPolicy]:
    """The counters that a try to sign in is counted against.

    A device that its owner signed in from before has a counter of its own, so that a stranger elsewhere can't delay the
    owner (identity.md §6.2).
    """
    own = f"device:{device}:{login_digest}" if device else f"login:{login_digest}"
    return {own[:80]: rules.PER_LOGIN, **keys_of_place(ip)}


def keys_of_place(ip: str | None) -> dict[str, DelayPolicy]:
    """The counters of an address and its network, which a try counts against whoever it is for."""
    if not ip:
        return {}
    return {
        f"ip:{rules.address_key(ip)}": rules.PER_ADDRESS,
        f"net:{rules.network_key(ip)}": rules.PER_NETWORK,
    }


def take(session: Session, keys: Mapping[str, DelayPolicy]) -> datetime | None:
    """Count a try as a failure in advance, or say until when the next one must wait; then nothing is counted.

    `settle` takes the count back when the try turns out right. Atomic: rows are locked in the order of their keys.
    """
    if not keys:
        return None
    now = clock.now_utc()
    session.execute(_insert(session), [{"key": key, **_fresh(now)} for key in sorted(keys)])
    counts = _locked(session, keys, now)
    waits = [c.next_allowed_at for c in counts.values() if c.next_allowed_at and c.next_allowed_at > now]
    if waits:
        return max(waits)
    for key, count in counts.items():
        failures = count.failures + 1
        wait = keys[key].wait_after(failures)
        counts[key] = replace(
            count, failures=failures, updated_at=now, next_allowed_at=now + wait if wait is not None else None
        )
    _store(session, counts)
    return None


def settle(session: Session, keys: Mapping[str, DelayPolicy]) -> None:
    """The try that `take` counted was right: a consecutive counter starts anew, the others take one back."""
    if not keys:
        return
    now = clock.now_utc()
    counts = _locked(session, keys, now)
    for key, count in counts.items():
        policy = keys[key]
        failures = 0 if policy.consecutive else max(0, count.failures - 1)
        waits = count.next_allowed_at if policy.wait_after(failures) is not None else None
        counts[key] = replace(count, failures=failures, updated_at=now, next_allowed_at=waits)
    _store(session, counts)


def _locked(session: Session, keys: Mapping[str, DelayPolicy], now: datetime) -> dict[str, _Count]:
    rows = session.execute(_LOCK, {"keys": sorted(keys)}).all()
    return {row.key: _decayed(_Count(*row[1:]), keys[row.key], now) for row in rows}


def _insert(session: Session) -> sa.Insert:
    return _INSERTS[session.get_bind().dialect.name]


def _fresh(now: datetime) -> dict[str, Any]:
    return {"failures": 0, "since": now, "updated_at": now, "next_allowed_at": None}


def _decayed(count: _Count, policy: DelayPolicy, now: datetime) -> _Count:
    """Failures of a window that is over are forgotten, a delay that still runs is not."""
    begun = count.updated_at if policy.consecutive else count.since
    if now - begun < policy.window or (count.next_allowed_at and count.next_allowed_at > now):
        return count
    return _Count(0, now, now, None)


def _store(session: Session, counts: Mapping[str, _Count]) -> None:
    rows: list[dict[str, Any]] = [{"of_key": key, **vars(count)} for key, count in counts.items()]
    if rows:  # the address may be another one by now
        session.connection().execute(_STORE, rows)
