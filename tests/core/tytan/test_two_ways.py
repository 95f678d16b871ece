"""The two ways of cleaning a column, at one look and value by value, give the same rows and the same quarantine."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebok_core.contracts.tytan import Kind
from ebok_core.tytan import cleaners, contract
from ebok_core.tytan.rules import CHOICES, PLACES
from ebok_core.tytan.validate import Converter

KEY = "k" * 40
NUMBERS = {Kind.INT, Kind.FLAG, *PLACES}
VIEWS = [view for view in contract.CORE_VIEWS if view.bulk]

ODD_TEXTS = st.sampled_from(
    [None, "", " ", "  a", "a ", "a  b", "a\tb", "a\nb", "\x00", "\x1e", "\u202ea", "\x9c", "\ufffd", "\ud800", "ż", 17]
)
ODD_NUMBERS = st.sampled_from(
    [None, "", "-", ".", ".50", "-.50", "5.", "1.2.3", "--1.00", "1-.00", "1\n.00", "1.00\n2.00", "+1.00", "0.005"]
    + ["-0.00", "00012.30", "1e3", "12,30", "1 0.00", "١.٠٠", "NaN", "9999999999999.99", "12345678901234567.00"]
    + [True, Decimal("1.2E+1"), Decimal("NaN"), 0.1 + 0.2, float("inf"), 10**15, 2**64]
)
ODD_DATES = st.sampled_from(
    [None, "", "2026-02-30", "9999-12-31", "1201-01-01", "2026-11-24 00:00:00", date(2026, 11, 24), date(9999, 12, 31)]
    + [datetime(2026, 11, 24), datetime(2026, 11, 24, 12), "24.11.2026", 20261124]
)
ODD_FLAGS = st.sampled_from([None, 0, 1, 2, "0", "1", "", "yes", True, Decimal(1)])


def good(view, column):
    """Values of a column as databases give them when all is well, in one form for a whole chunk."""
    choices = CHOICES.get((view.view, column.name))
    if choices:
        return st.just(st.sampled_from(sorted(choices)))
    match column.kind:
        case Kind.TEXT:
            return st.just(st.text("aZż0/.", min_size=1, max_size=min(column.size, 12)))
        case Kind.DATE:
            days = st.dates(date(1990, 1, 1), date(2030, 1, 1))
            return st.sampled_from([days, days.map(date.isoformat)])
        case Kind.INSTANT:
            return st.just(st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(str))
        case Kind.FLAG:
            return st.just(st.integers(0, 1))
    whole = st.integers(-5 if column.name in ("balance", "to_pay", "amount") else 0, 10**9)
    places = PLACES[column.kind]
    exact = whole.map(lambda number: Decimal(number).scaleb(-places))
    return st.sampled_from([exact, exact.map(lambda value: f"{value:.{places}f}"), exact.map(float), whole])


def odd(column):
    """Values that are broken, or that only look so."""
    match column.kind:
        case Kind.DATE | Kind.INSTANT:
            return ODD_DATES
        case Kind.FLAG:
            return ODD_FLAGS
        case Kind.TEXT:
            return ODD_TEXTS
    return ODD_NUMBERS


@st.composite
def chunks(draw):
    """A view with a chunk of its rows: mostly good ones, a few values broken, here and there a tombstone."""
    view = draw(st.sampled_from(VIEWS))
    size = draw(st.integers(1, 12))
    columns = {}
    for column in view.columns:
        values = draw(st.lists(draw(good(view, column)), min_size=size, max_size=size))
        nulls = draw(st.sampled_from(["none", "some", "all"])) if column.null else "none"
        columns[column.name] = [
            None if nulls == "all" or nulls == "some" and i % 3 else v for i, v in enumerate(values)
        ]
    for _ in range(draw(st.integers(0, 3))):
        column = draw(st.sampled_from(view.columns))
        columns[column.name][draw(st.integers(0, size - 1))] = draw(odd(column))
    if not isinstance(view.customer, str):
        columns["customer_code"] = draw(st.lists(st.sampled_from(["1-00001", None]), min_size=size, max_size=size))
    columns["change_no"] = draw(st.lists(st.integers(0, 10**9), min_size=size, max_size=size))
    columns["removed"] = draw(st.lists(st.sampled_from([0, 0, 0, 0, 0, 1, 7]), min_size=size, max_size=size))
    return view, tuple(columns), list(zip(*columns.values(), strict=True))


def plain(view, batch):
    """A batch with numbers as numbers, whatever form they travel in."""
    kinds = {column.name: column.kind for column in view.columns} | {"change_no": Kind.INT}
    names = Converter(view, KEY).columns
    rows = [
        [v if v is None or kinds.get(name) not in NUMBERS else int(v) for v in values]
        for name, values in zip(names, batch.columns, strict=True)
    ]
    keys = [[str(part) for part in key] for key in batch.gone + batch.spared]
    return rows, batch.size, batch.highest, keys, batch.faults


@pytest.mark.promise
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(chunks())
def test_R29_both_ways_give_the_same_rows_and_the_same_quarantine(chunk):
    view, names, rows = chunk
    quickly = Converter(view, KEY)(names, rows)
    with mock.patch.object(cleaners, "_tried", lambda quick, values: None):
        slowly = Converter(view, KEY)(names, rows)
    assert plain(view, quickly) == plain(view, slowly)


def test_a_chunk_in_which_only_a_flag_is_broken_goes_to_quarantine():
    """No row of it is alive and none is removed: there is no key to read."""
    view = next(v for v in VIEWS if v.view == "ebok_invoice_lines")
    names = [column.name for column in view.columns]
    line = dict.fromkeys(names, 0) | {"invoice_number": "R. 1", "line_no": 1, "read_from": None, "read_to": None}
    line |= {name: "x" for name in ("name", "unit", "vat_rate")} | {"customer_code": "1-1", "change_no": 1}
    line |= {"meter_id": None, "value_from": None, "value_to": None, "estimated": None, "removed": 7}
    batch = Converter(view, KEY)(list(line), [tuple(line.values())])
    assert batch.size == 0 and batch.gone == []
    assert [(fault.column, fault.rule) for fault in batch.faults] == [("removed", "flag")]


def test_good_chunks_go_the_quick_way():
    """The comparison above would prove nothing if every chunk went value by value."""
    values = tuple(f"{number}.50" for number in range(500))
    with mock.patch.object(cleaners, "_one_by_one", side_effect=AssertionError("value by value")):
        clean = cleaners.number_cleaner("balance", 2, forbidden=False, null=False)(values, print)
    assert clean.plain and clean.values[:2] == ["050", "150"]


@pytest.mark.parametrize("number", ODD_NUMBERS.elements, ids=repr)
@pytest.mark.parametrize("places", [2, 3, 4])
def test_an_odd_number_among_good_texts_is_judged_by_itself(number, places):
    good_text = f"{Decimal(12345).scaleb(-places):.{places}f}"
    found = []
    clean = cleaners.number_cleaner("amount", places, forbidden=False, null=False)
    values = clean((good_text, number, good_text), lambda index, rule: found.append((index, rule))).values
    alone = []
    with mock.patch.object(cleaners, "_tried", lambda quick, values: None):
        by_itself = clean((number,), lambda index, rule: alone.append((1, rule))).values[0]
    assert found == alone
    assert [int(values[0]), values[1] and int(values[1]), int(values[2])] == [12345, by_itself, 12345]
