"""Every check of billing.md §10.4 as a table: all of them run, and a stop silences the questions that hang on it.

A meter that is not the viewer's (`not_owner`) has no check here: it is never found, so its page does not exist.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

from .consumption import NOT_READ, Meter, Span, State, consumption, expected_use
from .limits import Limits, in_season, window_at

# Q3 in m³ an hour by the diameter in mm: 24 × Q3 is what a meter can pass in a day. Without one the setting decides.
FLOW_M3_PER_HOUR = {15: "2.5", 20: "2.5", 25: "6.3", 32: "10", 40: "16", 50: "25", 65: "40", 80: "63", 100: "100"}
# What explains an unusual use (P19).
REASONS = ("leak", "pool", "away", "exchange", "other")


class Level(Enum):
    """What a finding asks of the customer: a stop bars the way, a question is confirmed, a note is only told."""

    STOP = "stop"
    QUESTION = "question"
    NOTE = "note"


class Finding(NamedTuple):
    """What a check found: code, number of the rule, level, the numbers for the sentence, and what to do next (N15)."""

    code: str
    rule: int
    level: Level
    numbers: Mapping[str, Any]
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """A reading to be judged. `value` None: the text was no number, and `flaw` says why.

    `today` is the day of acceptance in Warsaw, which deadlines count by (R46). `spans` are the use that is known of the
    point, `main_use` what the main meter used between two days where it was read on both.
    """

    meter: Meter
    read_on: date
    value: int | None
    today: date
    limits: Limits
    flaw: str = ""
    states: tuple[State, ...] = ()
    spans: tuple[Span, ...] = ()
    reason: str = ""
    has_photo: bool = False
    main_use: Callable[[date, date], int | None] = lambda start, end: None

    @cached_property
    def settled(self) -> tuple[State, ...]:
        """States that bills were made of, oldest first."""
        return tuple(sorted((s for s in self.states if s.status == "settled"), key=_day))

    @cached_property
    def unsettled(self) -> tuple[State, ...]:
        """States that were given and are on no bill yet, oldest first."""
        return tuple(sorted((s for s in self.states if s.status in ("pending", "accepted")), key=_day))

    @cached_property
    def previous(self) -> State:
        """The last settled state before the reading, else the one at installation."""
        before = [s for s in self.settled if s.read_on < self.read_on]
        first = State(read_on=self.meter.installed_on, value=self.meter.installed_value, method="initial")
        return before[-1] if before else first

    @property
    def days(self) -> int:
        """Days since the previous state."""
        return (self.read_on - self.previous.read_on).days

    @cached_property
    def expected(self) -> Decimal | None:
        """m³ to expect since the previous state; None without enough history."""
        return expected_use(self.meter.role, self.spans, self.previous.read_on, self.read_on)

    def use_to(self, value: int | None) -> tuple[int, bool] | None:
        """m³ from the previous state to a value on the same dial, and whether it rolled over."""
        return None if value is None else consumption(self.previous.value, value, self.meter.digits, self.expected)

    @cached_property
    def use(self) -> int | None:
        """m³ since the previous state."""
        used = self.use_to(self.value)
        return used[0] if used else None

    @property
    def ratio(self) -> Decimal | None:
        """Use over expected use."""
        return Decimal(self.use) / self.expected if self.use is not None and self.expected else None


Found = Mapping[str, Any] | None


def _day(state: State) -> date:
    return state.read_on


def _meter_inactive(case: Case) -> Found:
    removed = case.meter.removed_on
    return {"removed_on": removed} if removed is not None or not case.meter.billed else None


def _not_number(case: Case) -> Found:
    return {"flaw": case.flaw} if case.value is None else None


def _too_many_digits(case: Case) -> Found:
    digits = case.meter.digits
    return {"digits": digits} if case.value is not None and case.value >= 10**digits else None


def _date_future(case: Case) -> Found:
    return {"today": case.today} if case.read_on > case.today else None


def _date_before_last(case: Case) -> Found:
    last = case.settled[-1] if case.settled else None
    return {"last_on": last.read_on, "last": last.value} if last and case.read_on <= last.read_on else None


def _date_before_install(case: Case) -> Found:
    return {"installed_on": case.meter.installed_on} if case.read_on < case.meter.installed_on else None


def _outside_window(case: Case) -> Found:
    window = window_at(case.today, case.limits)
    if case.limits.outside_window == "allow" or window.holds(case.today):
        return None
    return {"opens": window.opens, "closes": window.closes}


def _duplicate_day(case: Case) -> Found:
    same = next((s for s in case.unsettled if s.read_on == case.read_on), None)
    return {"value": same.value, "read_on": same.read_on} if same else None


def _too_frequent(case: Case) -> Found:
    sent = max((s.sent_on for s in case.states if s.sent_on is not None), default=None)
    if sent is None:
        return None
    window = window_at(case.today, case.limits)
    if case.limits.one_per_window and window.holds(sent) and window.holds(case.today):
        following = window_at(window.closes + timedelta(days=1), case.limits)
        return {"sent_on": sent, "again_on": following.opens}
    again_on = sent + timedelta(days=case.limits.min_days_between)
    return {"sent_on": sent, "again_on": again_on} if case.today < again_on else None


def _lower_than_previous(case: Case) -> Found:
    if case.value is None or case.use is not None:
        return None
    before = case.previous
    estimated = before.method in NOT_READ
    return {"value": case.value, "last": before.value, "last_on": before.read_on, "estimated": estimated}


def _lower_than_pending(case: Case) -> Found:
    return _against(case, [s for s in case.unsettled if s.read_on < case.read_on], lambda own, other: own < other)


def _above_later(case: Case) -> Found:
    return _against(case, [s for s in case.unsettled if s.read_on > case.read_on], lambda own, other: own > other)


def _against(case: Case, others: list[State], is_wrong: Callable[[int, int], bool]) -> Found:
    """Compare along the dial, so that a roll-over between two states is no fault."""
    for other in others:
        used = case.use_to(other.value)
        if case.use is not None and used is not None and is_wrong(case.use, used[0]):
            return {"value": case.value, "other": other.value, "other_on": other.read_on}
    return None


def _rollover(case: Case) -> Found:
    used = case.use_to(case.value)
    return {"value": case.value, "last": case.previous.value, "use": used[0]} if used and used[1] else None


def _zero_consumption(case: Case) -> Found:
    """Gardens rest: no use of theirs is odd for being none or low."""
    if case.use != 0 or not case.expected or case.days < case.limits.zero_after_days or case.meter.role == "garden":
        return None
    return {"days": case.days} if case.expected / case.days > case.limits.zero_daily_m3 else None


def _low(case: Case) -> Found:
    if case.ratio is None or case.expected is None or case.expected < case.limits.low_from_m3:
        return None
    if case.meter.role == "garden":
        return None
    return _usage(case) if case.ratio < case.limits.low_ratio else None


def _high(case: Case) -> Found:
    return _above(case, case.limits.high_ratio, case.limits.high_excess_m3)


def _very_high(case: Case) -> Found:
    flow = FLOW_M3_PER_HOUR.get(case.meter.diameter_mm or 0)
    daily_limit = 24 * Decimal(flow) if flow else Decimal(case.limits.daily_limit_m3)
    if case.use is not None and case.use > daily_limit * max(case.days, 1):
        return _usage(case)
    return _above(case, case.limits.very_high_ratio, case.limits.very_high_excess_m3)


def _above(case: Case, ratio: Decimal, excess: int) -> Found:
    if case.ratio is None or case.use is None or case.expected is None:
        return None
    return _usage(case) if case.ratio > ratio and case.use - case.expected >= excess else None


def _usage(case: Case) -> Found:
    return {"use": case.use, "expected": case.expected, "ratio": case.ratio, "days": case.days, "value": case.value}


def _legalization_expired(case: Case) -> Found:
    until = case.meter.legalized_to
    return {"until": until, "role": case.meter.role} if until is not None and until < case.read_on else None


def _garden_exceeds_main(case: Case) -> Found:
    if case.meter.role != "garden" or case.use is None:
        return None
    main = case.main_use(case.previous.read_on, case.read_on)
    return {"use": case.use, "main_use": main} if main is not None and case.use > main else None


def _garden_off_season(case: Case) -> Found:
    if case.meter.role != "garden" or in_season(case.read_on, case.limits):
        return None
    return {"from_month": case.limits.season_from_month, "to_month": case.limits.season_to_month}


def _radio_meter(case: Case) -> Found:
    return {} if case.meter.radio else None


def _seal_mismatch(case: Case) -> Found:
    return {} if case.reason == "exchange" else None


def _photo_missing(case: Case) -> Found:
    return {} if case.limits.photo_required and not case.has_photo else None


class Check(NamedTuple):
    """A row of the table: `level` may depend on the case, `silenced_by` names the findings that make this one moot."""

    rule: int
    code: str
    level: Level | Callable[[Case], Level]
    find: Callable[[Case], Found]
    next_step: str
    silenced_by: frozenset[str] = frozenset()


# Without a dial state on a day that can be settled there is nothing to compare.
_UNFIT = frozenset(
    {"meter_inactive", "not_number", "too_many_digits", "date_future", "date_before_last", "date_before_install"}
)
_NO_USE = _UNFIT | {"lower_than_previous", "above_later"}
_BY_WINDOW_SETTING: Callable[[Case], Level] = lambda case: Level(case.limits.outside_window)  # noqa: E731
_BY_RADIO_SETTING: Callable[[Case], Level] = lambda case: Level(case.limits.radio_meters)  # noqa: E731
_ASKED_OF_GARDENS: Callable[[Case], Level] = (  # noqa: E731
    lambda case: Level.QUESTION if case.meter.role == "garden" else Level.NOTE
)

CHECKS: tuple[Check, ...] = (
    Check(1, "meter_inactive", Level.STOP, _meter_inactive, "ask_office"),
    Check(2, "not_number", Level.STOP, _not_number, "retype"),
    Check(3, "too_many_digits", Level.STOP, _too_many_digits, "retype"),
    Check(4, "date_future", Level.STOP, _date_future, "change_date"),
    Check(5, "date_before_last", Level.STOP, _date_before_last, "change_date", frozenset({"date_before_install"})),
    Check(6, "date_before_install", Level.STOP, _date_before_install, "change_date"),
    Check(7, "outside_window", _BY_WINDOW_SETTING, _outside_window, "confirm"),
    Check(8, "duplicate_day", Level.STOP, _duplicate_day, "withdraw_first", _UNFIT),
    Check(9, "too_frequent", Level.STOP, _too_frequent, "withdraw_first", _UNFIT | {"duplicate_day"}),
    Check(10, "lower_than_previous", Level.STOP, _lower_than_previous, "report_problem", _UNFIT),
    Check(11, "lower_than_pending", Level.QUESTION, _lower_than_pending, "confirm", _NO_USE),
    Check(12, "above_later", Level.STOP, _above_later, "withdraw_first", _UNFIT | {"lower_than_previous"}),
    Check(13, "rollover", Level.QUESTION, _rollover, "confirm", _NO_USE),
    Check(14, "zero_consumption", Level.QUESTION, _zero_consumption, "confirm", _NO_USE),
    Check(15, "low", Level.QUESTION, _low, "confirm", _NO_USE | {"zero_consumption"}),
    Check(16, "high", Level.QUESTION, _high, "confirm", _NO_USE | {"very_high"}),
    Check(17, "very_high", Level.QUESTION, _very_high, "explain", _NO_USE),
    Check(18, "legalization_expired", _ASKED_OF_GARDENS, _legalization_expired, "confirm", _UNFIT),
    Check(19, "garden_exceeds_main", Level.QUESTION, _garden_exceeds_main, "confirm", _NO_USE),
    Check(20, "garden_off_season", Level.QUESTION, _garden_off_season, "confirm", _UNFIT),
    Check(21, "radio_meter", _BY_RADIO_SETTING, _radio_meter, "none"),
    Check(22, "seal_mismatch", Level.QUESTION, _seal_mismatch, "report_exchange", _UNFIT),
    Check(23, "photo_missing", Level.STOP, _photo_missing, "add_photo", _UNFIT),
)


class Verdict(NamedTuple):
    """What all checks found, in the order of the table."""

    case: Case
    findings: tuple[Finding, ...]

    def of(self, level: Level) -> tuple[Finding, ...]:
        """The findings of one level."""
        return tuple(finding for finding in self.findings if finding.level is level)

    @property
    def digest(self) -> str:
        """What a confirmation is bound to: meter, day, state and the codes of all questions (billing.md §10.4)."""
        codes = ",".join(sorted(finding.code for finding in self.of(Level.QUESTION)))
        bound = f"{self.case.meter.id}\n{self.case.read_on.isoformat()}\n{self.case.value}\n{codes}"
        return hashlib.sha256(bound.encode()).hexdigest()[:32]

    @property
    def needs_reason(self) -> bool:
        """Whether a question asks for its explanation too (P19)."""
        return any(finding.next_step == "explain" for finding in self.of(Level.QUESTION))

    def is_confirmed(self, confirmation: str) -> bool:
        """Whether the customer confirmed these very questions about this very reading, and explained what must be."""
        if not self.of(Level.QUESTION):
            return True
        return confirmation == self.digest and (not self.needs_reason or self.case.reason in REASONS)

    def lets_pass(self, confirmation: str) -> bool:
        """Whether the reading may be sent."""
        return not self.of(Level.STOP) and self.is_confirmed(confirmation)


def judge(case: Case) -> Verdict:
    """Run every check and drop what another finding makes moot."""
    found = [(check, numbers) for check in CHECKS if (numbers := check.find(case)) is not None]
    codes = {check.code for check, _ in found}
    findings = []
    for check, numbers in found:
        if codes & check.silenced_by:
            continue
        level = check.level if isinstance(check.level, Level) else check.level(case)
        findings.append(Finding(check.code, check.rule, level, numbers, check.next_step))
    return Verdict(case, tuple(findings))
