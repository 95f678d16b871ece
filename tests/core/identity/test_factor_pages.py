"""Pages of the second factor: the two steps of a sign-in, one's own factors, what staff must have, the office."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pyotp
import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.identity.factor import rules
from ebok_core.identity.factor.models import Passkey, RecoveryCode, Totp
from ebok_core.identity.factor.schemas import SecondFactorPolicy, SecondFactorPolicySchema
from ebok_core.identity.models import SignInSession
from ebok_core.testing.softkey import SoftKey

PASSWORD = "cztery zielone rowery w rzece"
ENTRIES = {"customer": ("anna", "/logowanie", ""), "staff": ("szefowa", "/panel/logowanie", "/panel")}
PARTY = rules.party_of("http://127.0.0.1:8080")
OWN = "/konto/drugi-skladnik"


def hidden(page, name):
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page).group(1))


def count(database, model):
    with database.snapshot() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model))


@pytest.fixture
def at(visitor, clock):
    """Sign in and say under which address one's own pages are: `at("customer")`."""

    def enter(kind):
        login, entry, prefix = ENTRIES[kind]
        assert visitor.sign_in(login, entry=entry).status_code == 303
        return prefix

    return enter


@pytest.fixture
def add_app(visitor, clock):
    """Set an app up through the page; returns the app and the page with the recovery codes."""

    def add(prefix=""):
        visitor.get(f"{prefix}{OWN}/aplikacja")
        offer = hidden(visitor.page, "offer")
        secret = re.search(r'data-copy="([A-Z2-7]{32})"', visitor.page).group(1)
        made = pyotp.TOTP(secret)
        answer = visitor.post(f"{prefix}{OWN}/aplikacja", {"offer": offer, "code": made.at(clock.now_utc())})
        assert answer.status_code == 200, visitor.page
        clock.advance(timedelta(seconds=30))
        return made, visitor.page

    return add


def options(browser, address):
    """What the page's script is told; it sends the token of the page."""
    if 'name="csrf_token"' not in browser.page:
        browser.get("/kontakt")
    token = hidden(browser.page, "csrf_token")
    answer = browser.client.post(address, headers={"X-CSRFToken": token})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.get_data(as_text=True)


@pytest.fixture
def add_key(visitor, clock):
    def add(prefix="", name="telefon"):
        key = SoftKey(PARTY.origin)
        visitor.get(f"{prefix}{OWN}/klucz")
        made = key.create(options(visitor, f"{prefix}{OWN}/klucz/opcje"))
        assert visitor.post(f"{prefix}{OWN}/klucz", {"name": name, "answer": made}).status_code == 200
        clock.advance(timedelta(seconds=30))
        return key

    return add


# The two steps


@pytest.mark.feature("P08")
@pytest.mark.parametrize("kind", ["customer", "staff"])
def test_password_then_code(visitor, another, at, add_app, clock, kind):
    """No page opens between the steps; the session's token is a new one after the second."""
    login, entry, prefix = ENTRIES[kind]
    made, _page = add_app(at(kind))
    other = another()
    answer = other.sign_in(login, entry=entry, dalej=f"{prefix}/konto/logowania")
    assert answer.location.startswith("/logowanie/kod?dalej=")
    for page in (f"{prefix}/konto", f"{prefix}/konto/haslo", f"{prefix}{OWN}"):
        assert "logowanie" in other.get(page).location
    other.get(answer.location)
    assert "Zalogowany jako" not in other.page
    assert other.post(answer.location, {"code": "12 34"}).status_code == 422
    assert "Kod z aplikacji ma 6 cyfr" in other.page
    assert other.post(answer.location, {"code": ""}).status_code == 422
    half_way = other.cookie
    dalej = f"{prefix}/konto/logowania"
    assert f'name="dalej" value="{dalej}"' in other.page
    right = other.post("/logowanie/kod", {"code": made.at(clock.now_utc()), "dalej": dalej})
    assert (right.status_code, right.location) == (303, f"{prefix}/konto/logowania")
    assert other.cookie != half_way
    assert other.get(right.location).status_code == 200
    assert "hasło + kod" in other.page
    other.client.set_cookie("__Host-ebok", half_way)
    assert "logowanie" in other.get(f"{prefix}/konto").location, "the cookie between the steps opens nothing"


def test_the_step_leads_to_our_own_pages_alone(visitor, another, at, add_app, clock):
    made, _page = add_app(at("customer"))
    other = another()
    other.sign_in()
    answer = other.post("/logowanie/kod", {"code": made.at(clock.now_utc()), "dalej": "//evil.example/x"})
    assert answer.location == "/"


def test_without_a_first_step_there_is_no_second(visitor):
    assert visitor.get("/logowanie/kod").location == "/logowanie"
    assert visitor.post("/logowanie/kod", {"code": "123456"}).location == "/logowanie"
    visitor.get("/logowanie")
    token = hidden(visitor.page, "csrf_token")
    assert visitor.client.post("/logowanie/kod/opcje", headers={"X-CSRFToken": token}).status_code == 404


def test_wrong_codes_are_slowed_down_in_words(visitor, another, at, add_app, clock):
    made, _page = add_app(at("customer"))
    other = another()
    other.sign_in()
    for _try in range(5):
        assert other.post("/logowanie/kod", {"code": "000000"}).status_code == 422
    answer = other.post("/logowanie/kod", {"code": made.at(clock.now_utc())})
    assert answer.status_code == 429
    assert "Za dużo prób. Spróbuj ponownie o" in other.page


def test_the_owner_s_device_is_known_after_both_steps(visitor, another, at, add_app, clock):
    made, _page = add_app(at("customer"))
    visitor.post("/wyloguj")
    visitor.sign_in()
    assert visitor.post("/logowanie/kod", {"code": made.at(clock.now_utc())}).status_code == 303
    assert visitor.client.get_cookie("__Host-device") is not None


# One's own factors


@pytest.mark.parametrize("kind", ["customer", "staff"])
def test_an_app_is_set_up_by_picture_or_key(visitor, at, add_app, database, kind):
    prefix = at(kind)
    visitor.get(f"{prefix}{OWN}")
    assert "Dodaj aplikację" in visitor.page
    visitor.get(f"{prefix}{OWN}/aplikacja")
    assert 'role="img"' in visitor.page
    assert count(database, Totp) == 0
    _made, page = add_app(prefix)
    codes = re.findall(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", page.partition('name="codes"')[0])
    assert len(set(codes)) == 10
    assert count(database, Totp) == 1
    visitor.get(f"{prefix}{OWN}")
    assert not re.search(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", visitor.page), "codes are shown once"
    visitor.get(f"{prefix}{OWN}/kody")
    assert "10 kodów" in visitor.page


def test_the_key_of_another_or_of_yesterday_is_not_taken(visitor, another, at, clock, database):
    at("customer")
    visitor.get(f"{OWN}/aplikacja")
    offer, secret = hidden(visitor.page, "offer"), re.search(r'data-copy="([A-Z2-7]{32})"', visitor.page).group(1)
    other = another()
    other.sign_in("biuro", entry="/panel/logowanie")
    code = pyotp.TOTP(secret).at(clock.now_utc())
    assert other.post(f"/panel{OWN}/aplikacja", {"offer": offer, "code": code}).status_code == 422
    for wrong in ("", "x" * 50, "ż" * 20, offer[:-4] + "AAAA"):
        assert visitor.post(f"{OWN}/aplikacja", {"offer": wrong, "code": code}).status_code == 422
    assert "Zeskanuj nowy obrazek" in visitor.page
    assert count(database, Totp) == 0


def test_a_wrong_code_keeps_the_picture(visitor, at):
    at("customer")
    visitor.get(f"{OWN}/aplikacja")
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', visitor.page).group(1)
    visitor.post(f"{OWN}/aplikacja", {"offer": hidden(visitor.page, "offer"), "code": "000000"})
    assert "Ten kod się nie zgadza" in visitor.page
    assert secret in visitor.page


def test_adding_and_removing_ask_for_the_password_when_it_is_time(visitor, at, add_app, clock, database):
    at("customer")
    made, _page = add_app()
    clock.advance(minutes=6)
    visitor.get(f"{OWN}/usun?co=app")
    assert "Twoje hasło" in visitor.page
    assert visitor.post(f"{OWN}/usun", {"which": "app"}).status_code == 422
    assert visitor.post(f"{OWN}/usun", {"which": "app", "password": "nie to"}).status_code == 422
    before = visitor.cookie
    assert visitor.post(f"{OWN}/usun", {"which": "app", "password": PASSWORD}).status_code == 303
    assert visitor.cookie != before
    assert count(database, Totp) == 0
    clock.advance(minutes=6)
    visitor.get(f"{OWN}/aplikacja")
    fields = {"offer": hidden(visitor.page, "offer"), "code": made.at(clock.now_utc())}
    assert visitor.post(f"{OWN}/aplikacja", fields).status_code == 422
    assert "Wpisz swoje hasło" in visitor.page


def test_staff_are_asked_for_a_code_instead(visitor, at, add_app, clock, database):
    prefix = at("staff")
    made, _page = add_app(prefix)
    clock.advance(minutes=6)
    visitor.get(f"{prefix}{OWN}/kody")
    assert "Kod z aplikacji albo kod zapasowy" in visitor.page
    assert "Twoje hasło" not in visitor.page
    assert visitor.post(f"{prefix}{OWN}/kody", {"password": PASSWORD}).status_code == 422
    assert visitor.post(f"{prefix}{OWN}/kody", {"password": made.at(clock.now_utc())}).status_code == 200
    assert "Twoje kody zapasowe" in visitor.page


def test_staff_change_their_password_with_both(visitor, at, add_app, clock):
    """identity.md §9: the password of now and the second factor."""
    prefix = at("staff")
    made, _page = add_app(prefix)
    clock.advance(minutes=6)
    fields = {"current": PASSWORD, "new": "trzy senne borsuki pod mostem"}
    assert visitor.post(f"{prefix}/konto/haslo", fields).status_code == 422
    assert "Wpisz kod" in visitor.page
    answer = visitor.post(f"{prefix}/konto/haslo", {**fields, "code": made.at(clock.now_utc())})
    assert answer.status_code == 303
    assert visitor.get(f"{prefix}/konto").status_code == 200


def test_recovery_codes_are_downloaded_as_text(visitor, at, add_app):
    at("customer")
    _made, page = add_app()
    answer = visitor.post(f"{OWN}/kody/plik", {"codes": hidden(page, "codes")})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kody-zapasowe.txt"'
    assert answer.mimetype == "text/plain"
    assert len(re.findall(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}\r\n", answer.get_data(as_text=True))) == 10
    for strange in ("", "<script>", "AAAA", hidden(page, "codes")[:15]):
        assert visitor.post(f"{OWN}/kody/plik", {"codes": strange}).status_code in (404, 422)


def test_a_passkey_is_added_named_and_removed(visitor, at, add_key, database):
    at("customer")
    add_key()
    visitor.get(OWN)
    [key_id] = set(re.findall(r"klucz=([0-9a-f-]{36})", visitor.page))
    visitor.get(f"{OWN}/klucz/nazwa?klucz={key_id}")
    visitor.post(f"{OWN}/klucz/nazwa", {"key": key_id, "name": "praca"})
    visitor.get(OWN)
    assert "praca" in visitor.page
    assert visitor.post(f"{OWN}/usun", {"which": key_id}).status_code == 303
    assert count(database, Passkey) == count(database, RecoveryCode) == 0
    for address in (f"{OWN}/klucz/nazwa?klucz={key_id}", f"{OWN}/usun?co={key_id}", f"{OWN}/usun"):
        assert visitor.get(address).status_code == 404


def test_a_challenge_is_answered_once_and_for_its_own_act(visitor, at, database):
    at("customer")
    key = SoftKey(PARTY.origin)
    for address in (f"{OWN}/klucz", f"{OWN}/klucz"):
        assert visitor.post(address, {"name": "telefon", "answer": "{}"}).status_code == 422
    made = key.create(options(visitor, f"{OWN}/klucz/opcje"))
    options(visitor, "/konto/potwierdzenie/opcje")
    assert visitor.post(f"{OWN}/klucz", {"name": "telefon", "answer": made}).status_code == 422
    assert count(database, Passkey) == 0


# Passkeys at sign-in


@pytest.mark.parametrize("kind", ["customer", "staff"])
def test_a_passkey_signs_in_at_once(visitor, another, at, add_key, kind):
    _login, entry, prefix = ENTRIES[kind]
    key = add_key(at(kind))
    other = another()
    other.get(entry)
    answer = key.get(options(other, "/logowanie/klucz/opcje"))
    inside = other.post(f"{prefix}/logowanie/klucz", {"answer": answer, "dalej": f"{prefix}/konto/logowania"})
    assert inside.location == f"{prefix}/konto/logowania"
    other.get(inside.location)
    assert "klucz dostępu" in other.page
    third = another()
    third.get(entry)
    assert third.post(f"{prefix}/logowanie/klucz", {"answer": answer}).location.startswith(entry)
    third.get(entry)
    assert "Klucz nie został przyjęty" in third.page


def test_a_passkey_is_the_second_step(visitor, another, at, add_key):
    key = add_key(at("customer"))
    other = another()
    other.get(other.sign_in().location)
    assert "Hasło się zgadza. Potwierdź kluczem dostępu." in other.page
    asked = options(other, "/logowanie/kod/opcje")
    assert len(json.loads(asked)["allowCredentials"]) == 1
    assert other.post("/logowanie/kod", {"answer": key.get(asked)}).location == "/"


def test_the_entry_offers_a_passkey_only_to_browsers_that_can(visitor):
    """Without script, or without the browser's help, the part stays hidden."""
    visitor.get("/logowanie")
    assert re.search(r"<div data-passkey-part hidden", visitor.page)
    assert "second-factor.js" in visitor.page
    assert "/logowanie/klucz/opcje" in visitor.page


def test_who_has_a_passkey_alone_confirms_in_another_window(visitor, at, add_key, clock):
    prefix = at("staff")
    key = add_key(prefix)
    clock.advance(minutes=6)
    visitor.get(f"{prefix}{OWN}/kody")
    assert f'href="{prefix}/konto/potwierdzenie"' in visitor.page
    assert visitor.post(f"{prefix}{OWN}/kody").status_code == 422
    visitor.get(f"{prefix}/konto/potwierdzenie")
    answer = key.get(options(visitor, f"{prefix}/konto/potwierdzenie/opcje"))
    assert visitor.post(f"{prefix}/konto/potwierdzenie", {"answer": answer}).status_code == 303
    assert visitor.post(f"{prefix}{OWN}/kody").status_code == 200


# What staff must have


@pytest.fixture
def strict_app(make_runtime, modules, people, hasher, runtime):
    """The portal of a utility in earnest: the deployment setting as it is by default."""
    from ebok_core.app import create_app_of

    strict = make_runtime(modules=modules, second_factor=True)
    strict.database.info.update(runtime.database.info)
    app = create_app_of(strict)
    app.testing = True
    return app


@pytest.fixture
def strict(strict_app, another):
    made = another()
    made.client = strict_app.test_client()
    return made


@pytest.mark.parametrize("login", ["szefowa", "biuro"])
def test_staff_without_a_factor_reach_only_the_pages_that_add_one(strict, strict_app, login):
    """ASVS 6.3.3: every address of the panel leads to the enrolment, but for signing out."""
    strict.sign_in(login, entry="/panel/logowanie")
    open_pages = set()
    for rule in strict_app.url_map.iter_rules():
        if not rule.endpoint.startswith(("admin.", "customer.")) or "GET" not in rule.methods or rule.arguments:
            continue
        answer = strict.get(str(rule))
        if answer.status_code != 302 or answer.location != f"/panel{OWN}":
            open_pages.add(rule.endpoint)
    assert open_pages
    assert all(endpoint.startswith("admin.factor.") for endpoint in open_pages), open_pages
    strict.get(f"/panel{OWN}")
    assert "Najpierw dodaj drugi składnik" in strict.page
    assert strict.post("/wyloguj").status_code == 303


def test_with_a_factor_the_panel_opens_and_the_last_one_stays(strict, clock):
    strict.sign_in("szefowa", entry="/panel/logowanie")
    assert strict.get("/panel/").location == f"/panel{OWN}"
    strict.get(f"/panel{OWN}/aplikacja")
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', strict.page).group(1)
    code = pyotp.TOTP(secret).at(clock.now_utc())
    strict.post(f"/panel{OWN}/aplikacja", {"offer": hidden(strict.page, "offer"), "code": code})
    assert strict.get("/panel/").status_code == 200
    assert strict.post(f"/panel{OWN}/usun", {"which": "app"}).status_code == 422
    assert "Drugi składnik musi zostać" in strict.page


def test_the_policy_frees_other_staff_never_administrators(strict, database, clock):
    with database.unit_of_work() as session:
        runtime_settings.save(session, SecondFactorPolicySchema, SecondFactorPolicy(of_staff=False), keys=())
    strict.sign_in("biuro", entry="/panel/logowanie")
    assert strict.get("/panel/konto").status_code == 200
    strict.post("/wyloguj")
    strict.sign_in("szefowa", entry="/panel/logowanie")
    assert strict.get("/panel/konto").location == f"/panel{OWN}"


def test_customers_choose_for_themselves(strict):
    strict.sign_in()
    assert strict.get("/konto").status_code == 200


def test_a_lapsed_password_comes_before_the_factor(strict, database, people):
    strict.sign_in("szefowa", entry="/panel/logowanie")
    with database.unit_of_work() as session:
        session.execute(sa.update(SignInSession).values(duty="password"))
    assert strict.get("/panel/konto").location.startswith("/panel/konto/haslo")
    assert strict.get("/panel/konto/haslo").status_code == 200


@pytest.mark.parametrize(
    ("demo", "second_factor", "is_asked"), [(False, True, True), (True, True, False), (False, False, False)]
)
def test_the_demo_asks_nobody(core_settings, demo, second_factor, is_asked):
    assert core_settings(demo=demo, second_factor=second_factor).demands_second_factor is is_asked


def test_it_is_demanded_unless_somebody_says_otherwise():
    from ebok_core.settings import CoreSettings

    assert CoreSettings(secret_key="s" * 40, audit_key="a" * 40, encryption_keys=["A" * 43 + "="]).demands_second_factor


# The office's page


def test_two_of_the_office_remove_a_lost_factor(visitor, another, at, add_app, database):
    at("customer")
    add_app()
    clerk, admin = another(), another()
    clerk.sign_in("biuro", entry="/panel/logowanie")
    admin.sign_in("szefowa", entry="/panel/logowanie")
    page = "/panel/zgubiony-drugi-skladnik"
    clerk.get(page)
    assert "Czyje to konto?" not in clerk.page
    assert clerk.post(page, {"login": "anna", "proof": "krótko"}).status_code == 422
    asked = {"login": "anna", "proof": "dowód osobisty okazany przy okienku"}
    assert clerk.post(page, asked).status_code == 303
    clerk.get(page)
    assert f"{page}/potwierdz" not in clerk.page
    admin.get(page)
    confirm = unescape(re.search(rf'href="({page}/potwierdz[^"]+)"', admin.page).group(1))
    removal = confirm.rpartition("=")[2]
    clerk.get(confirm)
    assert clerk.post(f"{page}/potwierdz", {"removal": removal}).status_code == 422
    admin.get(confirm)
    assert "dowód osobisty okazany przy okienku" in admin.page
    assert admin.post(f"{page}/potwierdz", {"removal": removal}).status_code == 303
    assert count(database, Totp) == 0
    assert "logowanie" in visitor.get("/konto").location, "the person's sessions end"
    assert admin.get(confirm).status_code == 404


def test_a_clerk_asks_for_no_colleague(another, at, add_app, people):
    prefix = at("staff")
    add_app(prefix)
    clerk = another()
    clerk.sign_in("biuro", entry="/panel/logowanie")
    page = "/panel/zgubiony-drugi-skladnik"
    clerk.get(page)
    asked = {"login": "szefowa", "kind": "staff", "proof": "dowód osobisty okazany przy okienku"}
    assert clerk.post(page, asked).status_code == 403


def test_a_request_is_withdrawn(visitor, another, at, add_app):
    at("customer")
    add_app()
    clerk = another()
    clerk.sign_in("biuro", entry="/panel/logowanie")
    page = "/panel/zgubiony-drugi-skladnik"
    clerk.get(page)
    clerk.post(page, {"login": "anna", "proof": "dowód osobisty okazany przy okienku"})
    clerk.get(page)
    assert clerk.post(f"{page}/wycofaj", {"removal": hidden(clerk.page, "removal")}).status_code == 303
    clerk.get(page)
    assert "Czeka na drugą osobę" not in clerk.page
