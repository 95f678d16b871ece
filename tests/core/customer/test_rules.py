"""The customer room's rules: balance, legalisation, contracts that end, addresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from ebok_core.customer.rules import (
    LedgerLine,
    Side,
    Validity,
    address_line,
    balance_of,
    legalization_ends_on,
    legalization_expired,
    month_of,
    predecessor_of,
    side_of,
    successor_of,
    validity_of,
)

TODAY = date(2026, 11, 24)


def line(kind: str, to_pay: str, due_on: date | None = None) -> LedgerLine:
    return LedgerLine(
        kind=kind,
        document_number=kind.upper(),
        posted_on=date(2026, 9, 1),
        due_on=due_on,
        amount=Decimal(to_pay),
        to_pay=Decimal(to_pay),
        title=kind,
    )


@pytest.mark.feature("L80", "L81", "L82", "L83")
def test_parts_of_person_a_add_up():
    balance = balance_of(
        Decimal("29.20"),
        [
            line("payment_demand", "17.37", date(2026, 12, 1)),
            line("interest", "0.86", date(2026, 11, 13)),
            line("invoice", "10.97", date(2026, 9, 29)),
            line("invoice", "0.00", date(2026, 8, 1)),
        ],
        TODAY,
    )
    assert (balance.invoices, balance.interest, balance.demands, balance.overpayment) == (
        Decimal("10.97"),
        Decimal("0.86"),
        Decimal("17.37"),
        Decimal("0.00"),
    )
    assert balance.adds_up and balance.overdue == Decimal("10.97") and balance.due_later == 0
    assert [entry.document_number for entry in balance.lines] == ["INVOICE", "INTEREST", "PAYMENT_DEMAND"]
    assert [entry.kind for entry in balance.of("interest")] == ["interest"]


def test_overpayment_is_what_is_taken_off():
    balance = balance_of(Decimal("-40.00"), [line("overpayment", "-40.00")], TODAY)
    assert balance.overpayment == Decimal("40.00") and balance.adds_up


def test_a_balance_that_does_not_add_up_says_so():
    assert not balance_of(Decimal("10.00"), [line("invoice", "9.99", TODAY)], TODAY).adds_up
    assert not balance_of(Decimal("9.99"), [line("unheard_of", "9.99", TODAY)], TODAY).adds_up


def test_the_due_day_itself_is_not_overdue():
    balance = balance_of(Decimal("5.00"), [line("invoice", "5.00", TODAY)], TODAY)
    assert balance.overdue == 0 and balance.due_later == Decimal("5.00")


@pytest.mark.parametrize(
    ("amount", "side"), [("29.20", Side.OWED), ("-0.01", Side.OVERPAID), ("0.00", Side.SETTLED), ("0.01", Side.OWED)]
)
def test_side(amount, side):
    assert side_of(Decimal(amount)) is side


@pytest.mark.parametrize(
    ("valid_to", "validity"),
    [
        (None, Validity.OPEN_ENDED),
        (date(2026, 11, 23), Validity.ENDED),
        (date(2026, 11, 24), Validity.ENDS_SOON),
        (date(2026, 12, 24), Validity.ENDS_SOON),
        (date(2026, 12, 25), Validity.RUNNING),
    ],
)
def test_validity(valid_to, validity):
    assert validity_of(valid_to, TODAY) is validity


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2018.12", date(2018, 12, 31)),
        ("2028.02", date(2028, 2, 29)),
        ("2018.13", None),
        ("2018.00", None),
        ("2018-12", None),
        ("2018.1", None),
        ("٢٠١٨.12", None),
        ("", None),
        (None, None),
    ],
)
def test_legalization_ends_on(text, day):
    assert legalization_ends_on(text) == day


def test_legalization_is_valid_through_its_last_month():
    assert not legalization_expired("2026.11", date(2026, 11, 30))
    assert legalization_expired("2026.11", date(2026, 12, 1))
    assert not legalization_expired(None, TODAY)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("ul. Lipowa", "12", "3", "62-999", "Brzozowa Struga"), "ul. Lipowa 12/3, 62-999 Brzozowa Struga"),
        (("ul. Lipowa", "12", None, "62-999", "Brzozowa Struga"), "ul. Lipowa 12, 62-999 Brzozowa Struga"),
        ((None, "7", None, "62-998", "Zagórze"), "Zagórze 7, 62-998 Zagórze"),
    ],
)
def test_address_line(parts, text):
    assert address_line(*parts) == text


def meter(id: str, installed: date, removed: date | None = None, role: str = "main") -> SimpleNamespace:
    return SimpleNamespace(id=id, role=role, installed_on=installed, removed_on=removed)


EXCHANGE_DAY = date(2026, 5, 20)


@pytest.mark.feature("L45")
def test_an_exchange_joins_the_old_meter_and_the_new_one():
    old = meter("old", date(2020, 1, 1), EXCHANGE_DAY)
    new = meter("new", EXCHANGE_DAY)
    garden = meter("garden", EXCHANGE_DAY, role="garden")
    assert predecessor_of(new, [old, new, garden]) is old
    assert successor_of(old, [old, new, garden]) is new
    assert predecessor_of(old, [old, new]) is None and successor_of(new, [old, new]) is None


@pytest.mark.parametrize(("days", "is_exchange"), [(-1, False), (0, True), (31, True), (32, False)])
def test_an_exchange_is_over_within_a_month(days, is_exchange):
    old = meter("old", date(2020, 1, 1), EXCHANGE_DAY)
    new = meter("new", EXCHANGE_DAY + timedelta(days=days))
    assert (successor_of(old, [new]) is new) is is_exchange


def test_two_possible_exchanges_are_none():
    removed = [meter(f"old{n}", date(2020, 1, 1), EXCHANGE_DAY, "flat") for n in (1, 2)]
    assert predecessor_of(meter("new", EXCHANGE_DAY, role="flat"), removed) is None


def test_part_payment_is_told_from_the_amount_left():
    whole = line("invoice", "123.95")
    assert not whole.is_part_paid
    assert replace(whole, to_pay=Decimal("10.97")).is_part_paid


def test_months_compare_as_texts():
    assert month_of(date(2026, 9, 30)) == "2026.09" < month_of(date(2026, 10, 1)) < "2027.01"
