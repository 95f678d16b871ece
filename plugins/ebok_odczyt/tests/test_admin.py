"""The panel: what customers gave, the rules as an administrator sets them, figures, health, personal data."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core import Level, runtime_settings
from ebok_core.db import uuid7
from ebok_core.errors import NotFound
from ebok_odczyt import admin, privacy, rules, service, statistics
from ebok_odczyt.models import MeterGroup, Reading
from ebok_odczyt.rules import Limits
from ebok_odczyt.service import Entry
from ebok_odczyt.settings import OdczytConfigSchema

A, M1, M2 = "1-01001", "W1", "W2"
TODAY = date(2026, 11, 24)


def submit(runtime, viewer, text: str = "430", meter_id: str = M1, **changes) -> None:
    entry = Entry(meter_id=meter_id, text=text, read_on=TODAY, **changes)
    with runtime.database.unit_of_work() as session:
        service.submit_readings(session, viewer, [entry], uuid7())


# Pages


@pytest.fixture
def staff(filled_copy, signed_in):
    """Browsers of the kit's staff, on the invented utility."""
    return signed_in


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_clerk_sees_what_was_given(staff, filled_copy):
    a = staff("A")
    a.submit("/odczyty/", {"data": "2026-11-24", "stan-L-1001-M1": "430"})
    clerk = staff("clerk")
    page = clerk.get("/panel/odczyty/").get_data(as_text=True)
    for part in ("OD-2026-11-0001", "12CB050038", "1-01001", "Oczekujące"):
        assert part in page
    assert "OD-2026-11-0001" in clerk.get("/panel/odczyty/?szukaj=12cb05").get_data(as_text=True)
    assert "OD-2026-11-0001" not in clerk.get("/panel/odczyty/?szukaj=99XX").get_data(as_text=True)
    assert "OD-2026-11-0001" not in clerk.get("/panel/odczyty/?stan=rejected").get_data(as_text=True)
    for sort in ("excess", "-excess", "submitted_at", "read_on"):
        assert "OD-2026-11-0001" in clerk.get(f"/panel/odczyty/?sortuj={sort}").get_data(as_text=True)
    assert "OD-2026-11-0001" in clerk.get("/panel/odczyty/?format=csv").get_data(as_text=True)
    assert a.get("/panel/odczyty/").status_code == 404
    assert clerk.get("/odczyty/").status_code == 404


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_list_sorts_by_the_distance_from_the_usual(staff, filled_copy):
    a = staff("A")
    answer = a.submit("/odczyty/", {"data": "2026-11-24", "stan-L-1001-M1": "436", "stan-L-1001-M2": "41"})
    assert answer.status_code == 303
    page = staff("clerk").get("/panel/odczyty/?sortuj=-excess").get_data(as_text=True)
    assert page.index("12CB050038") < page.index("21GR004417")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_administrator_sets_the_rules(staff, filled_copy):
    admin_ = staff("admin")
    page = admin_.get("/panel/konfiguracja/odczyt.rules").get_data(as_text=True)
    assert "Okres odczytów zaczyna się dnia" in page and "wymaga potwierdzenia" in page
    values = {**OdczytConfigSchema().dump(Limits()), "window_from_day": "1", "window_to_day": "10", "high_ratio": "3,5"}
    values = {name: str(value) for name, value in values.items() if value not in (False, None)}
    assert admin_.submit("/panel/konfiguracja/odczyt.rules", values).status_code == 303
    with filled_copy.database.snapshot() as session:
        limits = service.limits_of(session)
    assert (limits.window_from_day, limits.window_to_day, limits.high_ratio) == (1, 10, Decimal("3.5"))
    lead = staff("A").get("/odczyty/").get_data(as_text=True)
    assert "od 1 grudnia do 10 grudnia" in lead
    refused = admin_.submit("/panel/konfiguracja/odczyt.rules", {**values, "window_months": "3, 13"})
    assert refused.status_code == 422
    assert "Wpisz numery miesięcy z przecinkami" in refused.get_data(as_text=True)


# Settings


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"window_from_day": "0"}, "window_from_day"),
        ({"window_to_day": "32"}, "window_to_day"),
        ({"window_months": "x"}, "window_months"),
        ({"outside_window": "maybe"}, "outside_window"),
        ({"season_from_month": "4"}, "season_to_month"),
        ({"very_high_ratio": "1"}, "very_high_ratio"),
        ({"high_ratio": "-1"}, "high_ratio"),
        ({"remind_days_before": "16"}, "remind_days_before"),
        ({"no_such_rule": "1"}, "no_such_rule"),
    ],
)
def test_a_wrong_rule_is_told_at_its_field(changes, field):
    assert field in OdczytConfigSchema().validate({**OdczytConfigSchema().dump(Limits()), **changes})


def test_rules_survive_being_stored():
    limits = Limits(window_months=(3, 6, 9, 12), season_from_month=4, season_to_month=10, low_ratio=Decimal("0.25"))
    stored = json.loads(json.dumps(OdczytConfigSchema().dump(limits)))
    assert OdczytConfigSchema().load(stored) == limits
    assert OdczytConfigSchema().load({}) == Limits()


def test_the_status_row_says_default_until_somebody_saves(world):
    with world.database.unit_of_work() as session:
        assert [row.level for row in admin.config_status(session)] == [Level.DEFAULT]
        runtime_settings.save(session, OdczytConfigSchema, Limits(high_excess_m3=9), keys=[])
        assert [row.level for row in admin.config_status(session)] == [Level.OK]


def test_a_stricter_rule_holds_at_once(world, viewer_a):
    with world.database.unit_of_work() as session:
        runtime_settings.save(session, OdczytConfigSchema, Limits(outside_window="stop", window_to_day=20), keys=[])
    with pytest.raises(service.NotPlausible) as refused:
        submit(world, viewer_a)
    assert [f.code for f in refused.value.judged[0].verdict.of(rules.Level.STOP)] == ["outside_window"]


# Figures and health


def test_the_statistic_counts_by_state_within_its_time(world, viewer_a):
    submit(world, viewer_a)
    submit(world, viewer_a, "41", M2)
    day = datetime(2026, 11, 24, tzinfo=UTC)
    with world.database.unit_of_work() as session:
        session.execute(sa.update(Reading).where(Reading.meter_id == M2).values(status="rejected"))
        counts = dict(statistics.submitted(session, day, day + timedelta(days=1)))
        before = dict(statistics.submitted(session, day - timedelta(days=1), day))
    assert counts == {"Oczekujące": 1, "Nierozliczone": 0, "Rozliczone": 0, "Odrzucone": 1, "Wycofane": 0}
    assert set(before.values()) == {0}


def test_health_tells_of_readings_that_nobody_decides_about(world, viewer_a, clock):
    submit(world, viewer_a)
    with world.database.snapshot() as session:
        assert admin.readings_get_through(session)[0] is Level.OK
        clock.advance(timedelta(days=2, seconds=1))
        level, text = admin.readings_get_through(session)
    assert level is Level.ERROR and text.startswith("1 odczyt czeka dłużej niż dwa dni")


def test_the_work_list_has_what_waits_oldest_first(world, viewer_a, make_viewer, clock):
    submit(world, viewer_a, "41", M2)
    clock.advance(hours=1)
    submit(world, viewer_a)
    clerk = make_viewer(None, kind="staff", permissions=frozenset({"odczyt.manage"}))
    with world.database.snapshot() as session:
        items = admin.work_items(clerk, session)
        assert admin.work_items(viewer_a, session) == []
    assert [item.title for item in items] == [
        "OD-2026-11-0001, wodomierz 21GR004417",
        "OD-2026-11-0002, wodomierz 12CB050038",
    ]
    assert items[0].since == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


# Personal data


def test_personal_data_are_given_out_and_erased(world, viewer_a, viewer_b):
    submit(world, viewer_a, note="klucze u sąsiada", reason="away")
    with world.database.unit_of_work() as session:
        service.name_groups(session, viewer_a, {M1: "Mieszkanie"})
    readings, groups = privacy.ALL
    with world.database.unit_of_work() as session:
        (given,) = readings.export(session, viewer_a.account_id, (A,))
        assert given["note"] == "klucze u sąsiada" and given["reading_value"] == "430.000"
        json.dumps(given)
        assert list(groups.export(session, viewer_a.account_id, (A,))) == [
            {"customer_code": A, "meter_id": M1, "name": "Mieszkanie"}
        ]
        assert list(readings.export(session, viewer_b.account_id, ("1-02002",))) == []
        assert readings.erase(session, viewer_b.account_id) == 0
        assert readings.erase(session, viewer_a.account_id) == 1
        assert groups.erase(session, viewer_a.account_id) == 0
    with world.database.snapshot() as session:
        row = session.execute(sa.select(Reading.account_id, Reading.note, Reading.explanation, Reading.status)).one()
        assert tuple(row) == (None, None, None, "pending")
        assert session.execute(sa.select(sa.func.count()).select_from(MeterGroup)).scalar_one() == 1


def test_nobody_names_groups_of_another_s_meters(world, viewer_b):
    with pytest.raises(NotFound), world.database.unit_of_work() as session:
        service.name_groups(session, viewer_b, {M1: "x"})
