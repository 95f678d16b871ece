"""The outbox's rules, pure: the state graph as a table, error classes, delays, limits (reliability.md §4.4, §4.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ebok_core.contracts.tytan import Capability, Outcome


class State(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    LEASED = "leased"
    UNCERTAIN = "uncertain"
    PARKED = "parked"
    DEAD = "dead"
    DELIVERED = "delivered"
    APPLIED = "applied"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


OPEN = frozenset({State.PENDING, State.LEASED, State.UNCERTAIN, State.PARKED, State.DEAD})
"""States that count as backlog; the rest is closed."""
MAY_BLOCK = frozenset({State.PENDING, State.LEASED, State.UNCERTAIN})
"""States that hold back later messages of the stream, unless the message has been dead or parked before."""
ARRIVED = frozenset({State.DELIVERED, State.APPLIED})
"""States in which the far side has the message: what others may depend on."""
FAILED = frozenset({State.REJECTED, State.CANCELLED})
"""States that can't become an arrival any more: dependents are dead with `dependency_failed`."""
RETRIABLE = frozenset({State.DEAD, State.UNCERTAIN})
CANCELLABLE = frozenset({State.PENDING, State.UNCERTAIN, State.PARKED, State.DEAD})

# A verdict proves that the far side has the message, whatever we knew of it: it may close every open state.
_VERDICT = frozenset({State.APPLIED, State.REJECTED})
GRAPH: Mapping[State, frozenset[State]] = {
    State.PENDING: _VERDICT | {State.LEASED, State.PARKED, State.DEAD, State.CANCELLED},
    State.LEASED: _VERDICT | {State.PENDING, State.LEASED, State.UNCERTAIN, State.DEAD, State.DELIVERED},
    State.UNCERTAIN: _VERDICT | {State.PENDING, State.LEASED, State.DEAD, State.CANCELLED},
    State.PARKED: _VERDICT | {State.PENDING, State.DEAD, State.CANCELLED},
    State.DEAD: _VERDICT | {State.PENDING, State.PARKED, State.CANCELLED},
    # Delivered goes back to pending only when reconciliation finds it missing over there (§7, D1).
    State.DELIVERED: _VERDICT | {State.PENDING},
    # The two crossings are named corrections with an alarm: TYTAN changed its verdict (§4.7).
    State.APPLIED: frozenset({State.REJECTED, State.PENDING}),
    State.REJECTED: frozenset({State.APPLIED}),
    State.CANCELLED: frozenset(),
}

VERDICTS: Mapping[str, State] = {"accepted": State.APPLIED, "rejected": State.REJECTED}
"""TYTAN's words in `ebok_results` and what they are here."""

LEASE = timedelta(seconds=60)
CALL_LIMIT = timedelta(seconds=25)
LEAST_LEASE = timedelta(seconds=30)
"""What must be left of a lease before a call may start."""

LARGEST_RUN = 100
ATTEMPTS_LIMIT = 20
AGE_LIMIT = timedelta(days=7)
BUGS_LIMIT = 3
ABANDONED_LIMIT = 3
DELAYS_S = (5, 30, 120, 600, 1800, 3600)
"""Seconds before the second attempt, the third …; the last stands for all that follow; each ± 50 %."""

ASK_AGAIN = timedelta(minutes=1)
SEND_AGAIN_AFTER = timedelta(minutes=15)
"""A first call may still be running over there: a "no" is definite only after this time."""

BREAKER_OPENS_AT = 5
PROBE_FIRST_S, PROBE_LAST_S = 30, 300

KEEP_PAYLOAD = timedelta(days=90)
KEEP_PAYMENTS = timedelta(days=5 * 366)
KEEP_ATTEMPTS = timedelta(days=90)
KEEP_SUBMISSIONS = timedelta(days=90)
RETENTION_BATCH = 500
PAYMENT_KINDS = "payment."


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of a message after an attempt. `delay_s` counts from now; not `counted` takes the attempt back."""

    state: State
    delay_s: float = 0.0
    counted: bool = True
    reason_code: str | None = None


def flags(state: State, *, stepped_aside: bool = False) -> dict[str, bool]:
    """The two columns that the partial indexes stand on."""
    return {"open": state in OPEN, "blocking": state in MAY_BLOCK and not stepped_aside}


def initial(dependency: State | None) -> tuple[State, str | None]:
    """The state of a new message, by the state of what it depends on, and the reason code where it can't go."""
    if dependency in FAILED:
        return State.DEAD, "dependency_failed"
    if dependency in (State.DEAD, State.PARKED):
        return State.PARKED, None
    return State.PENDING, None


def delay_s(attempts: int, jitter: Callable[[], float]) -> float:
    """Seconds before the next attempt after `attempts` counted ones; `jitter` gives a number from 0 to 1."""
    if attempts < 1:
        return 0.0
    return DELAYS_S[min(attempts, len(DELAYS_S)) - 1] * (0.5 + jitter())


def decide(
    outcome: Outcome,
    *,
    capability: Capability,
    attempts: int,
    jitter: Callable[[], float],
    in_run: bool = False,
    bugs: int = 0,
    age: timedelta = timedelta(0),
    code: str = "",
) -> Decision:
    """What an outcome means for one message (§4.6).

    `attempts` includes this one, `bugs` too where it was one; `age` is the time since the first counted attempt. A run
    that fails is retried message by message, so that the culprit is found and nobody else pays (§4.5).
    """
    wait = delay_s(attempts, jitter)
    if outcome is Outcome.DELIVERED:
        return Decision(state=State.DELIVERED)
    if outcome is Outcome.UNREACHABLE:
        return Decision(state=State.PENDING, delay_s=delay_s(1, jitter), counted=False)
    if in_run:
        return Decision(state=State.PENDING, delay_s=wait if outcome is Outcome.BUSY else 0.0)
    if outcome is Outcome.REJECTED:
        return Decision(state=State.REJECTED, reason_code=code or "other")
    if outcome in (Outcome.PERMANENT, Outcome.CONFLICT):
        return Decision(state=State.DEAD, reason_code=outcome.value)
    if bugs >= BUGS_LIMIT:
        return Decision(state=State.DEAD, reason_code="bug")
    if outcome in (Outcome.AMBIGUOUS, Outcome.BUG) and capability is not Capability.PUT:
        return Decision(state=State.UNCERTAIN, delay_s=ASK_AGAIN.total_seconds())
    if attempts >= ATTEMPTS_LIMIT or age >= AGE_LIMIT:
        return Decision(state=State.DEAD, reason_code="exhausted")
    if outcome is Outcome.AMBIGUOUS:
        # The far side recognises our id: the first repetition costs nothing and tells at once (§4.1, PUT).
        wait = delay_s(attempts - 1, jitter)
    return Decision(state=State.PENDING, delay_s=wait)


def decide_lookup(found: bool | None, *, since: timedelta) -> Decision:
    """What the far side's answer to "do you have it?" means; `since` is the time since the ambiguous attempt."""
    if found:
        return Decision(state=State.DELIVERED)
    if found is None or since < SEND_AGAIN_AFTER:
        left = max(SEND_AGAIN_AFTER - since, ASK_AGAIN).total_seconds()
        wait = ASK_AGAIN.total_seconds() if found is None else min(left, 5 * ASK_AGAIN.total_seconds())
        return Decision(state=State.UNCERTAIN, delay_s=wait, counted=False)
    return Decision(state=State.PENDING, counted=False)


def probe_after_s(failures: int) -> float:
    """Seconds until the breaker lets one message through: 30 s after the fifth failure in a row, growing to 5 min."""
    return float(min(PROBE_FIRST_S * 2 ** max(failures - BREAKER_OPENS_AT, 0), PROBE_LAST_S))


def joins_run(*, abandoned: int, last_class: str | None) -> bool:
    """Whether a message may travel with others: never one that a worker died with, nor one that failed before."""
    return abandoned == 0 and last_class in (None, Outcome.UNREACHABLE.value)
