"""The customer room's rules: legalisation, contracts that end, addresses."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from ebok_core.customer.rules import (
    Validity,
    address_line,
    legalization_ends_on,
    legalization_expired,
    month_of,
    predecessor_of,
    successor_of,
    validity_of,
)

TODAY = date(2026, 11, 24)


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


def test_months_compare_as_texts():
    assert month_of(date(2026, 9, 30)) == "2026.09" < month_of(date(2026, 10, 1)) < "2027.01"
