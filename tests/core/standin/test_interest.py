"""Late-payment interest by the worked examples of billing.md §8.5."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebok_core.standin import interest
from ebok_core.standin.interest import COMMERCIAL, CONSUMER

EXAMPLES = [
    ("304.92", "2025-11-24", "2025-11-24", "2026-03-16", CONSUMER, "8.88"),
    ("250.00", "2025-11-21", "2025-11-21", "2025-12-15", CONSUMER, "1.58"),
    ("86.20", "2025-11-22", "2025-11-24", "2025-11-30", CONSUMER, "0.14"),
    ("229.62", "2026-01-31", "2026-02-02", "2026-02-27", CONSUMER, "1.49"),
    ("640.18", "2025-12-24", "2025-12-29", "2026-01-09", CONSUMER, "1.83"),
    ("300.00", "2026-04-04", "2026-04-07", "2026-04-20", CONSUMER, "0.99"),
    ("87.40", "2024-02-23", "2024-02-23", "2024-03-29", CONSUMER, "0.94"),
    ("12000.00", "2025-12-19", "2025-12-19", "2026-02-10", COMMERCIAL, "248.88"),
]
AMOUNTS = st.decimals(min_value="0.01", max_value=100_000, places=2)
DAYS = st.dates(date(2016, 1, 1), date(2028, 12, 31))


@pytest.mark.parametrize(("principal", "due", "effective", "paid", "rates", "wanted"), EXAMPLES)
def test_worked_examples(principal, due, effective, paid, rates, wanted):
    due_on = date.fromisoformat(due)
    assert interest.effective_due(due_on) == date.fromisoformat(effective)
    assert interest.interest(Decimal(principal), due_on, date.fromisoformat(paid), rates) == Decimal(wanted)


def test_segments_of_the_first_example():
    parts = interest.segments(Decimal("304.92"), date(2025, 11, 24), date(2026, 3, 16))
    assert [(part.days, part.rate) for part in parts] == [
        (9, Decimal("9.75")),
        (91, Decimal("9.50")),
        (12, Decimal("9.25")),
    ]
    assert [round(part.amount, 5) for part in parts] == [Decimal("0.73306"), Decimal("7.22201"), Decimal("0.92729")]


def test_a_part_payment_lowers_the_principal_from_the_next_day():
    paid = [(date(2026, 10, 26), Decimal("112.98"))]
    parts = interest.segments(Decimal("123.95"), date(2026, 9, 29), date(2026, 10, 30), payments=paid)
    assert [(part.days, part.principal) for part in parts] == [(27, Decimal("123.95")), (4, Decimal("10.97"))]
    assert interest.rounded(parts) == Decimal("0.86")


def test_nothing_is_due_on_the_effective_due_date_itself():
    assert interest.interest(Decimal(1000), date(2025, 11, 22), date(2025, 11, 24)) == 0


@pytest.mark.parametrize(
    ("holiday", "next_working_day"),
    [
        ("2024-12-24", "2024-12-24"),  # a working day until 2024
        ("2025-12-24", "2025-12-29"),
        ("2026-01-06", "2026-01-07"),
        ("2026-06-04", "2026-06-05"),  # Corpus Christi
        ("2027-05-01", "2027-05-04"),
        ("2026-11-11", "2026-11-12"),
    ],
)
def test_due_dates_move_off_holidays(holiday, next_working_day):
    assert interest.effective_due(date.fromisoformat(holiday)) == date.fromisoformat(next_working_day)


@given(AMOUNTS, DAYS, st.integers(0, 900))
def test_two_notes_charge_the_days_of_one(principal, due_on, split):
    until = date.fromordinal(due_on.toordinal() + 900)
    middle = date.fromordinal(due_on.toordinal() + split)
    whole = interest.segments(principal, due_on, until)
    first = interest.segments(principal, due_on, middle)
    second = interest.segments(principal, due_on, until, charged_to=middle)
    assert sum(part.days for part in whole) == sum(part.days for part in [*first, *second])
    total = sum(part.amount for part in whole)
    assert abs(total - sum(part.amount for part in [*first, *second])) < Decimal("1e-18")


@given(DAYS)
def test_the_tables_have_a_rate_for_every_day(day):
    assert 0 < interest.rate_on(day, CONSUMER) < interest.rate_on(day, COMMERCIAL) < 20
