"""The one clock. Nothing else in e-BOK asks for the time (a test holds that)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

WARSAW = ZoneInfo("Europe/Warsaw")


class Clock(Protocol):
    """What tells the time; tests and simulations bring their own."""

    def now_utc(self) -> datetime:
        """The instant now, aware, in UTC, in whole milliseconds."""

    def monotonic(self) -> float:
        """Seconds of a clock that never steps back, for durations."""


class SystemClock:
    """The machine's clock."""

    def now_utc(self) -> datetime:
        """The instant now, aware, in UTC, in whole milliseconds: what the database keeps."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Seconds of a clock that never steps back, for durations."""
        return time.monotonic()


_current: Clock = SystemClock()


def now_utc() -> datetime:
    """The instant now, aware, in UTC, in whole milliseconds."""
    return _current.now_utc()


def monotonic() -> float:
    """Seconds of a clock that never steps back, for durations."""
    return _current.monotonic()


def today() -> date:
    """The date in Warsaw: billing dates have no zone, and "today" is the customer's."""
    return local(now_utc()).date()


def local(instant: datetime) -> datetime:
    """The same instant on a Warsaw clock, for screens and deadlines."""
    return instant.astimezone(WARSAW)


def is_system() -> bool:
    """Whether the machine's clock tells the time; in a simulation no other clock (the database's) may be asked."""
    return isinstance(_current, SystemClock)


@contextmanager
def use(clock: Clock) -> Iterator[None]:
    """Let another clock tell the time, for simulations and tests."""
    global _current
    before, _current = _current, clock
    try:
        yield
    finally:
        _current = before
