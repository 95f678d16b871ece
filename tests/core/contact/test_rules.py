"""Rules of Kontakt: signatures, the last day of an answer, topics' words."""

from __future__ import annotations

import doctest
from datetime import date

import pytest

from ebok_core.contact import rules
from ebok_core.contracts.contact import TOPICS


def test_the_examples_in_the_rules_are_true():
    assert doctest.testmod(rules).failed == 0


def test_modules_can_take_over_what_the_core_starts_with():
    assert tuple(rules.TOPICS) == TOPICS


@pytest.mark.feature("P52")
@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        (date(2026, 11, 24), 14, date(2026, 12, 8)),  # a Tuesday, two weeks later
        (date(2026, 11, 27), 1, date(2026, 11, 30)),  # Friday + 1 is a Saturday
        (date(2026, 12, 10), 14, date(2026, 12, 28)),  # Christmas Eve is a holiday since 2025, then a weekend
        (date(2026, 10, 18), 14, date(2026, 11, 2)),  # All Saints' on a Sunday
        (date(2027, 5, 13), 14, date(2027, 5, 28)),  # Corpus Christi on the 27th
    ],
)
def test_the_day_of_arrival_does_not_count_and_a_free_day_moves_on(received, days, due):
    assert rules.due_on(received, days) == due


@pytest.mark.parametrize(
    "typed",
    [
        "K-2026-000123-8Q4M-TR7X-2VNP",
        "k20260001238q4mtr7x2vnp",
        " K 2026 000123 / 8Q4M TR7X 2VNP.",
        "K-2O26-OOO123-8Q4M-TR7X-2VNP",
        "K-2026-OOOI23-8Q4M-TR7X-2VNP",
        "K-2026-000l23-8Q4M-TR7X-2VNP",
    ],
)
def test_a_signature_is_read_as_people_type_it(typed):
    assert rules.signature(typed) == ("K-2026-000123", "8Q4MTR7X2VNP")


@pytest.mark.parametrize(
    "typed", ["", "K-2026-000123", "K-2026-000123-8Q4M-TR7X", "X-2026-000123-8Q4M-TR7X-2VNP", "K" * 200, "ąę"]
)
def test_anything_else_is_none(typed):
    assert rules.signature(typed) is None


def test_codes_are_long_and_never_the_same():
    codes = {rules.new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(rules.signature(f"K-2026-000001-{code}") == ("K-2026-000001", code) for code in codes)


def test_only_what_waits_is_late():
    due, after = date(2026, 11, 24), date(2026, 11, 25)
    assert rules.is_late(rules.NEW, due, after) and rules.is_late(rules.OPEN, due, after)
    assert not rules.is_late(rules.NEW, due, due)
    assert not rules.is_late(rules.ANSWERED, due, after) and not rules.is_late(rules.CLOSED, due, after)
