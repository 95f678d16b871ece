"""Find a customer by what is known of them, see them at a glance, refresh their data in the background."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from ebok_core.admin import finding, refreshing
from ebok_core.audit.models import AuditEvent
from ebok_core.jobs import worker
from ebok_core.outbox.models import Message
from ebok_core.privacy.models import Sight
from ebok_core.testing import people
from ebok_core.tytan import copy

CODE = "1-01001"
CARD = f"/panel/klienci/{CODE}"
REFRESH = "/panel/odswiez-kopie"


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def one(runtime, statement):
    with runtime.database.snapshot() as session:
        return session.execute(statement).first()


def audited(runtime, action):
    with runtime.database.snapshot() as session:
        return session.scalars(sa.select(AuditEvent.object_id).where(AuditEvent.action == action)).all()


# Search


@pytest.mark.parametrize(
    ("text", "words", "whole"),
    [
        ("ul. Łąkowa 4/2", ("lakowa", "4", "2"), "ullakowa42"),
        ("  Zielińska   MARIA ", ("zielinska", "maria"), "zielinskamaria"),
        ("R. 2026/000412", ("r", "2026", "000412"), "r2026000412"),
        ("%_\\", (), ""),
        ("", (), ""),
    ],
)
def test_what_is_typed_is_compared_without_accents_and_signs(text, words, whole):
    wanted = finding.asked(text)
    assert (wanted.words, wanted.whole) == (words, whole)


@pytest.mark.feature("L154")
@pytest.mark.parametrize("known", ["code", "name", "name_turned", "email", "login", "meter", "address", "document"])
def test_a_customer_is_found_by_anything_that_is_known_of_them(signed_in, filled_copy, known):
    customer = one(filled_copy, sa.select(copy.customers).where(copy.customers.c.code == CODE))
    meter = one(filled_copy, sa.select(copy.meters).where(copy.meters.c.customer_code == CODE))
    point = one(filled_copy, sa.select(copy.service_points).where(copy.service_points.c.customer_code == CODE))
    invoice = one(filled_copy, sa.select(copy.invoices).where(copy.invoices.c.customer_code == CODE))
    typed = {
        "code": CODE.replace("-", " "),
        "name": customer.name.upper(),
        "name_turned": " ".join(reversed(customer.name.split())),
        "email": customer.email,
        "login": people.LOGINS["A"],
        "meter": meter.meter_number.lower(),
        "address": f"ul. {point.street} {point.house_no}",
        "document": invoice.number.replace(" ", "").replace("/", " "),
    }[known]
    for address in ("/panel/podglad", "/panel/szukaj"):
        page = signed_in("clerk").get(address, query_string={"szukaj": typed})
        assert f'href="{CARD}"' in page.get_data(as_text=True), typed


def test_too_little_and_nothing_found_are_said(signed_in):
    clerk = signed_in("clerk")
    assert "Wpisz co najmniej 3 litery lub cyfry" in text_of(clerk.get("/panel/szukaj?szukaj=ab"))
    found = text_of(clerk.get("/panel/szukaj?szukaj=nie-ma-tego-nikt"))
    assert "Nie znaleźliśmy „nie-ma-tego-nikt”" in found and "Sprawdź pisownię" in found


def test_signs_of_patterns_are_letters_like_others(signed_in):
    for text in ("%%%", "___", "'''", "\\\\\\"):
        assert signed_in("clerk").get("/panel/szukaj", query_string={"szukaj": text}).status_code == 200


def test_who_may_not_see_customers_finds_none(signed_in, runtime):
    from ebok_core.identity import accounts

    with runtime.database.unit_of_work() as session:
        accounts.set_roles(session, people.account_id(runtime, "clerk"), ["fitter"])
    fitter = signed_in("clerk")
    page = fitter.get("/panel/szukaj?szukaj=1-01001").get_data(as_text=True)
    assert CARD not in page
    assert fitter.get("/panel/podglad").status_code == 403 and fitter.get(CARD).status_code == 403


def test_the_search_stands_on_every_page_of_the_panel(signed_in):
    for address in ("/panel/", "/panel/moduly", "/panel/podglad", CARD):
        page = signed_in("clerk").get(address).get_data(as_text=True)
        assert 'method="get" action="/panel/szukaj"' in page and 'aria-label="Szukaj w panelu"' in page, address


def test_without_a_wish_all_customers_are_listed(signed_in):
    page = signed_in("clerk").get("/panel/podglad").get_data(as_text=True)
    assert f'href="{CARD}"' in page and "40 klientów" in page


# The card


def test_the_card_shows_a_customer_at_a_glance_and_notes_the_look_once(signed_in, runtime):
    clerk = signed_in("clerk")
    customer = one(runtime, sa.select(copy.customers).where(copy.customers.c.code == CODE))
    meter = one(runtime, sa.select(copy.meters).where(copy.meters.c.customer_code == CODE, copy.meters.c.active))
    page = clerk.get(CARD).get_data(as_text=True)
    for text in (customer.name, customer.email, meter.meter_number, people.LOGINS["A"], "właściciel"):
        assert text in page, text
    clerk.get(CARD)
    assert audited(runtime, "core.customer.seen") == [CODE]
    with runtime.database.snapshot() as session:
        sights = session.execute(sa.select(Sight.customer_code, Sight.viewer_kind, Sight.what)).all()
    assert [tuple(sight) for sight in sights] == [(CODE, "staff", "customer")]


def test_a_card_without_a_customer_is_no_page(signed_in):
    assert signed_in("clerk").get("/panel/klienci/9-99999").status_code == 404


def test_the_card_shows_no_money_while_no_module_deals_in_it(signed_in):
    assert "Saldo" not in signed_in("clerk").get(CARD).get_data(as_text=True)


# Refresh (L161)


def balance_in_tytan(tytan_url, value):
    engine = sa.create_engine(tytan_url)
    with engine.begin() as connection:
        change = "change_no = (SELECT max(change_no) + 1 FROM ebok_customers)"
        connection.exec_driver_sql(f"UPDATE ebok_customers SET phone = ?, {change} WHERE code = ?", (value, CODE))  # noqa: S608
    engine.dispose()


@pytest.fixture
def own_tytan(runtime, filled_copy, tytan_url):
    from ebok_core import runtime_settings
    from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema

    with runtime.database.unit_of_work() as session:
        keys = runtime.settings.encryption_keys
        runtime_settings.save(session, TytanConfigSchema, TytanConfig(address=tytan_url), keys=keys)
    return tytan_url


@pytest.mark.feature("L161")
def test_one_customer_is_refreshed_in_the_background_with_its_result(signed_in, runtime, own_tytan):
    clerk = signed_in("clerk")
    balance_in_tytan(own_tytan, "600 700 800")
    assert "600 700 800" not in clerk.get(CARD).get_data(as_text=True)
    assert clerk.submit(REFRESH, {"code": CODE}).status_code == 303
    page = text_of(clerk.get(REFRESH))
    assert "Zlecono odświeżenie danych klienta 1-01001" in page and "w toku" in page
    worker.run_until_quiet(runtime, jobs=False)
    page = text_of(clerk.get(REFRESH))
    assert "zmienił się 1 rekord" in page and re.search(r"\d,\d s", page)
    assert "600 700 800" in clerk.get(CARD).get_data(as_text=True).replace("\N{NO-BREAK SPACE}", " ")
    assert audited(runtime, "core.customer.refresh_asked") == audited(runtime, "core.customer.refreshed") == [CODE]


def test_one_customer_has_one_refresh_at_a_time(signed_in, runtime, own_tytan):
    clerk = signed_in("clerk")
    clerk.submit(REFRESH, {"code": CODE})
    answer = clerk.submit(REFRESH, {"code": CODE})
    assert answer.status_code == 422 and "Dane tego klienta są już odświeżane" in answer.get_data(as_text=True)
    assert clerk.submit(REFRESH, {"code": "1-01002"}).status_code == 303
    worker.run_until_quiet(runtime, jobs=False)
    assert clerk.submit(REFRESH, {"code": CODE}).status_code == 303
    assert one(runtime, sa.select(sa.func.count()).where(Message.kind == refreshing.KIND))[0] == 3


def test_a_refresh_of_nobody_and_one_without_tytan_say_so(signed_in, runtime, own_tytan, tmp_path):
    clerk = signed_in("clerk")
    clerk.submit(REFRESH, {"code": "9-99999"})
    worker.run_until_quiet(runtime, jobs=False)
    assert "TYTAN nie zna takiego klienta" in text_of(clerk.get(REFRESH))
    (tmp_path / "tytan-sql.db").rename(tmp_path / "gone.db")
    from ebok_core.tytan import source

    source._known.clear()
    clerk.submit(REFRESH, {"code": CODE})
    worker.run_until_quiet(runtime, jobs=False)
    page = text_of(clerk.get(REFRESH))
    assert "nie udało się" in page and "Dostęp do bazy danych" in page


def test_the_code_is_asked_for(signed_in):
    answer = signed_in("clerk").submit(REFRESH, {"code": " "})
    assert answer.status_code == 422 and "Wpisz kod klienta" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("reference", "done"),
    [(None, None), ("", None), ("1/2", None), ("3/1/250/done", (3, 1, 250, False)), ("0/0/0/failed", (0, 0, 0, True))],
)
def test_what_a_row_remembers_of_a_refresh(reference, done):
    found = refreshing.outcome(reference)
    assert (tuple(found) if found else None) == done
