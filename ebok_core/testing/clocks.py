"""A clock that stands until a test moves it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from ebok_core import clock

# A Tuesday morning in the period that the stand-in's invented utility has data for.
DEFAULT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class StillClock:
    """Tells one instant until `advance` or `set` moves it; its monotonic seconds move along."""

    def __init__(self, now: datetime = DEFAULT) -> None:
        self._now = now
        self._monotonic = 1_000.0

    def now_utc(self) -> datetime:
        """The instant that the test has set, aware, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that only `advance` adds to."""
        return self._monotonic

    def advance(self, step: timedelta | None = None, **parts: float) -> datetime:
        """Move on by a timedelta or by its parts: `clock.advance(minutes=21)`. Returns the new instant."""
        step = step if step is not None else timedelta(**parts)
        self._now += step
        self._monotonic += step.total_seconds()
        return self._now

    def set(self, instant: datetime) -> None:
        """Put the wall clock anywhere, as an administrator would: the monotonic seconds do not move."""
        if instant.tzinfo is None:
            raise ValueError("an instant needs its zone")
        self._now = instant.astimezone(UTC)

    def set_local(self, day: date, at: time = time(9, 0)) -> None:
        """Put the clock on a day and time of day in Warsaw."""
        self.set(datetime.combine(day, at, tzinfo=clock.WARSAW))
