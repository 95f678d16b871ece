"""The pure rules of documents: states, sums, explanations, the difference to a year ago, corrections, periods."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest

from ebok_faktura import rules
from ebok_faktura.rules import BillLine, Cause, Period, Service, State

D = Decimal
WATER, SEWAGE = "Dostarczanie wody z sieci, taryfa G1", "Odprowadzanie ścieków, taryfa G1"
GARDEN = "Woda bezpowrotnie zużyta (podlicznik ogrodowy)"


def line(name=WATER, unit="m3", quantity="9", price="4.62", net="41.58", vat="3.33", gross="44.91", **more) -> BillLine:
    return BillLine(
        name=name,
        unit=unit,
        quantity=D(quantity),
        price=D(price),
        net=D(net),
        vat_rate=more.pop("vat_rate", "8%"),
        vat=D(vat),
        gross=D(gross),
        **more,
    )


def bill() -> list[BillLine]:
    """The invoice of 123.95 of the test people."""
    return [
        line(value_from=D(412), value_to=D(421)),
        line(GARDEN, quantity="2", price="0", net="0", vat="0", gross="0", value_from=D(38), value_to=D(40)),
        line(SEWAGE, quantity="7", price="8.06", net="56.42", vat="4.51", gross="60.93"),
        line("Opłata abonamentowa", "mc", "3", "5.59", "16.77", "1.34", "18.11"),
    ]


# States (L16, L18)


@pytest.mark.parametrize(
    ("gross", "to_pay", "state"),
    [
        ("123.95", "123.95", State.UNPAID),
        ("123.95", "10.97", State.PART_PAID),
        ("123.95", "0.01", State.PART_PAID),
        ("598.02", "0.00", State.PAID),
        ("-9.44", "-9.44", State.CREDIT),
        ("-9.44", "0.00", State.SETTLED),
        ("0.00", "0.00", State.SETTLED),
    ],
)
def test_the_state_follows_the_amount_left(gross, to_pay, state):
    assert rules.state_of(D(gross), D(to_pay)) is state


def test_a_document_is_late_after_its_due_date_and_only_while_open():
    due = date(2026, 9, 29)
    assert rules.days_late(D("10.97"), due, date(2026, 9, 29)) == 0
    assert rules.days_late(D("10.97"), due, date(2026, 11, 24)) == 56
    assert rules.days_late(D("0.00"), due, date(2026, 11, 24)) == 0


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 24), date(2025, 11, 25)),
        (date(2026, 1, 1), date(2025, 1, 2)),
        (date(2028, 2, 29), date(2027, 3, 1)),
        (date(2027, 12, 31), date(2027, 1, 1)),
    ],
)
def test_the_last_year_begins_on_the_day_after_the_same_day(today, first):
    assert rules.last_year(today) == first


def test_what_is_unpaid_adds_up_by_parts():
    rows = [
        rules.Open(family=rules.Family.BILL, is_credit=False, count=2, left=D("20.00")),
        rules.Open(family=rules.Family.CORRECTION, is_credit=False, count=1, left=D("1.00")),
        rules.Open(family=rules.Family.CORRECTION, is_credit=True, count=1, left=D("-5.00")),
        rules.Open(family=rules.Family.INTEREST, is_credit=False, count=1, left=D("0.86")),
        rules.Open(family=rules.Family.DEMAND, is_credit=False, count=1, left=D("17.37")),
    ]
    found = rules.unpaid_of(rows)
    assert (found.count, found.bills, found.credits, found.total) == (5, D("21.00"), D("-5.00"), D("39.23"))


# Explanations (P36)


def test_lines_are_known_by_their_words():
    names = {
        WATER: Service.WATER,
        SEWAGE: Service.SEWAGE,
        GARDEN: Service.UNRETURNED,
        "Dopłata gminy": Service.OTHER,
    }
    assert {name: rules.bills.service_of(name, "m3") for name in names} == names
    assert rules.bills.service_of("Opłata abonamentowa – woda", "mc") is Service.STANDING
    assert rules.bills.service_of("Woda", "szt.") is Service.OTHER
    assert rules.bills.service_of("Odsetki od R. 1, 9.25% w skali roku", "dzień") is Service.INTEREST


def test_only_what_holds_is_said_of_a_line():
    first = rules.explain(bill()[0])
    assert first.multiplies and first.subtracts and not first.rolled_over
    wrong = rules.explain(line(net="41.57", value_from=D(412), value_to=D(422)))
    assert not wrong.multiplies and not wrong.subtracts
    rolled = rules.explain(line(value_from=D(99995), value_to=D(4)))
    assert rolled.rolled_over and not rolled.subtracts


def test_sewage_is_explained_where_the_numbers_agree():
    found = rules.sewage_rule(bill())
    assert found is not None
    assert (found.water, found.unreturned, found.sewage, found.saved) == (D(9), D(2), D(7), D("17.41"))
    assert rules.sewage_rule([bill()[0], bill()[2]]) is None, "9 m³ of water and 7 of sewage say nothing"


def test_sums_agree_or_are_told_not_to():
    lines = bill()
    assert rules.sums_agree(lines, D("114.77"), D("9.18"), D("123.95"))
    assert not rules.sums_agree(lines, D("114.77"), D("9.18"), D("123.96"))
    assert not rules.sums_agree(lines[:3], D("114.77"), D("9.18"), D("123.95"))
    assert rules.sums_agree([], D("1.00"), D("0.08"), D("1.08")), "nothing is said of a document without lines"
    assert [(x.rate, x.gross) for x in rules.vat_sums(lines)] == [("8%", D("123.95"))]


def test_a_number_is_named_only_as_a_whole():
    text = "Odsetki od R. 2026/000412, 9.25% w skali roku"
    assert rules.mentions(text, "R. 2026/000412")
    assert not rules.mentions(text, "R. 2026/00041") and not rules.mentions(text, "2026/00041")


# A year ago


def test_the_difference_is_divided_exactly():
    before = [
        line(quantity="10", price="4.49", net="44.90", vat="3.59", gross="48.49"),
        line(SEWAGE, quantity="6", price="7.86", net="47.16", vat="3.77", gross="50.93"),
        line("Opłata abonamentowa", "mc", "3", "5.40", "16.20", "1.30", "17.50"),
        line("Plombowanie", "szt.", "1", "10", "10.00", "2.30", "12.30", vat_rate="23%"),
    ]
    found = rules.compare(bill(), before, 92, 92)
    assert found.total == D("123.95") - D("129.22") == sum(x.amount for x in found.parts)
    said = {(x.service, x.cause): x.amount for x in found.parts}
    assert said[Service.WATER, Cause.USE] == D("-4.85") and said[Service.WATER, Cause.PRICE] == D("1.27")
    assert said[Service.STANDING, Cause.PRICE] == D("0.61") and (Service.STANDING, Cause.MONTHS) not in said
    assert said[Service.OTHER, Cause.GONE] == D("-12.30")
    assert not any(x.cause is Cause.DAYS for x in found.parts)


def test_a_longer_period_is_told_from_more_use():
    before = [line(quantity="90", price="5", net="450.00", vat="36.00", gross="486.00")]
    now = [line(quantity="100", price="5", net="500.00", vat="40.00", gross="540.00")]
    found = rules.compare(now, before, 100, 90)
    assert [(x.cause, x.amount) for x in found.parts] == [(Cause.DAYS, D("54.00"))], "the same use a day"


def test_an_unchanged_price_is_never_blamed_for_rounding():
    before = [line(quantity="7", price="4.37", net="30.59", vat="2.45", gross="33.04")]
    now = [line(quantity="8", price="4.37", net="34.96", vat="2.80", gross="37.76")]
    found = rules.compare(now, before, 92, 90)
    assert {x.cause for x in found.parts} <= {Cause.DAYS, Cause.USE}
    assert sum(x.amount for x in found.parts) == D("4.72")


def test_whatever_the_bills_the_parts_add_up():
    dice = random.Random(7)  # noqa: S311 - examples, the same each time
    names = [(WATER, "m3"), (SEWAGE, "m3"), ("Opłata abonamentowa", "mc"), ("Inna usługa", "szt."), (GARDEN, "m3")]

    def some() -> list[BillLine]:
        found = []
        for name, unit in names * 2:
            if dice.random() < 0.6:
                quantity, price = D(dice.randint(-2, 90)), D(dice.randint(0, 1200)) / 100
                net = (quantity * price).quantize(D("0.01"))
                vat = (net * 8 / 100).quantize(D("0.01"))
                found.append(line(name, unit, str(quantity), str(price), str(net), str(vat), str(net + vat)))
        return found

    for _ in range(500):
        now, before = some(), some()
        found = rules.compare(now, before, dice.choice([None, 30, 92]), dice.choice([None, 28, 90]))
        assert sum((x.amount for x in found.parts), D(0)) == found.total
        assert found.total == sum((x.gross for x in now), D(0)) - sum((x.gross for x in before), D(0))


def test_the_same_period_is_the_one_nearest_a_year_before():
    quarter = Period(first=date(2026, 6, 1), last=date(2026, 8, 31))
    others = [
        ("spring", Period(first=date(2025, 3, 1), last=date(2025, 5, 31))),
        ("summer", Period(first=date(2025, 6, 3), last=date(2025, 9, 2))),
        ("august", Period(first=date(2025, 8, 1), last=date(2025, 8, 31))),
    ]
    assert rules.same_period(quarter, others) == "summer"
    assert rules.same_period(quarter, others[:1]) is None and rules.same_period(quarter, others[2:]) is None


# Corrections


def test_a_correction_shows_before_and_after():
    less = line(quantity="-2", net="-9.24", vat="-0.74", gross="-9.98")
    difference = [less, line("Rabat", "szt.", "1", gross="-1.00")]
    found = rules.before_and_after(bill(), difference)
    water, rebate = found[0], found[-1]
    assert (water.quantity_before, water.quantity_after, water.quantity) == (D(9), D(7), D(-2))
    assert (water.gross_before, water.gross_after, water.gross) == (D("44.91"), D("34.93"), D("-9.98"))
    assert (rebate.name, rebate.gross_before, rebate.gross_after) == ("Rabat", D("0.00"), D("-1.00"))
    assert sum(x.gross for x in found) == D("-10.98")


# Periods of statements


def test_months_add_up_to_quarters_and_years_without_gaps():
    amounts = {(2025, 11): D("1.00"), (2026, 1): D("2.00"), (2026, 11): D("4.00")}
    first, last = date(2025, 11, 1), date(2026, 11, 24)
    for step, count in ((rules.Step.MONTH, 13), (rules.Step.QUARTER, 5), (rules.Step.YEAR, 2)):
        periods = rules.stretches(first, last, step)
        assert len(periods) == count and all(
            b.first.toordinal() == a.last.toordinal() + 1 for a, b in zip(periods, periods[1:], strict=False)
        )
        assert sum(rules.added_up(amounts, periods)) == D("7.00")
    assert rules.added_up(amounts, rules.stretches(first, last, rules.Step.YEAR)) == [D("1.00"), D("6.00")]
