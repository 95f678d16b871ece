"""Contracts of background work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Every:
    """A schedule: each `interval`, from one second to a day, counted from local midnight."""

    interval: timedelta

    def __post_init__(self) -> None:
        if not timedelta(seconds=1) <= self.interval <= timedelta(days=1):
            raise ValueError(f"a job runs at most each second and at least each day, not every {self.interval}")


@dataclass(frozen=True, kw_only=True)
class Daily:
    """A schedule: once each local day at `hour:minute` (Europe/Warsaw), never between 02:00 and 03:00 (R44)."""

    hour: int
    minute: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.hour <= 23 and 0 <= self.minute <= 59) or self.hour == 2:
            raise ValueError(f"no job at {self.hour}:{self.minute:02d}: the hour from 02:00 may be missing or doubled")


@dataclass(frozen=True, kw_only=True)
class Job:
    """Background work with a schedule. `run(runtime)` is idempotent and returns a sentence for the panel or None.

    Uniqueness is a row (job, planned time), so any number of workers may run; `limit` is the time after which a run
    counts as lost. `with_money`: it runs only while a module deals in money.
    """

    key: str
    title: str
    run: Callable[[Runtime], str | None]
    schedule: Every | Daily
    limit: timedelta = timedelta(minutes=10)
    with_money: bool = False


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that was committed; `ebok_event` may miss it in a crash, so nothing precious hangs on it."""

    key: str
    occurred_at: datetime
    data: dict[str, Any] = field(default_factory=dict)
