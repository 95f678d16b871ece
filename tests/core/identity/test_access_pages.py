"""The pages of access as a browser without JavaScript sees them: the switch, sharing, invitations, the panel."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core import clock as clocks
from ebok_core.identity import passwords
from ebok_core.identity import service as identity
from ebok_core.identity.access.models import Group
from ebok_core.identity.models import Account, CustomerAccess, SignInSession
from ebok_core.identity.passwords import Cost, Hasher
from ebok_core.identity.registration import tytan
from ebok_core.outbox import deliver
from ebok_core.outbox.models import Message
from ebok_core.testing import people
from ebok_core.tytan import copy

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
A, SECOND, B = "1-01001", "1-01006", "1-01002"
PASSWORD = "cztery zielone rowery w rzece"


@pytest.fixture
def portal(filled_copy):
    filled_copy.database.info.update(passwords.with_hasher(Hasher(Cost(1, 8, 1))))
    return filled_copy


def text_of(answer):
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def header_of(answer):
    page = answer.get_data(as_text=True)
    return page[page.index("<header>") : page.index("</header>")]


def mail_to(portal, address):
    m = Message.__table__.c
    with portal.database.snapshot() as session:
        found = [json.loads(p) for p in session.scalars(sa.select(m.payload).where(m.target == "mail").order_by(m.seq))]
    return [payload["text"] for payload in found if payload["to"] == address]


def make(portal, login, codes=(), **given):
    with portal.database.unit_of_work() as session:
        return identity.add_account(
            session, kind="customer", login=login, display_name=f"Osoba {login}", customer_codes=codes, **given
        )


# The switch (P06, L05)


@pytest.mark.feature("P06")
def test_the_header_s_switch_changes_the_customer_and_stays_in_place(signed_in):
    browser = signed_in("A")
    page = browser.get("/liczniki")
    assert f"({A})" in text_of(page)
    assert '<option value="1-01006">1-01006 Tadeusz Zieliński</option>' in header_of(page)
    onward = re.search(r'name="dalej" value="([^"]+)"', header_of(page)).group(1)
    answer = browser.submit("/zmien-klienta", {"klient": SECOND, "dalej": onward}, page="/liczniki")
    assert (answer.status_code, answer.location) == (303, "/liczniki")
    after = browser.get("/liczniki")
    assert f"({SECOND})" in text_of(after)
    assert "Tadeusz Zieliński" in header_of(after)


def test_from_a_thing_of_one_customer_the_way_leads_to_its_list(signed_in, portal, viewer_a):
    with portal.database.snapshot() as session:
        point = session.scalar(sa.select(copy.service_points.c.code).where(copy.service_points.c.customer_code == A))
    page = signed_in("A").get(f"/punkty/{point}")
    assert 'name="dalej" value="/punkty"' in header_of(page)


def test_another_s_code_is_not_found(signed_in):
    browser = signed_in("A")
    assert browser.submit("/zmien-klienta", {"klient": B}, page="/").status_code == 404
    assert browser.submit("/zmien-klienta", {"klient": "9-99999"}, page="/").status_code == 404
    assert f"({A})" in text_of(browser.get("/"))


@pytest.mark.feature("P06")
def test_who_has_many_customers_searches(app, portal):
    with portal.database.snapshot() as session:
        rows = session.execute(sa.select(copy.customers.c.code, copy.customers.c.name).order_by(copy.customers.c.code))
        found = [tuple(row) for row in rows.all()[:30]]
    make(portal, "zarzadca", [code for code, _name in found])
    browser = people.sign_in(app, "zarzadca")
    page = browser.get("/")
    assert "<select" not in header_of(page).partition("eb-nav")[0]
    assert 'href="/zmien-klienta"' in header_of(page)
    first = browser.get("/zmien-klienta")
    assert found[0][0] in text_of(first)
    assert "/zmien-klienta?klient=" in first.get_data(as_text=True)
    wanted = browser.get("/zmien-klienta", query_string={"szukaj": found[25][0]})
    assert found[25][0] in text_of(wanted)
    assert found[3][1] not in text_of(wanted).partition("Klienci tego konta")[2]
    wanted = f"/zmien-klienta?klient={found[25][0]}"
    chosen = browser.submit("/zmien-klienta", {"klient": found[25][0], "dalej": ""}, page=wanted)
    assert chosen.status_code == 303
    assert f"({found[25][0]})" in text_of(browser.get("/"))


# Sharing (P07)


def give(browser, **fields):
    """A gives access through the form; the password is fresh right after signing in."""
    until = (clocks.today() + timedelta(days=100)).isoformat()
    wanted = {"email": "dora@example.pl", "role": "observer", "scope": "all", "valid_to": until, **fields}
    return browser.submit("/konto/dostepy/nowy", wanted)


@pytest.mark.feature("P07")
def test_an_invited_person_makes_an_account_and_loses_it_at_the_next_page(signed_in, app, portal):
    owner, other = signed_in("A"), app.test_client()
    answer = give(owner)
    assert (answer.status_code, answer.location) == (303, "/konto/dostepy")
    (mail,) = mail_to(portal, "dora@example.pl")
    link = re.search(r"/zaproszenie/[\w-]+", mail).group()
    assert other.get(link).location == "/zaproszenie"
    page = other.get("/zaproszenie")
    assert "Maria Zielińska" in text_of(page)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    typed = {"name": "Dora Testowa", "new": PASSWORD}
    assert other.submit("/zaproszenie/konto", typed, page="/zaproszenie").status_code == 422, "without the terms"
    answer = other.submit("/zaproszenie/konto", {**typed, "terms": 1}, page="/zaproszenie")
    assert (answer.status_code, answer.location) == (303, "/")
    start = other.get("/")
    assert f"({A})" in text_of(start)
    assert other.get("/liczniki").status_code == 200
    assert other.get("/konto/dostepy").status_code == 403, "an observer passes nothing on"
    assert "Kto ma dostęp" not in text_of(other.get("/konto"))
    shared = owner.get("/konto/dostepy")
    assert "Dora Testowa" in text_of(shared)
    revoke = re.search(r'action="(/konto/dostepy/[\w-]+/odbierz)"', shared.get_data(as_text=True)).group(1)
    assert owner.submit(revoke, page="/konto/dostepy").status_code == 303
    after = other.get("/liczniki")
    assert f"({A})" not in text_of(after)
    assert other.get(link).location == "/zaproszenie"
    assert other.get("/zaproszenie").status_code == 410


def test_who_has_an_account_comes_back_after_signing_in(signed_in, app, portal):
    owner = signed_in("A")
    make(portal, "dora@example.pl", email="dora@example.pl")
    give(owner, role="payer")
    link = re.search(r"/zaproszenie/[\w-]+", mail_to(portal, "dora@example.pl")[0]).group()
    stranger = app.test_client()
    stranger.get(link)
    page = stranger.get("/zaproszenie").get_data(as_text=True)
    assert "/logowanie?dalej=/zaproszenie" in page
    assert "/zaproszenie/konto" not in page, "the address has an account: no second one"
    dora = people.sign_in(app, "dora@example.pl")
    dora.get(link)
    assert dora.submit("/zaproszenie/przyjmij", page="/zaproszenie").status_code == 303
    assert f"({A})" in text_of(dora.get("/"))
    # A payer sees bills and the balance, not meters and contracts.
    for address in ("/liczniki", "/umowy", "/dane", "/punkty"):
        assert dora.get(address).status_code == 403
    assert "Liczniki" not in header_of(dora.get("/"))


def test_giving_access_asks_for_the_password_again(signed_in, portal, clock):
    browser = signed_in("A")
    clock.advance(minutes=6)
    answer = give(browser)
    assert answer.status_code == 422
    assert "Wpisz swoje hasło" in text_of(answer)
    assert mail_to(portal, "dora@example.pl") == []


def test_a_form_with_errors_keeps_what_was_typed(signed_in):
    answer = give(signed_in("A"), email="to nie adres", valid_to="2030-01-01")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="to nie adres"' in page
    assert 'value="2030-01-01"' in page
    assert "Podaj cały adres e-mail" in text_of(answer) or "adres e-mail" in text_of(answer)


def test_points_in_scope_are_chosen_and_bind_the_pages(signed_in, app, portal):
    owner = signed_in("A")
    page = owner.get("/konto/dostepy/nowy").get_data(as_text=True)
    points = re.findall(r'name="points" value="([^"]+)"', page)
    assert len(points) > 1
    give(owner, role="manager", scope="points", points=[points[0]])
    link = re.search(r"/zaproszenie/[\w-]+", mail_to(portal, "dora@example.pl")[0]).group()
    other = app.test_client()
    other.get(link)
    other.submit("/zaproszenie/konto", {"name": "Dora Testowa", "new": PASSWORD, "terms": 1}, page="/zaproszenie")
    assert other.get(f"/punkty/{points[0]}").status_code == 200
    foreign, missing = other.get(f"/punkty/{points[1]}"), other.get("/punkty/NIE-MA")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert points[1] not in text_of(other.get("/punkty"))
    with portal.database.snapshot() as session:
        m = copy.meters.c
        inside, outside = (session.scalar(sa.select(m.id).where(m.point_code == p).limit(1)) for p in points[:2])
    assert other.get(f"/liczniki/{inside}").status_code == 200
    assert other.get(f"/liczniki/{outside}").status_code == 404


def test_an_invitation_is_declined_by_a_button(signed_in, app, portal):
    owner, other = signed_in("A"), app.test_client()
    give(owner)
    other.get(re.search(r"/zaproszenie/[\w-]+", mail_to(portal, "dora@example.pl")[0]).group())
    assert other.submit("/zaproszenie/odmow", page="/zaproszenie").status_code == 303
    assert "odrzucony" in text_of(owner.get("/konto/dostepy"))


# One's customers


@pytest.mark.feature("P06")
def test_a_customer_is_added_with_a_bill_and_left_again(signed_in, portal):
    browser = signed_in("A")
    with portal.database.snapshot() as session:
        taken = set(session.scalars(sa.select(CustomerAccess.customer_code)))
        codes = session.scalars(sa.select(copy.customers.c.code).order_by(copy.customers.c.code))
        code = next(c for c in codes if c not in taken and tytan.newest_bills(session, c))
        bill = tytan.newest_bills(session, code)[0]
    typed = {"customer_code": code.replace("-", " "), "bill_number": bill.number.lower()}
    typed["bill_amount"] = f"{bill.gross:.2f}".replace(".", ",")
    answer = browser.submit("/konto/klienci/dodaj", typed)
    assert (answer.status_code, answer.location) == (303, "/konto/klienci")
    assert "sprawdzamy" in text_of(browser.get("/konto/klienci"))
    deliver.drain(portal, tytan.WORKER)
    page = browser.get("/konto/klienci")
    assert "sprawdzamy" not in text_of(page)
    assert f"/konto/klienci/opusc/{code}" in page.get_data(as_text=True)
    assert browser.submit(f"/konto/klienci/opusc/{code}").status_code == 303
    assert browser.get(f"/konto/klienci/opusc/{code}").status_code == 404
    assert browser.get(f"/konto/klienci/opusc/{B}").status_code == 404


def test_data_that_do_not_fit_are_said_on_the_page(signed_in, portal):
    browser = signed_in("A")
    typed = {"customer_code": "1-01010", "bill_number": "R. 1999/1", "bill_amount": "1,00"}
    browser.submit("/konto/klienci/dodaj", typed)
    deliver.drain(portal, tytan.WORKER)
    assert "Dane nie zgadzają się z naszymi rachunkami" in text_of(browser.get("/konto/klienci"))


# A suspended account (L06)


@pytest.mark.feature("L06")
def test_a_clerk_suspends_an_account_and_its_owner_reads_what_it_means(signed_in, portal):
    owner, clerk = signed_in("A"), signed_in("clerk")
    account = people.account_id(portal, "A")
    address = f"/panel/uzytkownicy/{account}"
    assert "Status" in header_of(owner.get("/"))
    answer = clerk.submit(f"{address}/status", {"status": "suspended", "reason": "wyjaśniamy wpłatę"}, page=address)
    assert answer.status_code == 303
    page = owner.get("/liczniki")
    assert page.status_code == 200, "may look"
    assert "Status : wstrzymany" in text_of(page) or "Status: wstrzymany" in text_of(page)
    assert "Możesz wszystko oglądać, ale niczego nie wyślesz" in text_of(page)
    assert "wyjaśniamy wpłatę" in text_of(page)
    refused = give(owner)
    assert refused.status_code == 403, "may not write"
    assert "wyjaśniamy wpłatę" in text_of(refused)
    assert mail_to(portal, "dora@example.pl") == []
    # One's own password and devices stay one's own.
    assert owner.submit("/konto/sesje").status_code == 303
    assert owner.submit("/zmien-klienta", {"klient": SECOND, "dalej": ""}, page="/").status_code == 303
    clerk.submit(f"{address}/status", {"status": "normal", "reason": "wyjaśnione"}, page=address)
    assert "wstrzymany" not in text_of(owner.get("/"))
    assert give(owner).status_code == 303


# The panel


@pytest.mark.feature("L152")
def test_a_clerk_adds_a_user_and_the_person_enters(signed_in, app, portal):
    clerk = signed_in("clerk")
    typed = {"name": "Ewa Testowa", "email": "ewa@example.pl", "codes": f"{A}\n{B}", "role": "observer"}
    answer = clerk.submit("/panel/uzytkownicy/dodaj", typed)
    assert answer.status_code == 303
    assert "Zaproszenie jest w drodze na adres ewa@example.pl" in text_of(clerk.get(answer.location))
    link = re.search(r"/haslo/[\w-]+", mail_to(portal, "ewa@example.pl")[0]).group()
    ewa = app.test_client()
    ewa.get(link)
    assert ewa.submit("/haslo", {"new": PASSWORD}).status_code == 303
    ewa.submit("/logowanie", {"login": "ewa@example.pl", "password": PASSWORD})
    assert f"({A})" in text_of(ewa.get("/"))


def test_a_wrong_code_is_named_at_its_field(signed_in):
    typed = {"name": "Ewa", "email": "ewa@example.pl", "codes": f"{A}, 9-99999", "role": "owner"}
    answer = signed_in("clerk").submit("/panel/uzytkownicy/dodaj", typed)
    assert answer.status_code == 422
    assert "nie ma klienta o kodzie 9-99999" in text_of(answer)
    assert "9-99999</textarea>" in answer.get_data(as_text=True)


def test_without_an_address_a_letter_serves(signed_in):
    clerk = signed_in("clerk")
    answer = clerk.submit("/panel/uzytkownicy/dodaj", {"name": "Jan", "login": "jan-bez", "codes": A, "role": "payer"})
    page = clerk.get(answer.location)
    assert "wydrukuj list z kodem" in text_of(page)
    reset = re.search(r'href="(/panel/[^"]+)">Reset hasła', page.get_data(as_text=True)).group(1)
    assert clerk.get(reset).status_code == 200


@pytest.mark.feature("P75")
def test_only_an_administrator_makes_staff_and_gives_rights(signed_in, portal):
    clerk, admin = signed_in("clerk"), signed_in("admin")
    assert clerk.get("/panel/uzytkownicy/dodaj-pracownika").status_code == 403
    typed = {"name": "Franek Testowy", "login": "franek", "roles": ["fitter", "dispatcher"]}
    assert clerk.submit("/panel/uzytkownicy/dodaj-pracownika", typed, page="/panel/").status_code == 403
    answer = admin.submit("/panel/uzytkownicy/dodaj-pracownika", typed)
    assert answer.status_code == 303
    page = admin.get(answer.location)
    assert "Franek Testowy" in text_of(page)
    assert page.get_data(as_text=True).count("checked") >= 2
    roles = f"{answer.location}/role"
    assert clerk.submit(roles, {"roles": ["admin"]}, page="/panel/").status_code == 403
    assert admin.submit(roles, {"roles": ["editor"]}, page=answer.location).status_code == 303
    own = f"/panel/uzytkownicy/{people.account_id(portal, 'admin')}"
    refused = admin.submit(f"{own}/role", {"roles": ["clerk"]}, page=answer.location)
    assert refused.status_code == 422
    assert "własnych uprawnień" in text_of(refused)


def test_the_list_of_users_finds_by_name_and_code(signed_in):
    clerk = signed_in("clerk")
    assert "Maria Zielińska" in text_of(clerk.get("/panel/uzytkownicy", query_string={"szukaj": "zielinska"}))
    found = text_of(clerk.get("/panel/uzytkownicy", query_string={"szukaj": B}))
    assert "Maria Zielińska" not in found


def test_a_customer_is_given_and_taken_in_the_panel(signed_in, app, portal):
    account = make(portal, "dora", email="dora@example.pl")
    clerk, dora = signed_in("clerk"), people.sign_in(app, "dora")
    address = f"/panel/uzytkownicy/{account}"
    fields = {"code": A, "role": "observer", "points": "", "valid_to": ""}
    assert clerk.submit(f"{address}/dostep", fields, page=address).status_code == 303
    assert f"({A})" in text_of(dora.get("/"))
    take = f"{address}/odbierz/{A}"
    assert clerk.submit(take, {"reason": ""}).status_code == 422
    assert clerk.submit(take, {"reason": "pomyłka"}).status_code == 303
    assert f"({A})" not in text_of(dora.get("/"))
    assert "pomyłka" in mail_to(portal, "dora@example.pl")[-1]
    assert clerk.get(take).status_code == 404


@pytest.mark.feature("L153")
def test_the_three_kinds_of_groups_on_their_pages(signed_in, app, portal):
    make(portal, "dora", email="dora@example.pl")
    admin, dora, clerk = signed_in("admin"), people.sign_in(app, "dora"), signed_in("clerk")
    page = text_of(admin.get("/panel/grupy/dodaj"))
    for words in ("grupa dostępu", "grupa uprawnień", "grupa odbiorców"):
        assert words in page
    assert admin.submit("/panel/grupy/dodaj", {"kind": "access", "name": "Wspólnoty"}).status_code == 422
    group = admin.submit("/panel/grupy/dodaj", {"kind": "access", "name": "Wspólnoty", "role": "observer"}).location
    assert admin.submit(f"{group}/klienci", {"codes": f"{A} {B}", "nip": ""}, page=group).status_code == 303
    wrong = admin.submit(f"{group}/osoby", {"people": "dora, nieznana"}, page=group)
    assert wrong.status_code == 422
    assert "nieznana" in text_of(wrong)
    assert admin.submit(f"{group}/osoby", {"people": "dora"}, page=group).status_code == 303
    assert f"({A})" in text_of(dora.get("/"))
    assert admin.submit(f"{group}/wyjmij", {"out": "dora"}, page=group).status_code == 303
    assert f"({A})" not in text_of(dora.get("/"))
    # Rights: the clerk gets one and loses it with the group.
    assert clerk.get("/panel/konfiguracja/core.passwords").status_code == 403
    assert clerk.submit("/panel/grupy/dodaj", {"kind": "rights", "name": "Konfiguracja"}).status_code == 422
    rights = admin.submit("/panel/grupy/dodaj", {"kind": "rights", "name": "Konfiguracja"}).location
    admin.submit(f"{rights}/osoby", {"people": people.LOGINS["clerk"]}, page=rights)
    assert admin.submit(f"{rights}/uprawnienia", {"rights": ["core.configure"]}, page=rights).status_code == 303
    assert clerk.get("/panel/konfiguracja/core.passwords").status_code == 200
    assert clerk.submit(f"{rights}/usun", page="/panel/grupy").status_code == 403
    assert admin.submit(f"{rights}/usun", page=rights).status_code == 303
    assert clerk.get("/panel/konfiguracja/core.passwords").status_code == 403
    with portal.database.snapshot() as session:
        assert session.scalars(sa.select(Group.kind)).all() == ["access"]


@pytest.mark.feature("P75")
def test_the_matrix_of_rights_shows_every_declared_one(signed_in, portal):
    page = text_of(signed_in("clerk").get("/panel/uprawnienia"))
    for permission in portal.portal.permissions.values():
        assert str(permission.title) in page, permission.key


def test_foreign_accounts_and_groups_are_not_found(signed_in, portal):
    clerk = signed_in("clerk")
    with portal.database.snapshot() as session:
        a_session = session.scalar(sa.select(SignInSession.id).limit(1))
        assert session.get(Account, a_session) is None
    for address in (f"/panel/uzytkownicy/{a_session}", f"/panel/grupy/{a_session}"):
        assert clerk.get(address).status_code == 404
