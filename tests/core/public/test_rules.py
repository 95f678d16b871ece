"""When a block is seen, how it stands, and when a second person must publish it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebok_core.public.blocks import rules
from ebok_core.public.blocks.rules import State

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NRB = "51 9990 0009 4127 0000 0010 0100"


def version(number, start, end=None, published=True):
    days = [TODAY + timedelta(days=n) if n is not None else None for n in (start, end)]
    return SimpleNamespace(number=number, starts_on=days[0], ends_on=days[1], published_at=NOW if published else None)


@pytest.mark.parametrize(
    ("versions", "seen"),
    [
        ([version(1, 0)], 1),
        ([version(1, -5), version(2, 1)], 1),
        ([version(1, -5), version(2, 0)], 2),
        ([version(1, -5), version(2, -1, published=False)], 1),
        ([version(1, -5, 0)], 1),
        ([version(1, -5, -1)], None),
        ([version(1, -9), version(2, -5, -1)], None),
        ([version(1, 1)], None),
        ([version(1, 0), version(2, 0)], 2),
        ([], None),
    ],
)
def test_the_version_that_began_last_is_seen_to_the_end_of_its_days(versions, seen):
    found = rules.in_force(versions, TODAY)
    assert (found.number if found else None) == seen


@pytest.mark.parametrize(
    ("versions", "state"),
    [
        ([version(1, 0)], State.SHOWN),
        ([version(1, 3)], State.SCHEDULED),
        ([version(1, -3, -1)], State.OVER),
        ([version(1, 0, published=False)], State.DRAFT),
    ],
)
def test_how_a_block_stands(versions, state):
    assert rules.state_of(versions, TODAY, withdrawn=False) is state
    assert rules.state_of(versions, TODAY, withdrawn=True) is State.WITHDRAWN


@pytest.mark.parametrize(
    "text", [NRB, NRB.replace(" ", ""), f"PL{NRB}", f"konto {NRB.replace(' ', '-')}.", f"**{NRB}**"]
)
def test_a_bank_account_is_found_however_it_is_written(text):
    assert rules.names_account(f"Wpłaty na rachunek:\n{text}\nDziękujemy.")


@pytest.mark.parametrize("text", ["61 000 00 12, 61 000 00 13, 61 000 00 14", "2026-11-24 07:00-15:00", "1" * 27, ""])
def test_telephones_and_dates_are_no_account(text):
    assert not rules.names_account(text)


@pytest.mark.parametrize(
    ("body", "same", "publishers", "hours", "waits"),
    [
        (NRB, True, 2, 100, True),
        (NRB, False, 2, 0, False),
        (NRB, True, 1, 23, True),
        (NRB, True, 1, 24, False),
        ("Nowe godziny otwarcia", True, 2, 0, False),
    ],
)
def test_what_names_an_account_needs_a_second_person(body, same, publishers, hours, waits):
    found = rules.waits_for_another(
        body,
        written_by="x",
        written_at=NOW,
        publisher="x" if same else "y",
        publishers=publishers,
        now=NOW + timedelta(hours=hours),
    )
    assert found is waits


@given(st.lists(st.text("abc", min_size=1), unique=True, min_size=1), st.data())
def test_moving_keeps_every_block_and_moves_one_place(keys, data):
    key, step = data.draw(st.sampled_from(keys)), data.draw(st.sampled_from([-1, 1]))
    found = rules.moved(keys, key, step)
    assert sorted(found) == sorted(keys)
    assert found.index(key) == min(max(keys.index(key) + step, 0), len(keys) - 1)
