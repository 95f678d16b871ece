"""What was used between two states of a dial, across roll-overs and exchanges, and what is usual (billing.md §10.3).

States are whole m³, as customers give them: what TYTAN knows more exactly is cut to the black digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from .limits import last_of_month

ROLLOVER_FLOOR_M3 = 50
AVERAGE_DAYS, AVERAGE_LEAST_DAYS = 365, 60
EXCHANGE_DAYS = 31
# Methods whose state nobody read from the dial: no use is counted up to them.
NOT_READ = frozenset({"estimate", "flat_rate"})


@dataclass(frozen=True, kw_only=True)
class Meter:
    """What the rules know of a meter. `legalized_to` is the last valid day, `billed` false once its contract ended."""

    id: str
    installed_on: date
    installed_value: int = 0
    role: str = "main"
    digits: int = 5
    diameter_mm: int | None = None
    removed_on: date | None = None
    removed_value: int | None = None
    billed: bool = True
    legalized_to: date | None = None
    radio: bool = False


@dataclass(frozen=True, kw_only=True)
class State:
    """A live reading: whole m³ on a day. `sent_on` is the day on which the portal accepted it, None when it did not."""

    read_on: date
    value: int
    status: str = "settled"
    method: str = "reader"
    sent_on: date | None = None


class Span(NamedTuple):
    """Use in m³ from the day after `start` to `end`."""

    start: date
    end: date
    use: int


class Comparison(NamedTuple):
    """m³ a day after `start` up to `end`, and in the same days a year before (P27)."""

    start: date
    end: date
    daily: Decimal
    daily_before: Decimal


def parse_state(text: str) -> int | str:
    """Whole m³, or the flaw of the text: `empty`, `minus`, `fraction`, `letters`. Spaces between groups are taken out.

    ASCII digits only (S50); a number too long for any dial is cut to twenty digits, which no dial has.

    >>> parse_state(" 00 421"), parse_state("-5"), parse_state("1250,7"), parse_state("1e5")
    (421, 'minus', 'fraction', 'letters')
    """
    typed = "".join(text.split())
    if not typed:
        return "empty"
    if re.fullmatch(r"[0-9]+", typed):
        return int(typed.lstrip("0")[:20] or "0")
    if re.fullmatch(r"[-\u2212\u2013][0-9]+([.,][0-9]*)?", typed):
        return "minus"
    if re.fullmatch(r"[0-9]*[.,][0-9]+|[0-9]+[.,]", typed):
        return "fraction"
    return "letters"


def legalized_to(month: str | None) -> date | None:
    """The last day of TYTAN's `2018.12`; None when it gives no readable month."""
    found = re.fullmatch(r"([0-9]{4})\.(0[1-9]|1[0-2])", month or "")
    if not found or found[1] == "0000":
        return None
    return last_of_month(int(found[1]), int(found[2]))


def consumption(previous: int, current: int, digits: int, expected: Decimal | None = None) -> tuple[int, bool] | None:
    """m³ between two states and whether the dial rolled over; None when the later one is lower without a good reason.

    A roll-over needs a state of at least 90 % of the capacity before and at most max(3 × expected, 50 m³) of use.

    >>> consumption(99987, 12, 5), consumption(1254, 1245, 5)
    ((25, True), None)
    """
    if current >= previous:
        return current - previous, False
    capacity = 10**digits
    rolled = current - previous + capacity
    limit = max(3 * (expected or Decimal(0)), Decimal(ROLLOVER_FLOOR_M3))
    return (rolled, True) if previous * 10 >= capacity * 9 and rolled <= limit else None


def spans_of(meters: Iterable[tuple[Meter, Iterable[State]]], since: date = date.min) -> list[Span]:
    """What was used between the settled readings of a place's meters, oldest first: an exchanged meter's use goes on.

    A removed meter ends with its last state and the new one begins with its own, so no difference is ever taken across
    two dials (P20). A pair of states that gives no plausible use is left out, and so
    is the time between an installation before `since` and the first state that is known after it.
    """
    found = []
    for meter, states in meters:
        known = {meter.installed_on: meter.installed_value} if meter.installed_on >= since else {}
        for state in sorted(states, key=lambda s: s.read_on):
            if state.status == "settled" and state.method not in NOT_READ:
                known[state.read_on] = state.value
        if meter.removed_on is not None and meter.removed_value is not None:
            known[meter.removed_on] = meter.removed_value
        days = sorted(known)
        for start, end in zip(days, days[1:], strict=False):
            used = consumption(known[start], known[end], meter.digits)
            if used is not None:
                found.append(Span(start, end, used[0]))
    return sorted(found)


def use_between(spans: Iterable[Span], start: date, end: date) -> tuple[Decimal, int]:
    """m³ used after `start` up to `end`, in proportion to the days of each span, and how many days are known."""
    used, days = Decimal(0), 0
    for span in spans:
        shared = (min(span.end, end) - max(span.start, start)).days
        if shared > 0:
            used += Decimal(span.use * shared) / (span.end - span.start).days
            days += shared
    return used, days


def daily_average(spans: Sequence[Span], until: date) -> Decimal | None:
    """m³ a day over the 365 days before; None with less than 60 days of history.

    >>> daily_average([Span(date(2025, 11, 24), date(2026, 11, 24), 96)], date(2026, 11, 24)).quantize(Decimal("0.001"))
    Decimal('0.263')
    """
    used, days = use_between(spans, until - timedelta(days=AVERAGE_DAYS), until)
    return used / days if days >= AVERAGE_LEAST_DAYS else None


def daily_use(spans: Iterable[Span], start: date, end: date) -> Decimal | None:
    """m³ a day after `start` up to `end`; None when less than nine days in ten are known."""
    used, days = use_between(spans, start, end)
    return used / days if days and days * 10 >= (end - start).days * 9 else None


def expected_use(role: str, spans: Sequence[Span], start: date, end: date) -> Decimal | None:
    """m³ to expect between two days: the average, for a garden meter the same days a year before. None: no history."""
    if end <= start:
        return None
    if role == "garden":
        daily = daily_use(spans, year_before(start), year_before(end))
    else:
        daily = daily_average(spans, start)
    return None if daily is None else daily * (end - start).days


def year_before(day: date) -> date:
    """The same day a year earlier; 29 February becomes the 28th."""
    return last_of_month(day.year - 1, day.month, day.day)


def compare_years(spans: Sequence[Span]) -> Comparison | None:
    """The last settled stretch of days beside the same days a year before; None when either is not known."""
    if not spans:
        return None
    start, end = spans[-1].start, spans[-1].end
    now, before = daily_use(spans, start, end), daily_use(spans, year_before(start), year_before(end))
    return None if now is None or before is None else Comparison(start, end, now, before)


def predecessors(meter: Meter, others: Iterable[Meter]) -> list[Meter]:
    """The removed meters that this one replaced, oldest first; `others` are those of the same place and role.

    A meter follows the one that was taken off at most a month before; where several could be meant, none is.
    """
    others, chain = list(others), [meter]
    while True:
        first = chain[0]
        before = [
            other
            for other in others
            if other not in chain
            and other.removed_on is not None
            and 0 <= (first.installed_on - other.removed_on).days <= EXCHANGE_DAYS
        ]
        if len(before) != 1:
            return chain[:-1]
        chain.insert(0, before[0])


def use_on_days(states: Iterable[State], digits: int) -> Callable[[date, date], int | None]:
    """What a meter used between two days on which it was read; None for any other days."""
    known = {state.read_on: state.value for state in states}

    def use(start: date, end: date) -> int | None:
        if start not in known or end not in known:
            return None
        used = consumption(known[start], known[end], digits)
        return used[0] if used else None

    return use
