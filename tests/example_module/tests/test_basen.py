"""What an author tests besides the checklist: the own rules, the own pages, and that nobody sees another's things."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from ebok_basen import jobs, privacy, rules, service
from ebok_basen.settings import PoolConfig, PoolConfigSchema

from ebok_core import runtime_settings
from ebok_core.errors import Refused

PAGE = "/basen/"


@pytest.mark.parametrize(
    ("left", "last_day", "usable"),
    [(1, date(2026, 11, 24), True), (0, date(2026, 11, 24), False), (10, date(2026, 11, 23), False)],
)
def test_a_pass_is_usable_while_it_lasts(left, last_day, usable):
    assert rules.is_usable(left, last_day, date(2026, 11, 24)) is usable


def test_the_day_of_the_purchase_counts():
    assert rules.valid_to(date(2026, 11, 24), 90) == date(2027, 2, 21)


def buy(visitor, price="120.00"):
    return visitor.submit(PAGE, {"price": price})


def test_a_customer_buys_a_pass_and_sees_it(signed_in):
    visitor = signed_in("A")
    assert "Nie masz jeszcze karnetów" in visitor.get(PAGE).get_data(as_text=True)
    assert buy(visitor).status_code == 303
    text = visitor.get(PAGE).get_data(as_text=True)
    assert "Masz nowy karnet" in text
    assert "2027-02-21" in text


def test_another_customer_does_not_see_it(signed_in):
    buy(signed_in("A"))
    assert "Nie masz jeszcze karnetów" in signed_in("B").get(PAGE).get_data(as_text=True)


def test_a_price_that_has_changed_meanwhile_is_refused(signed_in, database, runtime):
    visitor = signed_in("A")
    with database.unit_of_work() as session:
        dearer = PoolConfig(price=Decimal("150.00"))
        runtime_settings.save(session, PoolConfigSchema, dearer, keys=runtime.settings.encryption_keys)
    answer = buy(visitor)
    assert answer.status_code == 422
    assert "Cena właśnie się zmieniła" in answer.get_data(as_text=True)
    assert "Nie masz jeszcze karnetów" in visitor.get(PAGE).get_data(as_text=True)


@pytest.mark.parametrize("price", ["", "darmo", "-1"])
def test_a_price_that_is_none_is_refused(signed_in, price):
    assert buy(signed_in("A"), price).status_code == 422


def test_the_start_page_has_a_card_for_who_has_a_pass(signed_in):
    visitor = signed_in("A")
    assert "Zostało 10 wejść" not in visitor.get("/").get_data(as_text=True)
    buy(visitor)
    assert "Zostało 10 wejść" in visitor.get("/").get_data(as_text=True)


def test_the_core_shows_the_balance_while_the_module_deals_in_money(signed_in):
    assert "29,20" in signed_in("A").get("/").get_data(as_text=True)


def test_staff_see_passes_by_customer(signed_in):
    buy(signed_in("A"))
    assert "1-01001" in signed_in("clerk").get("/panel/basen/").get_data(as_text=True)


def test_the_service_refuses_another_price(database, viewer_a):
    with pytest.raises(Refused) as refused, database.unit_of_work() as session:
        service.buy(session, viewer_a, Decimal("1.00"), 90)
    assert refused.value.code == "price_changed"


def passes(database, viewer):
    with database.snapshot() as session:
        return service.passes_of(session, viewer)


def sell(database, viewer):
    with database.unit_of_work() as session:
        service.buy(session, viewer, Decimal("120.00"), 90)


def test_the_job_forgets_old_passes_once(database, runtime, viewer_a, clock):
    sell(database, viewer_a)
    clock.advance(timedelta(days=90 + jobs.KEPT_DAYS + 1))
    assert jobs.forget(runtime) == "1 passes deleted"
    assert jobs.forget(runtime) is None
    assert passes(database, viewer_a) == []


def test_personal_data_are_given_out_and_erased(database, viewer_a):
    sell(database, viewer_a)
    with database.unit_of_work() as session:
        given = list(privacy.Passes().export(session, viewer_a.account_id, viewer_a.customer_codes))
        assert given == [{"bought": "2026-11-24 09:00", "price": "120.00"}]
        assert privacy.Passes().erase(session, viewer_a.account_id) == 1
    assert passes(database, viewer_a) == []


def test_the_page_sends_as_many_queries_for_ten_passes_as_for_none(signed_in, statements, database, viewer_a):
    visitor = signed_in("A")
    visitor.get(PAGE)
    with statements() as few:
        visitor.get(PAGE)
    for _ in range(10):
        sell(database, viewer_a)
    with statements() as many:
        visitor.get(PAGE)
    assert len(many) == len(few)


def test_remarks_of_customers_come_to_the_pool_and_those_of_strangers_to_the_utility(signed_in, client):
    """A topic of Kontakt that the module takes over (`ebok_contact_topics`)."""
    assert 'href="/basen/"' in signed_in("A").get("/kontakt").get_data(as_text=True).partition("<main")[2]
    assert signed_in("A").get("/kontakt/napisz?temat=uwagi").location == "/basen/"
    assert "/basen/" not in client.get("/kontakt").get_data(as_text=True)
    assert client.get("/kontakt/napisz?temat=uwagi").status_code == 200
