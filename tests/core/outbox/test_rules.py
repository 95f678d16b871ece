"""The outbox's rules: the graph, the classes, the delays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ebok_core.contracts.tytan import Capability, Outcome
from ebok_core.outbox import rules
from ebok_core.outbox.rules import State

PUT, LOOKUP, BLIND = Capability.PUT, Capability.LOOKUP, Capability.BLIND


def middle() -> float:
    return 0.5


def decided(outcome: Outcome, **values) -> tuple[str, float, bool]:
    decision = rules.decide(outcome, **{"capability": PUT, "attempts": 1, "jitter": middle, **values})
    return decision.state.value, decision.delay_s, decision.counted


def test_the_graph_names_every_state_and_leads_only_to_known_ones():
    assert set(rules.GRAPH) == set(State)
    assert {to for targets in rules.GRAPH.values() for to in targets} <= set(State)
    assert not rules.GRAPH[State.CANCELLED]


def test_every_state_that_blocks_is_open_and_what_failed_is_closed():
    assert rules.MAY_BLOCK < rules.OPEN
    assert not rules.OPEN & (rules.ARRIVED | rules.FAILED)
    assert rules.OPEN | rules.ARRIVED | rules.FAILED == set(State)


@pytest.mark.parametrize("state", State)
def test_who_stepped_aside_never_blocks(state):
    assert not rules.flags(state, stepped_aside=True)["blocking"]
    assert rules.flags(state)["open"] == (state in rules.OPEN)


def test_delays_are_those_of_the_spec_and_then_hourly():
    assert [rules.delay_s(n, middle) for n in range(9)] == [0, 5, 30, 120, 600, 1800, 3600, 3600, 3600]
    assert rules.delay_s(1, lambda: 0.0) == 2.5
    assert rules.delay_s(1, lambda: 1.0) == 7.5


@pytest.mark.parametrize(
    ("outcome", "values", "expected"),
    [
        (Outcome.DELIVERED, {}, ("delivered", 0, True)),
        (Outcome.UNREACHABLE, {"attempts": 19}, ("pending", 5, False)),
        (Outcome.UNREACHABLE, {"attempts": 25, "age": timedelta(days=30)}, ("pending", 5, False)),
        (Outcome.BUSY, {}, ("pending", 5, True)),
        (Outcome.BUSY, {"attempts": 4}, ("pending", 600, True)),
        (Outcome.BUSY, {"attempts": 20}, ("dead", 0, True)),
        (Outcome.BUSY, {"age": timedelta(days=7)}, ("dead", 0, True)),
        (Outcome.AMBIGUOUS, {}, ("pending", 0, True)),
        (Outcome.AMBIGUOUS, {"attempts": 2}, ("pending", 5, True)),
        (Outcome.AMBIGUOUS, {"capability": LOOKUP}, ("uncertain", 60, True)),
        (Outcome.AMBIGUOUS, {"capability": BLIND}, ("uncertain", 60, True)),
        (Outcome.REJECTED, {}, ("rejected", 0, True)),
        (Outcome.PERMANENT, {}, ("dead", 0, True)),
        (Outcome.CONFLICT, {}, ("dead", 0, True)),
        (Outcome.BUG, {"bugs": 2}, ("pending", 5, True)),
        (Outcome.BUG, {"bugs": 3, "attempts": 3}, ("dead", 0, True)),
        (Outcome.BUG, {"bugs": 1, "capability": BLIND}, ("uncertain", 60, True)),
        (Outcome.PERMANENT, {"in_run": True}, ("pending", 0, True)),
        (Outcome.REJECTED, {"in_run": True}, ("pending", 0, True)),
        (Outcome.BUSY, {"in_run": True}, ("pending", 5, True)),
    ],
)
def test_outcomes_mean_what_the_table_of_the_spec_says(outcome, values, expected):
    assert decided(outcome, **values) == expected


@pytest.mark.parametrize(
    ("found", "minutes", "expected"),
    [
        (True, 1, "delivered"),
        (False, 1, "uncertain"),
        (False, 14.9, "uncertain"),
        (False, 15, "pending"),
        (None, 60, "uncertain"),
    ],
)
def test_a_no_is_definite_only_after_a_quarter_of_an_hour(found, minutes, expected):
    assert rules.decide_lookup(found, since=timedelta(minutes=minutes)).state == expected


def test_probes_come_each_half_minute_at_first_and_at_least_each_five_minutes():
    assert [rules.probe_after_s(n) for n in (5, 6, 7, 8, 9, 30)] == [30, 60, 120, 240, 300, 300]


def test_who_failed_or_killed_a_worker_travels_alone():
    assert rules.joins_run(abandoned=0, last_class=None)
    assert rules.joins_run(abandoned=0, last_class="unreachable")
    assert not rules.joins_run(abandoned=1, last_class=None)
    assert not rules.joins_run(abandoned=0, last_class="busy")


@pytest.mark.parametrize(
    ("dependency", "expected"),
    [
        (None, "pending"),
        (State.PENDING, "pending"),
        (State.DELIVERED, "pending"),
        (State.APPLIED, "pending"),
        (State.PARKED, "parked"),
        (State.DEAD, "parked"),
        (State.REJECTED, "dead"),
        (State.CANCELLED, "dead"),
    ],
)
def test_a_new_message_starts_where_its_dependency_lets_it(dependency, expected):
    assert rules.initial(dependency)[0] == expected
