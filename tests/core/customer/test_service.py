"""The customer's data as services read them, on both databases with the invented utility's copy."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ebok_core.clock import WARSAW
from ebok_core.customer import service
from ebok_core.customer.rules import Validity
from ebok_core.errors import NotFound
from ebok_core.tytan import copy

NOW = datetime(2026, 11, 24, 8, 40, tzinfo=WARSAW)


@pytest.fixture
def session(database, filled_copy):
    with database.snapshot() as session:
        yield session


@pytest.mark.feature("L35")
def test_both_accounts_of_a_have_a_purpose(session, viewer_a):
    numbers = service.bank_accounts(service.customer(session, viewer_a), service.contracts(session, viewer_a))
    assert [tuple(row.number for row in own.contracts) for own in numbers] == [(), ("Um 2024/0207",)]
    assert len({own.number for own in numbers}) == 2 and all(len(own.number) == 26 for own in numbers)


def test_the_account_of_an_ended_contract_is_not_offered(session, viewer_a):
    customer = service.customer(session, viewer_a)
    ended = [row._replace(valid_to=date(2026, 11, 23)) for row in service.contracts(session, viewer_a)]
    assert [own.contracts for own in service.bank_accounts(customer, ended)] == [()]


@pytest.mark.feature("L36")
def test_the_mailing_address_is_there_where_it_differs(session, viewer_a, viewer_b):
    a, b = service.customer(session, viewer_a), service.customer(session, viewer_b)
    assert a.address == "ul. Lipowa 12, 62-999 Brzozowa Struga"
    assert a.mailing_address == "ul. Kościuszki 3/14, 62-999 Brzozowa Struga"
    assert b.mailing_address is None
    same = {f"mailing_{name}": getattr(a, name) for name in ("street", "house_no", "flat_no", "postal_code", "city")}
    assert a._replace(**same).mailing_address is None


@pytest.mark.feature("L114", "L121")
def test_a_contract_names_every_point_it_covers(filled_copy, database, viewer_a):
    with database.refresher.begin() as connection:
        change = sa.update(copy.service_points).where(copy.service_points.c.code == "403-1001-1")
        connection.execute(change.values(contract_number="Um 2018/3111"))
    with database.snapshot() as session:
        contract = service.contract(session, viewer_a, "Um 2018/3111")
        assert [point.code for point in contract.points] == ["403-1001-0", "403-1001-1"]
        assert contract.validity is Validity.OPEN_ENDED
        ending = service.contract(session, viewer_a, "Um 2024/0207")
        assert [point.code for point in ending.points] == ["403-1001-1"] and ending.validity is Validity.ENDS_SOON


@pytest.mark.feature("L104")
def test_only_a_single_contract_is_opened_at_once(session, viewer_a, viewer_b):
    assert service.only_contract(session, viewer_a) is None
    assert service.only_contract(session, viewer_b) == service.contracts(session, viewer_b)[0].number


@pytest.mark.feature("L43", "L67")
def test_the_meters_of_a_point_and_what_they_have_to_do_with_each_other(session, viewer_a):
    point = service.point(session, viewer_a, "403-1001-0")
    assert [(m.meter_number, m.role) for m in point.meters] == [("21GR004417", "garden"), ("12CB050038", "main")]
    main = service.meter(session, viewer_a, "L-1001-M1")
    assert [m.meter_number for m in main.children] == ["21GR004417"] and main.parent is None
    garden = service.meter(session, viewer_a, "L-1001-M2")
    assert garden.parent.meter_number == "12CB050038" and garden.is_submeter and not garden.is_exchanged_by_utility
    assert main.predecessor is main.successor is None


@pytest.mark.feature("L45", "L67")
def test_after_an_exchange_both_meters_are_there_and_know_each_other(session, viewer_a):
    tadeusz = viewer_a.__class__(**{**vars(viewer_a), "customer_code": "1-01006"})
    new, old = service.point(session, tadeusz, "403-1006-0").meters
    assert new.active and not old.active and old.removed_on == new.installed_on
    assert service.meter(session, tadeusz, old.id).successor.id == new.id
    assert service.meter(session, tadeusz, new.id).predecessor.id == old.id
    assert not service.meter(session, tadeusz, old.id).legalization_expired


@pytest.mark.feature("L59", "P32")
def test_the_legalisation_of_the_plot_has_run_out(session, viewer_a):
    found = service.old_legalization(session, viewer_a)
    assert (found.meter_number, found.legalization_valid_to, found.total) == ("19IZ118820", "2024.12", 1)
    assert service.meter(session, viewer_a, found.id).legalization_expired
    assert not service.meter(session, viewer_a, "L-1001-M1").legalization_expired


def test_a_month_that_is_none_is_no_legalisation(filled_copy, database, viewer_a):
    with database.refresher.begin() as connection:
        connection.execute(
            sa.update(copy.meters).where(copy.meters.c.id == "L-1001-M3").values(legalization_valid_to="12.2024")
        )
    with database.snapshot() as session:
        assert service.old_legalization(session, viewer_a) is None


@pytest.mark.feature("L48")
def test_the_contract_that_ends_soon_is_told(session, viewer_a, viewer_b):
    assert [(c.number, c.valid_to) for c in service.contracts_ending(session, viewer_a)] == [
        ("Um 2024/0207", date(2026, 12, 18))
    ]
    assert service.contracts_ending(session, viewer_b) == []


@pytest.mark.feature("L66")
def test_a_reading_that_waits_is_told_apart(filled_copy, database, viewer_a, viewer_b):
    with database.refresher.begin() as connection:
        first = sa.select(copy.readings.c.id).where(copy.readings.c.meter_id == "L-1001-M1").limit(1)
        change = sa.update(copy.readings).where(copy.readings.c.id == first.scalar_subquery())
        connection.execute(change.values(status="pending", read_on=date(2026, 11, 22), reading_value=Decimal(430)))
    with database.snapshot() as session:
        waiting = service.waiting_readings(session, viewer_a, "L-1001-M1")
        assert [(r.read_on, r.reading_value) for r in waiting] == [(date(2026, 11, 22), Decimal(430))]
        assert service.waiting_readings(session, viewer_b, "L-1001-M1") == []


@pytest.mark.parametrize(
    ("read", "code"),
    [(service.point, "403-1001-0"), (service.meter, "L-1001-M1"), (service.contract, "Um 2018/3111")],
)
def test_S05_the_data_of_others_are_not_there(session, viewer_b, read, code):
    with pytest.raises(NotFound):
        read(session, viewer_b, code)
    with pytest.raises(NotFound):
        read(session, viewer_b, "no such code")


def test_a_login_acts_for_one_customer_at_a_time(session, viewer_a):
    with pytest.raises(NotFound):
        service.point(session, viewer_a, "403-1006-0")


@pytest.mark.feature("P33")
def test_readings_go_back_sixty_months(session, viewer_a):
    from ebok_core.tytan import reads

    oldest = sa.select(sa.func.min(copy.readings.c.read_on))
    assert reads.scalar(session, viewer_a, oldest) < date(2021, 11, 24)


def test_the_same_queries_for_two_points_and_for_three_hundred(session, viewer_a, viewer_c, statements):
    def count(viewer) -> int:
        with statements() as seen:
            service.customers(session, viewer)
            service.contracts_ending(session, viewer)
            service.old_legalization(session, viewer)
            service.contracts(session, viewer)
            service.meters_of(session, viewer, [name.code for name in service.point_names(session, viewer)])
        return len(seen)

    assert count(viewer_a) == count(viewer_c) == 6
