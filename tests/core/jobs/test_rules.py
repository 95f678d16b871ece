"""When jobs are due, also in the nights when the clocks are moved (R44)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from ebok_core.clock import WARSAW
from ebok_core.contracts.background import Daily, Every
from ebok_core.jobs import rules

DST_NIGHTS = [date(2027, 3, 28), date(2027, 10, 31), date(2028, 3, 26), date(2028, 10, 29)]
SCHEDULES = [
    Every(interval=timedelta(minutes=1)),
    Every(interval=timedelta(minutes=15)),
    Every(interval=timedelta(hours=1)),
    Every(interval=timedelta(hours=7)),
    Daily(hour=1, minute=59),
    Daily(hour=3, minute=0),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW).astimezone(UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "latest", "following"),
    [
        (Daily(hour=3, minute=40), "2026-11-24 03:39", "2026-11-23 03:40", "2026-11-24 03:40"),
        (Daily(hour=3, minute=40), "2026-11-24 03:40", "2026-11-24 03:40", "2026-11-25 03:40"),
        (Daily(hour=0), "2026-11-24 23:59", "2026-11-24 00:00", "2026-11-25 00:00"),
        (Every(interval=timedelta(minutes=15)), "2026-11-24 10:14", "2026-11-24 10:00", "2026-11-24 10:15"),
        (Every(interval=timedelta(hours=7)), "2026-11-24 22:00", "2026-11-24 21:00", "2026-11-25 00:00"),
        (Every(interval=timedelta(days=1)), "2026-11-24 22:00", "2026-11-24 00:00", "2026-11-25 00:00"),
    ],
)
def test_planned_times_lie_on_a_warsaw_clock(schedule, now, latest, following):
    assert rules.latest_due(schedule, at(now)) == at(latest)
    assert rules.next_due(schedule, at(now)) == at(following)


@pytest.mark.parametrize("night", DST_NIGHTS)
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_R44_minute_by_minute_no_job_runs_twice_or_never(schedule, night):
    """Walk from noon to noon: planned times only rise, none is skipped, a daily job comes once each local day."""
    start = datetime.combine(night - timedelta(days=1), datetime.min.time(), tzinfo=WARSAW).astimezone(UTC)
    start += timedelta(hours=12)
    minutes = [start + timedelta(minutes=n) for n in range(48 * 60)]
    seen = list(dict.fromkeys(rules.latest_due(schedule, now) for now in minutes))
    assert seen == sorted(seen)
    for now in minutes:
        assert rules.latest_due(schedule, now) <= now < rules.next_due(schedule, now)
    for earlier, later in pairwise(seen):
        assert rules.next_due(schedule, earlier) == later
    if isinstance(schedule, Daily):
        days = [planned.astimezone(WARSAW).date() for planned in seen]
        assert len(days) == len(set(days))
        assert night in days
        assert {(p.astimezone(WARSAW).hour, p.astimezone(WARSAW).minute) for p in seen} == {
            (schedule.hour, schedule.minute)
        }
    else:
        assert max(later - earlier for earlier, later in pairwise(seen)) <= schedule.interval


@pytest.mark.parametrize("night", DST_NIGHTS)
def test_R44_an_hourly_job_runs_as_often_as_the_day_has_hours(night):
    schedule = Every(interval=timedelta(hours=1))
    now = datetime.combine(night, datetime.min.time(), tzinfo=WARSAW).astimezone(UTC)
    runs = 0
    while now.astimezone(WARSAW).date() == night:
        runs += 1
        now = rules.next_due(schedule, now)
    assert runs == (23 if night.month == 3 else 25)


@pytest.mark.parametrize("time", [(2, 0), (2, 30), (2, 59), (24, 0), (3, 60)])
def test_R44_no_job_may_be_planned_where_the_clock_is_moved(time):
    with pytest.raises(ValueError, match="no job at"):
        Daily(hour=time[0], minute=time[1])


@pytest.mark.parametrize("interval", [timedelta(0), timedelta(days=2), timedelta(seconds=-5)])
def test_an_interval_is_between_a_second_and_a_day(interval):
    with pytest.raises(ValueError, match="a job runs"):
        Every(interval=interval)
