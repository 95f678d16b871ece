"""From cubic metres to an invoice, by the examples of billing.md §2.1, §3.2, §10.3."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebok_core.standin import billing, tariff
from ebok_core.standin.billing import Draft, Metered

RATES = st.sampled_from(list(billing.VAT_PERCENT))
DRAFTS = st.builds(
    Draft, st.just("x"), st.just("m3"), st.integers(0, 99), st.integers(0, 999_999), st.integers(-99_999, 99_999), RATES
)


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def _metered(quantity: int, first: str, last: str, value: int = 100, digits: int = 5) -> Metered:
    value_to = (value + quantity) % 10**digits
    return Metered("M", digits, value, value_to, _day(first) - 1, _day(last), quantity, 0)


def test_the_worked_example_of_method_a():
    lines = [(14, 51_200), (14, 84_700), (3, 43_500), (3, 31_000)]
    bill = billing.total([billing.draft("x", "m3", quantity, price) for quantity, price in lines])
    assert (bill.net, bill.vat, bill.gross) == (21_261, 1_701, 22_962)
    assert [line.vat for line in bill.lines] == [573, 949, 104, 75]


@given(st.lists(DRAFTS, min_size=1, max_size=8))
def test_lines_always_add_up(drafts):
    bill = billing.total(drafts)
    assert bill.net == sum(line.draft.net for line in bill.lines)
    assert bill.vat == sum(line.vat for line in bill.lines)
    assert bill.gross == sum(line.gross for line in bill.lines) == bill.net + bill.vat


@pytest.mark.parametrize(
    ("numerator", "denominator", "wanted"), [(5, 10, 1), (4, 10, 0), (-5, 10, -1), (-4, 10, 0), (15, 10, 2), (0, 7, 0)]
)
def test_halves_go_away_from_zero(numerator, denominator, wanted):
    assert billing.half_up(numerator, denominator) == wanted


def test_consumption_over_the_dial():
    assert billing.consumption(99_987, 12, 5) == 25
    assert billing.consumption(412, 421, 5) == 9


def test_split_over_a_new_price_list_by_days():
    new_prices = _day("2026-07-01")
    assert billing.shares(36, [(_day("2026-05-15"), new_prices - 1), (new_prices, _day("2026-08-14"))]) == [18, 18]


@given(st.integers(0, 10_000), st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_shares_add_up(quantity, lengths):
    periods, day = [], 1
    for length in lengths:
        periods.append((day, day + length - 1))
        day += length
    parts = billing.shares(quantity, periods)
    assert sum(parts) == quantity and min(parts) >= 0


def test_a_new_price_list_makes_two_lines_with_states_between():
    item = _metered(30, "2026-02-01", "2026-04-30", value=99_990)
    bill = billing.water_bill("G1", billing.BOTH, _day("2026-02-01"), _day("2026-04-30"), [_day("2026-02-01")], [item])
    old, new = bill.lines[0].draft, bill.lines[1].draft
    assert (old.price, new.price) == (44_900, 46_200)
    assert (old.quantity, new.quantity) == (9, 21)
    assert (old.metered.value_from, old.metered.value_to) == (99_990, 99_999)
    assert (new.metered.value_from, new.metered.value_to) == (99_999, 20)
    assert new.metered.read_from == old.metered.read_to == _day("2026-02-28")
    assert [line.draft.quantity for line in bill.lines if line.draft.name.startswith("Odprowadzanie")] == [9, 21]


def test_sewage_is_main_less_garden_and_never_below_zero():
    period = ("2026-06-01", "2026-08-31")
    for main, garden, wanted in ((9, 2, 7), (3, 5, 0)):
        bill = billing.water_bill(
            "G1",
            billing.BOTH,
            _day(period[0]),
            _day(period[1]),
            [],
            [_metered(main, *period)],
            [_metered(garden, *period)],
        )
        quantities = {line.draft.name.split(",")[0]: line.draft.quantity for line in bill.lines}
        assert quantities["Dostarczanie wody z sieci"] == main
        assert quantities["Odprowadzanie ścieków"] == wanted
        assert [line.gross for line in bill.lines if line.draft.name == billing.GARDEN] == [0]


@pytest.mark.parametrize(
    ("service", "wanted"),
    [
        (billing.WATER_ONLY, ["Dostarczanie wody z sieci, taryfa G2", billing.STANDING_WATER]),
        (billing.SEWAGE_ONLY, ["Odprowadzanie ścieków, taryfa G2", billing.STANDING_SEWAGE]),
    ],
)
def test_lines_follow_the_service(service, wanted):
    item = _metered(5, "2026-06-01", "2026-06-30")
    bill = billing.water_bill(
        "G2", service, _day("2026-06-01"), _day("2026-06-30"), [_day("2026-06-01")], [item], [item]
    )
    assert [line.draft.name for line in bill.lines] == wanted
    assert bill.lines[0].draft.metered == item


def test_a_month_is_charged_when_its_last_day_has_come():
    def months(first: str, last: str) -> list[str]:
        return [date.fromordinal(day).isoformat() for day in billing.months_passed(_day(first), _day(last))]

    assert months("2026-09-01", "2026-11-22") == ["2026-09-01", "2026-10-01"]
    assert months("2026-11-23", "2026-11-30") == ["2026-11-01"]
    assert months("2026-11-23", "2026-11-29") == []
    assert months("2026-12-15", "2027-01-31") == ["2026-12-01", "2027-01-01"]


def test_prices_are_those_of_the_day():
    assert tariff.prices_on("G1", _day("2026-02-28")).water == 44_900
    assert tariff.prices_on("G1", _day("2026-03-01")).water == 46_200
    assert tariff.prices_on("G1", _day("2001-01-01")) == tariff.prices_on("G1", _day("2018-03-01"))


def test_prices_lie_in_the_ranges_of_the_specification():
    for group in tariff.GROUPS:
        for year in range(2018, 2029):
            prices = tariff.prices_on(group, _day(f"{year}-03-01"))
            assert 35_000 <= prices.water <= 80_000 or group == tariff.MULTI_DWELLING
            assert 65_000 <= prices.sewage <= 130_000
            assert 30_000 <= prices.standing_water <= (1_000_000 if group == tariff.LARGE else 100_000)
            assert 0 <= prices.standing_sewage <= 70_000


def test_money_changes_its_unit_without_loss():
    assert billing.zloty(-12_395) == Decimal("-123.95")
    assert billing.grosze(Decimal("123.95")) == 12_395
    with pytest.raises(ValueError, match="parts of a grosz"):
        billing.grosze(Decimal("0.005"))
