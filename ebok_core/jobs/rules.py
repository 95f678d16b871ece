"""When a job is due, pure: schedules counted on a Warsaw clock, safe in the nights when it is moved (R44)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from ebok_core.clock import WARSAW
from ebok_core.contracts.background import Daily, Every

LEASE = timedelta(seconds=90)
"""A run whose worker has not renewed it for so long is somebody else's."""
TRIES_LIMIT = 3
KEEP_RUNS = timedelta(days=30)
KEEP_QUIET_RUNS = timedelta(days=1)
"""Runs that went well and had nothing to say: a job that looks every few seconds makes thousands a day."""

HEARTBEAT_S = 10.0
TICK_S = 5.0
SILENT = timedelta(seconds=45)
"""A worker whose heartbeat is older counts as stopped: the page says so within a minute (L157, R40 asks for five)."""
ALIVE = timedelta(minutes=5)
"""A job that was not begun so long after its time is late."""
FORGET_WORKER = timedelta(days=1)


def latest_due(schedule: Every | Daily, now: datetime) -> datetime:
    """The last planned time that is not after `now`: only this one is caught up, never the ones before it (R40)."""
    day = now.astimezone(WARSAW).date()
    if isinstance(schedule, Daily):
        planned = _at(day, schedule)
        return planned if planned <= now else _at(day - timedelta(days=1), schedule)
    midnight = _midnight(day)
    return midnight + (now - midnight) // schedule.interval * schedule.interval


def next_due(schedule: Every | Daily, now: datetime) -> datetime:
    """The first planned time after `now`. A day's times of `Every` begin anew at each local midnight."""
    day = now.astimezone(WARSAW).date()
    if isinstance(schedule, Daily):
        planned = _at(day, schedule)
        return planned if planned > now else _at(day + timedelta(days=1), schedule)
    return min(latest_due(schedule, now) + schedule.interval, _midnight(day + timedelta(days=1)))


def _at(day: date, schedule: Daily) -> datetime:
    return datetime.combine(day, time(schedule.hour, schedule.minute), tzinfo=WARSAW).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=WARSAW).astimezone(UTC)
