"""Deliver: claim, call the far side with no transaction open, finish under the lease's token (reliability.md §4.5)."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import structlog

from ebok_core import clock
from ebok_core.contracts.tytan import Capability, Delivery, OutboxTarget, Outcome
from ebok_core.db import assert_no_open_write
from ebok_core.errors import DatabaseUnavailable

from . import finish, rules
from .claims import Claim, claim

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

T = TypeVar("T")
MOST_HUNG_CALLS = 4
"""So many calls of one target may hang at once; then it counts as unreachable until one of them ends."""

_hung: dict[str, list[threading.Thread]] = defaultdict(list)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One call of a far side and what came of it; not `called` where it was not even tried.

    `asked`: the call was the question "do you have it?", and `found` is the answer.
    """

    delivery: Delivery
    started_at: datetime
    ended_at: datetime
    ms: int
    called: bool = True
    asked: bool = False
    found: bool | None = None


def drain(runtime: Runtime, target_key: str, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Deliver what can be delivered to a target now; returns how many attempts were finished.

    Any number of workers may drain one target: the claim decides. Ends when nothing is due, when the breaker is open,
    when `should_stop` says so, and when the portal's database can't be had (the next tick tries again).
    """
    done = 0
    target = runtime.targets[target_key]
    while not should_stop():
        try:
            if not deliver_next(runtime, target):
                break
        except DatabaseUnavailable:
            log.warning("outbox.database_unavailable", target=target_key)
            break
        done += 1
    return done


def deliver_next(runtime: Runtime, target: OutboxTarget) -> bool:
    """One claim, one call, one finish. False where there was nothing to claim."""
    assert_no_open_write("delivery")
    taken = claim(runtime.database, target.key, target.capability, min(target.largest_run, rules.LARGEST_RUN))
    if taken is None:
        return False
    attempt = _attempt(target, taken)
    _finish_patiently(runtime, target, taken, attempt)
    return True


def _attempt(target: OutboxTarget, taken: Claim) -> Attempt:
    """Call the far side as the target's capability allows after what happened before (§4.1)."""
    head = taken.messages[0]
    if head.abandoned >= rules.ABANDONED_LIMIT:
        return _without_call(Delivery(outcome=Outcome.PERMANENT, code="kills_worker"))
    if head.uncertain_since is not None and target.capability is Capability.BLIND:
        return _without_call(Delivery(outcome=Outcome.AMBIGUOUS, code="abandoned"))
    if taken.seconds_left < rules.LEAST_LEASE.total_seconds():
        return _without_call(Delivery(outcome=Outcome.UNREACHABLE, code="late"))
    asked = head.uncertain_since is not None and target.capability is Capability.LOOKUP
    started_at, started = clock.now_utc(), time.monotonic()
    found: bool | None = None
    if asked:
        delivery, found = _ask(target, head.id)
    else:
        delivery = _send(target, taken)
    ms = round((time.monotonic() - started) * 1000)
    return Attempt(delivery=delivery, started_at=started_at, ended_at=clock.now_utc(), ms=ms, asked=asked, found=found)


def _without_call(delivery: Delivery) -> Attempt:
    now = clock.now_utc()
    return Attempt(delivery=delivery, started_at=now, ended_at=now, ms=0, called=False)


def _send(target: OutboxTarget, taken: Claim) -> Delivery:
    envelopes = [message.envelope for message in taken.messages]
    try:
        return _within(rules.CALL_LIMIT.total_seconds(), target.key, lambda: target.deliver(envelopes))
    except TooManyHang:
        return Delivery(outcome=Outcome.UNREACHABLE, code="hung")
    except TimeoutError:
        return Delivery(outcome=Outcome.AMBIGUOUS, code="time_limit")
    except Exception as error:
        log.exception("outbox.target_raised", target=target.key, messages=[m.id for m in taken.messages])
        return Delivery(outcome=Outcome.BUG, code=type(error).__name__)


def _ask(target: OutboxTarget, message_id: str) -> tuple[Delivery, bool | None]:
    try:
        found = _within(rules.CALL_LIMIT.total_seconds(), target.key, lambda: target.lookup(message_id))
    except Exception as error:
        log.warning("outbox.lookup_failed", target=target.key, message=message_id, error=type(error).__name__)
        return Delivery(outcome=Outcome.AMBIGUOUS, code=f"lookup_{type(error).__name__}"), None
    code = {True: "found", False: "absent", None: "unknown"}[found]
    return Delivery(outcome=Outcome.DELIVERED if found else Outcome.AMBIGUOUS, code=code), found


class TooManyHang(TimeoutError):
    """The target has as many hanging calls as one process may hold."""


def _within(seconds: float, key: str, call: Callable[[], T]) -> T:
    """Run a call with a hard limit. A target has its own timeouts; this one keeps a lease from running out on a driver
    that hangs. Raises `TimeoutError`, and what the call raises.
    """
    _hung[key] = [thread for thread in _hung[key] if thread.is_alive()]
    if len(_hung[key]) >= MOST_HUNG_CALLS:
        raise TooManyHang(key)
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: B036 - carried over to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name=f"deliver-{key}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        _hung[key].append(thread)
        raise TimeoutError(key)
    if errors:
        raise errors[0] if isinstance(errors[0], Exception) else RuntimeError(type(errors[0]).__name__)
    return results[0]


def _finish_patiently(runtime: Runtime, target: OutboxTarget, taken: Claim, attempt: Attempt) -> None:
    """Write the outcome down, again and again while the lease lasts: what is lost here is done twice over there."""
    while True:
        try:
            finish.finish(runtime, target, taken, attempt)
            return
        except DatabaseUnavailable:
            if taken.seconds_left < 1:
                raise
            time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - spreads retries, guards nothing
