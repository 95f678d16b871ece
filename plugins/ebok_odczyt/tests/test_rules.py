"""The rules: the spec's own examples, a table with each code, and properties over thousands of cases."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebok_odczyt import rules
from ebok_odczyt.rules import Case, Level, Limits, Meter, Span, State, Window, judge

many = settings(max_examples=500, deadline=None)
TODAY = date(2026, 11, 24)
LAST = date(2026, 8, 31)
MAIN = Meter(id="M1", installed_on=date(2013, 4, 22), diameter_mm=20)
GARDEN = Meter(id="M2", installed_on=date(2021, 4, 1), role="garden", diameter_mm=20, legalized_to=date(2030, 12, 31))
# 96 m³ in the 365 days before the last reading: 0.263 m³ a day (billing.md §10.3).
YEAR = (Span(LAST - timedelta(days=365), LAST, 96),)
SETTLED = (State(read_on=LAST, value=421),)


def case(value=430, *, meter=MAIN, states=SETTLED, spans=YEAR, read_on=TODAY, today=TODAY, limits=None, **more):
    """A reading of 430 m³ given today inside the window, unless said otherwise."""
    return Case(
        meter=meter,
        read_on=read_on,
        value=value,
        today=today,
        limits=limits or Limits(),
        states=states,
        spans=spans,
        **more,
    )


def codes(judged: Case, level: Level | None = None) -> list[str]:
    return [finding.code for finding in judge(judged).findings if level in (None, finding.level)]


def numbers(judged: Case, code: str) -> dict:
    return dict(next(finding.numbers for finding in judge(judged).findings if finding.code == code))


# What the customer types


@pytest.mark.feature("L76")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("421", 421), ("00421", 421), (" 421 ", 421), ("1 250", 1250), ("1\u00a0250", 1250), ("0", 0), ("000", 0),
        ("", "empty"), ("   ", "empty"), ("-5", "minus"), ("\u22125", "minus"), ("-5,5", "minus"),
        ("1250,7", "fraction"), ("1250.7", "fraction"), (",7", "fraction"), ("7,", "fraction"),
        ("1e5", "letters"), ("abc", "letters"), ("0x1F", "letters"), ("+5", "letters"), ("4２1", "letters"),
        ("٤٢١", "letters"), ("4²", "letters"), ("1;2", "letters"), ("1.2.3", "letters"), ("1_000", "letters"),
    ],
)  # fmt: skip
def test_text_becomes_whole_cubic_metres_or_names_its_flaw(text, expected):
    assert rules.parse_state(text) == expected


@many
@given(st.text(max_size=60))
def test_any_text_gives_a_number_or_one_of_four_flaws(text):
    parsed = rules.parse_state(text)
    assert parsed in ("empty", "minus", "fraction", "letters") or (isinstance(parsed, int) and parsed >= 0)


def test_forty_digits_are_too_many_for_any_dial():
    assert codes(case(rules.parse_state("9" * 40)), Level.STOP) == ["too_many_digits"]
    assert codes(case(rules.parse_state("9" * 40_000)), Level.STOP) == ["too_many_digits"]


@pytest.mark.parametrize(
    ("month", "day"),
    [("2018.12", date(2018, 12, 31)), ("2024.02", date(2024, 2, 29)), ("2018-12", None), ("2018.13", None), ("", None),
     (None, None), ("0000.01", None)],
)  # fmt: skip
def test_legalisation_is_valid_to_the_end_of_its_month(month, day):
    assert rules.legalized_to(month) == day


# Consumption and roll-over (billing.md §10.3)


@pytest.mark.feature("P20")
@pytest.mark.parametrize(
    ("previous", "current", "digits", "expected", "result"),
    [
        (99987, 12, 5, None, (25, True)),
        (1254, 1245, 5, None, None),
        (421, 430, 5, None, (9, False)),
        (421, 421, 5, None, (0, False)),
        (90000, 40, 5, None, None),  # 10 040 m³ is above the limit of 50
        (99950, 0, 5, None, (50, True)),
        (99949, 0, 5, None, None),
        (89999, 1, 5, Decimal(100000), None),  # below 90 % of the capacity
        (99900, 40, 5, Decimal(50), (140, True)),  # 3 × expected
        (99900, 51, 5, Decimal(50), None),
        (9990, 5, 4, None, (15, True)),
        (99999990, 5, 8, None, (15, True)),
    ],
)
def test_consumption_across_the_end_of_the_dial(previous, current, digits, expected, result):
    assert rules.consumption(previous, current, digits, expected) == result


@many
@given(digits=st.integers(4, 8), data=st.data(), expected=st.none() | st.decimals(0, 5000, places=2))
def test_consumption_is_never_negative_nor_above_the_dial(digits, data, expected):
    state = st.integers(0, 10**digits - 1)
    previous, current = data.draw(state), data.draw(state)
    used = rules.consumption(previous, current, digits, expected)
    if current >= previous:
        assert used == (current - previous, False)
    elif used is not None:
        assert used[1] and 0 < used[0] <= max(50, 3 * (expected or 0))
        assert (previous + used[0]) % 10**digits == current


@many
@given(digits=st.integers(4, 8), used=st.integers(1, 50), data=st.data())
def test_a_small_use_over_the_end_of_the_dial_is_a_roll_over(digits, used, data):
    previous = data.draw(st.integers(10**digits - used, 10**digits - 1))
    assert rules.consumption(previous, (previous + used) % 10**digits, digits) == (used, True)


@pytest.mark.feature("P20")
def test_use_goes_on_across_an_exchange_and_is_never_negative():
    old = Meter(id="OLD", installed_on=date(2020, 1, 1), removed_on=date(2026, 3, 2), removed_value=412)
    new = Meter(id="NEW", installed_on=date(2026, 3, 2), installed_value=0)
    spans = rules.spans_of(
        [
            (
                old,
                [
                    State(read_on=date(2025, 12, 31), value=400),
                    State(read_on=date(2026, 3, 2), value=412, method="final"),
                ],
            ),
            (
                new,
                [
                    State(read_on=date(2026, 3, 2), value=0, method="initial"),
                    State(read_on=date(2026, 6, 30), value=18),
                ],
            ),
        ]
    )
    assert [span.use for span in spans] == [400, 12, 18]
    assert rules.use_between(spans, date(2025, 12, 31), date(2026, 6, 30)) == (Decimal(30), 181)


def test_an_estimate_above_the_true_state_makes_no_negative_use():
    meter = Meter(id="M", installed_on=date(2025, 1, 1))
    states = [
        State(read_on=date(2025, 6, 30), value=40),
        State(read_on=date(2025, 9, 30), value=70, method="estimate"),
        State(read_on=date(2025, 12, 31), value=60),
    ]
    assert [span.use for span in rules.spans_of([(meter, states)])] == [40, 20]


@many
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 99_999)), min_size=0, max_size=12),
    st.integers(1, 400),
)
def test_history_of_any_states_gives_ordered_spans_without_negative_use(steps, window):
    meter = Meter(id="M", installed_on=date(2015, 1, 1), installed_value=7)
    states = [State(read_on=date(2015, 1, 1) + timedelta(days=days), value=value) for days, value in steps]
    spans = rules.spans_of([(meter, states)])
    assert all(span.use >= 0 and span.start < span.end for span in spans)
    assert all(a.end <= b.start for a, b in zip(spans, spans[1:], strict=False))
    until = date(2020, 1, 1)
    used, days = rules.use_between(spans, until - timedelta(days=window), until)
    assert used >= 0 and 0 <= days <= window


def test_average_of_the_spec():
    average = rules.daily_average(YEAR, LAST)
    assert average is not None and average.quantize(Decimal("0.001")) == Decimal("0.263")
    expected = rules.expected_use("main", YEAR, LAST, LAST + timedelta(days=31))
    assert expected is not None and expected.quantize(Decimal("0.01")) == Decimal("8.15")


@pytest.mark.parametrize(("days", "known"), [(59, False), (60, True)])
def test_average_needs_sixty_days(days, known):
    spans = [Span(LAST - timedelta(days=days), LAST, 10)]
    assert (rules.daily_average(spans, LAST) is not None) is known


def test_garden_is_compared_with_its_own_season():
    summer_before = Span(date(2025, 5, 31), date(2025, 8, 31), 46)
    expected = rules.expected_use("garden", [summer_before], date(2026, 5, 31), date(2026, 8, 31))
    assert expected == 46
    assert rules.expected_use("garden", [summer_before], date(2026, 9, 1), date(2026, 11, 1)) is None


@pytest.mark.feature("P27")
def test_the_last_stretch_is_compared_with_the_same_days_a_year_before():
    spans = [Span(date(2025, 5, 31), date(2025, 8, 31), 92), Span(date(2025, 8, 31), date(2026, 5, 31), 80),
             Span(date(2026, 5, 31), date(2026, 8, 31), 46)]  # fmt: skip
    found = rules.compare_years(spans)
    assert found == (date(2026, 5, 31), date(2026, 8, 31), Decimal("0.5"), Decimal(1))
    assert rules.compare_years(spans[2:]) is None
    assert rules.compare_years([]) is None


def test_a_year_before_a_leap_day():
    assert rules.year_before(date(2024, 2, 29)) == date(2023, 2, 28)


# The window (P15, R46)


@pytest.mark.feature("P15")
@pytest.mark.parametrize(
    ("day", "limits", "window"),
    [
        (date(2026, 11, 24), Limits(), (date(2026, 11, 20), date(2026, 11, 30))),
        (date(2026, 11, 30), Limits(), (date(2026, 11, 20), date(2026, 11, 30))),
        (date(2026, 12, 1), Limits(), (date(2026, 12, 20), date(2026, 12, 31))),
        (date(2028, 2, 29), Limits(), (date(2028, 2, 20), date(2028, 2, 29))),
        (date(2027, 2, 28), Limits(), (date(2027, 2, 20), date(2027, 2, 28))),
        (date(2026, 1, 3), Limits(window_from_day=25, window_to_day=5), (date(2025, 12, 25), date(2026, 1, 5))),
        (date(2026, 1, 6), Limits(window_from_day=25, window_to_day=5), (date(2026, 1, 25), date(2026, 2, 5))),
        (date(2026, 11, 24), Limits(window_months=(3, 6, 9, 12)), (date(2026, 12, 20), date(2026, 12, 31))),
        (date(2026, 12, 31), Limits(window_months=(6,)), (date(2027, 6, 20), date(2027, 6, 30))),
    ],
)
def test_the_window_that_is_open_or_comes_next(day, limits, window):
    assert rules.window_at(day, limits) == window


@many
@given(
    st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 31), st.integers(1, 31), st.sets(st.integers(1, 12))
)
def test_a_window_never_closes_before_the_day(day, first, last, months):
    limits = Limits(window_from_day=first, window_to_day=last, window_months=tuple(sorted(months)))
    window = rules.window_at(day, limits)
    assert window.opens <= window.closes and day <= window.closes
    assert rules.window_at(window.closes, limits).closes == window.closes


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [(4, 10, {4, 5, 6, 7, 8, 9, 10}), (11, 2, {11, 12, 1, 2}), (0, 0, set(range(1, 13)))],
)
def test_garden_season(first, last, months):
    limits = Limits(season_from_month=first, season_to_month=last)
    assert {m for m in range(1, 13) if rules.in_season(date(2026, m, 15), limits)} == months


# Each code of §10.4

SENT = State(read_on=date(2026, 11, 21), value=428, status="pending", method="customer", sent_on=date(2026, 11, 21))
QUIET = Limits(outside_window="allow", one_per_window=False)
CODE_TABLE = [
    ("meter_inactive", Level.STOP, {"meter": Meter(id="M", installed_on=date(2013, 1, 1), removed_on=LAST)}),
    ("meter_inactive", Level.STOP, {"meter": Meter(id="M", installed_on=date(2013, 1, 1), billed=False)}),
    ("not_number", Level.STOP, {"value": None, "flaw": "fraction"}),
    ("too_many_digits", Level.STOP, {"value": 100_000}),
    ("date_future", Level.STOP, {"read_on": TODAY + timedelta(days=1)}),
    ("date_before_last", Level.STOP, {"read_on": LAST}),
    ("date_before_install", Level.STOP, {"read_on": date(2013, 4, 21), "states": ()}),
    ("outside_window", Level.QUESTION, {"today": date(2026, 11, 19), "read_on": date(2026, 11, 19)}),
    ("outside_window", Level.STOP, {"today": date(2026, 11, 19), "read_on": date(2026, 11, 19),
                                    "limits": Limits(outside_window="stop")}),
    ("duplicate_day", Level.STOP, {"read_on": SENT.read_on, "states": (*SETTLED, SENT)}),
    ("too_frequent", Level.STOP, {"states": (*SETTLED, SENT)}),
    ("too_frequent", Level.STOP, {"states": (*SETTLED, SENT),
                                  "limits": Limits(one_per_window=False, min_days_between=4)}),
    ("lower_than_previous", Level.STOP, {"value": 412}),
    ("lower_than_pending", Level.QUESTION, {"value": 427, "states": (*SETTLED, SENT), "spans": (), "limits": QUIET}),
    ("above_later", Level.STOP, {"value": 429, "read_on": date(2026, 11, 20), "states": (*SETTLED, SENT),
                                "limits": QUIET}),
    ("rollover", Level.QUESTION, {"value": 12, "states": (State(read_on=LAST, value=99987),)}),
    ("zero_consumption", Level.QUESTION, {"value": 421}),
    ("low", Level.QUESTION, {"value": 422}),
    ("high", Level.QUESTION, {"value": 421 + 47}),
    ("very_high", Level.QUESTION, {"value": 421 + 120}),
    ("legalization_expired", Level.NOTE, {"meter": Meter(id="M", installed_on=date(2013, 1, 1),
                                                         legalized_to=date(2018, 12, 31))}),
    ("legalization_expired", Level.QUESTION, {"meter": Meter(id="M", installed_on=date(2013, 1, 1), role="garden",
                                                             legalized_to=date(2026, 11, 23))}),
    ("garden_exceeds_main", Level.QUESTION, {"meter": GARDEN, "spans": (), "main_use": lambda start, end: 8}),
    ("garden_off_season", Level.QUESTION, {"meter": GARDEN, "limits": Limits(season_from_month=4, season_to_month=10)}),
    ("radio_meter", Level.STOP, {"meter": Meter(id="M", installed_on=date(2013, 1, 1), radio=True)}),
    ("radio_meter", Level.QUESTION, {"meter": Meter(id="M", installed_on=date(2013, 1, 1), radio=True),
                                     "limits": Limits(radio_meters="question")}),
    ("seal_mismatch", Level.QUESTION, {"reason": "exchange"}),
    ("photo_missing", Level.STOP, {"limits": Limits(photo_required=True)}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "level", "changes"), CODE_TABLE)
def test_each_code_alone(code, level, changes):
    """The plain case finds nothing; one change brings exactly this code, with its rule number and a next step."""
    assert codes(case()) == []
    verdict = judge(case(**changes))
    assert [(f.code, f.level) for f in verdict.findings] == [(code, level)]
    (finding,) = verdict.findings
    assert finding.rule == next(check.rule for check in rules.CHECKS if check.code == code)
    assert finding.next_step


def test_every_check_of_the_table_is_in_the_test():
    assert {code for code, _, _ in CODE_TABLE} == {check.code for check in rules.CHECKS}
    assert len({check.rule for check in rules.CHECKS}) == len(rules.CHECKS)


def test_silencing_names_only_codes_that_exist():
    known = {check.code for check in rules.CHECKS}
    assert all(check.silenced_by <= known - {check.code} for check in rules.CHECKS)


def test_the_specs_high_reading():
    last = TODAY - timedelta(days=31)
    spans = (Span(last - timedelta(days=365), last, 96),)
    found = numbers(case(450, states=(State(read_on=last, value=421),), spans=spans), "high")
    assert found["use"] == 29
    assert found["ratio"].quantize(Decimal("0.01")) == Decimal("3.56")


@pytest.mark.parametrize(
    ("use", "expected"),
    # 85 days at 0.263: 22.36 m³ are usual.
    [(6, ["low"]), (7, []), (44, []), (45, ["high"]), (111, ["high"]), (112, ["very_high"])],
)
def test_edges_of_the_usual(use, expected):
    assert codes(case(421 + use)) == expected


def test_more_than_the_meter_can_pass_needs_no_history():
    last = State(read_on=TODAY - timedelta(days=1), value=421)
    assert codes(case(421 + 60, states=(last,), spans=())) == []
    assert codes(case(421 + 61, states=(last,), spans=())) == ["very_high"]
    unknown = Meter(id="M", installed_on=date(2013, 1, 1))
    assert codes(case(421 + 21, meter=unknown, states=(last,), spans=())) == ["very_high"]


def test_all_checks_run_and_stops_silence_what_hangs_on_them():
    judged = case(412, today=date(2026, 11, 19), read_on=date(2026, 11, 19), reason="exchange")
    assert codes(judged) == ["outside_window", "lower_than_previous", "seal_mismatch"]
    assert codes(case(None, flaw="letters", read_on=TODAY + timedelta(days=1))) == ["not_number", "date_future"]


@pytest.mark.feature("L76")
def test_lower_than_last_carries_the_last_state_and_its_day():
    found = numbers(case(14, states=(State(read_on=LAST, value=40),), spans=()), "lower_than_previous")
    assert found == {"value": 14, "last": 40, "last_on": LAST, "estimated": False}


def test_a_roll_over_between_pending_readings_is_no_fault():
    states = (State(read_on=date(2026, 11, 1), value=99_980),
              State(read_on=date(2026, 11, 10), value=99_995, status="accepted"))  # fmt: skip
    assert codes(case(4, states=states, spans=())) == ["rollover"]
    assert codes(case(99_990, states=states, spans=())) == ["lower_than_pending"]


def test_a_reading_given_in_the_window_before_does_not_bar_this_one():
    october = State(
        read_on=date(2026, 10, 25), value=428, status="accepted", method="customer", sent_on=date(2026, 10, 25)
    )
    assert codes(case(430, states=(*SETTLED, october))) == []
    assert numbers(case(430, states=(*SETTLED, SENT)), "too_frequent")["again_on"] == date(2026, 12, 20)


# Confirmation (billing.md §10.4)


@pytest.mark.feature("P19")
def test_a_confirmation_holds_for_one_meter_day_state_and_set_of_questions():
    asked = judge(case(468))
    assert not asked.lets_pass("")
    assert asked.lets_pass(asked.digest)
    others = [
        judge(case(469)),
        judge(case(468, read_on=TODAY - timedelta(days=1))),
        judge(case(468, meter=Meter(id="M9", installed_on=date(2013, 4, 22), diameter_mm=20))),
        judge(case(468, reason="exchange")),
    ]
    assert all(other.of(Level.QUESTION) and not other.lets_pass(asked.digest) for other in others)


@pytest.mark.feature("P19")
def test_a_very_high_reading_is_explained_too():
    asked = judge(case(421 + 120))
    assert asked.needs_reason and not asked.lets_pass(asked.digest)
    for reason in ("leak", "pool", "away", "other"):
        explained = judge(case(421 + 120, reason=reason))
        assert explained.lets_pass(explained.digest)
    assert not judge(case(421 + 120, reason="nonsense")).lets_pass(asked.digest)


def test_a_stop_can_not_be_confirmed_away():
    stopped = judge(case(412))
    assert not stopped.lets_pass(stopped.digest)


@st.composite
def cases(draw):
    meter = Meter(
        id="M", installed_on=date(2015, 1, 1), role=draw(st.sampled_from(["main", "garden", "flat", "well", "sewage"])),
        digits=draw(st.integers(4, 8)), diameter_mm=draw(st.sampled_from([None, 15, 20, 80])),
        legalized_to=draw(st.none() | st.dates(date(2018, 1, 1), date(2030, 1, 1))), radio=draw(st.booleans()),
        removed_on=draw(st.none() | st.just(date(2026, 1, 1))), billed=draw(st.booleans()),
    )  # fmt: skip
    value = st.integers(0, 10**meter.digits + 10)
    day = st.dates(date(2014, 12, 1), date(2026, 12, 31))
    states = draw(
        st.lists(
            st.builds(
                State, read_on=day, value=value, status=st.sampled_from(["settled", "accepted", "pending"]),
                method=st.sampled_from(["reader", "customer", "estimate"]), sent_on=st.none() | day,
            ),
            max_size=6,
        )
    )  # fmt: skip
    typed = draw(st.none() | value)
    return Case(
        meter=meter, read_on=draw(day), value=typed, flaw="" if typed is not None else "letters", today=draw(day),
        limits=draw(st.sampled_from([Limits(), Limits(outside_window="stop", radio_meters="question"),
                                     Limits(season_from_month=4, season_to_month=10, min_days_between=30)])),
        states=tuple(states), spans=tuple(rules.spans_of([(meter, states)])),
        reason=draw(st.sampled_from(["", *rules.REASONS])), main_use=lambda start, end: 5,
    )  # fmt: skip


@many
@given(cases())
def test_any_case_is_judged_and_no_use_is_negative(judged):
    verdict = judge(judged)
    assert judged.use is None or judged.use >= 0
    assert judged.expected is None or judged.expected >= 0
    found = {finding.code for finding in verdict.findings}
    assert len(found) == len(verdict.findings)
    assert not {"high", "very_high"} <= found and not {"low", "zero_consumption"} <= found
    if verdict.lets_pass(verdict.digest):
        assert judged.value is not None and judged.value < 10**judged.meter.digits
        assert judged.read_on <= judged.today and judged.use is not None


def test_window_holds_its_ends():
    window = Window(date(2026, 11, 20), date(2026, 11, 30))
    assert window.holds(window.opens) and window.holds(window.closes)
    assert not window.holds(date(2026, 11, 19)) and not window.holds(date(2026, 12, 1))
