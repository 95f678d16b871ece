"""The way to the hub and back: whose browser, once, in ten minutes; what a person reads when it fails; signing out."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core.identity.models import LoginEvent, SignInSession
from ebok_core.identity.saml import flow, hub_sessions, jobs, rules, tasks
from ebok_core.identity.saml.models import ExternalIdentity, ExternalTask, HubSession, SamlAssertion, SamlFlow
from ebok_core.outbox import deliver
from ebok_core.outbox.models import Message
from ebok_core.testing.people import LOGINS, PASSWORD, account_id

from .conftest import MARIA, NOW, Traveller, configure, text_of

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
MARY = {"identifier": MARIA, "given": "Maria", "family": "Zielińska"}
OVER = "Ta próba logowania już się skończyła"
START, ACS = "/logowanie/login-gov", "/logowanie/login-gov/acs"


def rows(runtime, table, *where):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(table.__table__).where(*where)).all()


@pytest.fixture
def linked(configured, traveller):
    """A's account is linked with Maria: she comes back by the hub alone. Nobody is signed in."""
    browser = Traveller(traveller.hub, traveller.client.application.test_client())
    browser.client.submit("/logowanie", {"login": LOGINS["A"], "password": PASSWORD})
    answer = browser.go(start="/konto/login-gov/polacz", page="/konto/login-gov", **MARY)
    assert (answer.status_code, answer.location) == (303, "/konto/login-gov")
    return configured


# The page that leaves


@pytest.mark.feature("L169")
def test_while_it_is_off_there_is_no_button_and_no_page(filled_copy, app, hub):
    client = app.test_client()
    assert "login.gov.pl" not in text_of(client.get("/logowanie"))
    for address in (f"{START}/acs", f"{START}/dokoncz", f"{START}/wynik", f"{START}/zgoda", "/saml/metadata"):
        assert client.get(address).status_code == 404, address
    assert client.submit(START, page="/logowanie").status_code == 404
    assert client.post(ACS, data={"SAMLart": "x", "RelayState": "y"}).status_code == 404
    configure(filled_copy, hub)
    page = app.test_client().get("/logowanie")
    assert "Zaloguj przez login.gov.pl (Profil Zaufany / ePUAP)" in text_of(page)


def test_the_button_carries_the_text_of_the_utility(configured, hub, app):
    configure(configured, hub, label="Wejdź profilem zaufanym")
    assert "Wejdź profilem zaufanym" in text_of(app.test_client().get("/logowanie"))


def test_the_page_that_leaves_has_the_one_nonce_and_a_visible_button(traveller):
    fields = traveller.leave()
    assert set(fields) == {"SAMLRequest", "RelayState"} and len(fields["RelayState"]) >= 22
    nonce = re.search(r"script-src 'self' 'nonce-([\w-]+)'", traveller.policy)[1]
    assert f'<script nonce="{nonce}">' in traveller.page and traveller.page.count("<script nonce") == 1
    assert f"form-action 'self' {traveller.hub.url};" in traveller.policy
    form = traveller.page[traveller.page.index('id="hub"') :].partition("</form>")[0]
    assert "Przejdź do login.gov.pl" in form and "csrf" not in form
    assert traveller.leave()["RelayState"] != fields["RelayState"]
    first = re.search(r"'nonce-([\w-]+)'", traveller.policy)[1]
    assert first != nonce


def test_leaving_needs_our_own_form(configured, app):
    assert app.test_client().post(START).status_code == 400
    assert app.test_client().get(START).status_code == 405


def test_the_cookie_of_the_way(traveller):
    answer = traveller.client.submit(START, page="/logowanie")
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-wk=")]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"} <= set(cookie.split("; "))


def test_too_many_beginnings_from_one_address(traveller, monkeypatch):
    monkeypatch.setattr(flow, "PER_ADDRESS", replace(flow.PER_ADDRESS, start=3))
    for _ in range(3):
        assert traveller.client.submit(START, page="/logowanie").status_code == 200
    assert traveller.client.submit(START, page="/logowanie").status_code == 429


# Back


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_both_methods_come_back(linked, traveller, method):
    back = traveller.sign_in_there(traveller.leave(), by=method.lower(), **MARY)
    answer = traveller.come_back(back, method)
    assert answer.status_code == 303 and answer.location.startswith(f"{START}/dokoncz?k=")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers, "the cross-site answer opens nothing"
    entered = traveller.client.get(answer.location)
    assert (entered.status_code, entered.location) == (303, "/")
    assert "Maria Zielińska" in text_of(traveller.client.get("/"))
    (event,) = rows(linked, LoginEvent, LoginEvent.__table__.c.way.like("wk%"))
    assert (event.result, event.way) == ("ok", "wk:pz.gov.pl")


def test_V52_opening_the_addresses_makes_no_session(linked, app):
    before = len(rows(linked, SignInSession))
    client = app.test_client()
    for address in (ACS, f"{START}/dokoncz", f"{START}/dokoncz?k=abc", f"{START}/wynik"):
        answer = client.get(address)
        assert answer.status_code == 400 and OVER in text_of(answer), address
    assert client.post(ACS, data={"SAMLart": "x" * 60, "RelayState": "y" * 43}).status_code == 400
    assert len(rows(linked, SignInSession)) == before


def test_an_answer_belongs_to_the_browser_that_began(linked, traveller, app):
    """Login CSRF, and a stolen artifact: another browser gets nothing, the own one still does."""
    back = traveller.sign_in_there(traveller.leave(), **MARY)
    answer = traveller.come_back(back)
    victim = Traveller(traveller.hub, app.test_client())
    victim.leave()
    stolen = victim.client.get(answer.location)
    assert stolen.status_code == 400 and OVER in text_of(stolen)
    assert app.test_client().get(answer.location).status_code == 400
    assert traveller.client.get(answer.location).location == "/"


def test_an_answer_is_taken_once_and_within_a_minute(linked, traveller, clock):
    answer = traveller.come_back(traveller.sign_in_there(traveller.leave(), **MARY))
    assert traveller.client.get(answer.location).location == "/"
    assert traveller.client.get(answer.location).status_code == 400
    late = traveller.anew()
    answer = late.come_back(late.sign_in_there(late.leave(), **MARY))
    clock.advance(timedelta(seconds=61))
    assert late.client.get(answer.location).status_code == 400


def test_a_relay_state_is_used_once(linked, traveller):
    fields = traveller.leave()
    back = traveller.sign_in_there(fields, **MARY)
    assert traveller.come_back(back).status_code == 303
    again = traveller.come_back(back)
    assert again.status_code == 400 and OVER in text_of(again)
    unknown = traveller.come_back({**back, "RelayState": "u" * 43})
    assert unknown.status_code == 400


def test_an_artifact_of_another_way_opens_nothing(linked, traveller):
    """A replayed artifact under a fresh RelayState: the hub does not know it any more."""
    back = traveller.sign_in_there(traveller.leave(), **MARY)
    assert traveller.come_back(back).status_code == 303
    other = traveller.anew()
    fields = other.leave()
    answer = other.come_back({"SAMLart": back["SAMLart"], "RelayState": fields["RelayState"]})
    page = other.client.get(answer.location)
    assert page.status_code == 502 and "chwilowo niedostępne" in text_of(page)
    traveller.hub.control(forget=True)


def test_an_artifact_for_another_request_opens_nothing(linked, traveller, app):
    """Somebody's fresh artifact brought into another's way: InResponseTo says no (V6)."""
    thief, victim = traveller, Traveller(traveller.hub, app.test_client())
    stolen = victim.sign_in_there(victim.leave(), **MARY)
    fields = thief.leave()
    answer = thief.come_back({"SAMLart": stolen["SAMLart"], "RelayState": fields["RelayState"]})
    page = thief.client.get(answer.location)
    assert page.status_code == 502 and "nie przeszła naszych sprawdzeń" in text_of(page)


@pytest.mark.parametrize("artifact", ["", "x", "AAQ=", "A" * 60, "A" * 3000])
def test_what_is_no_artifact_asks_nobody(linked, traveller, artifact, monkeypatch):
    from ebok_core.identity.saml import client

    monkeypatch.setattr(client, "post", lambda *_a, **_k: pytest.fail("the hub was asked"))
    answer = traveller.come_back({"SAMLart": artifact, "RelayState": traveller.leave()["RelayState"]})
    assert traveller.client.get(answer.location).status_code == 502


def test_V38_an_assertion_is_used_once(linked, traveller):
    assert traveller.go("replayed_assertion", **MARY).location == "/"
    other = traveller.anew()
    page = other.go("replayed_assertion", **MARY)
    assert page.status_code == 502 and "nie przeszła naszych sprawdzeń" in text_of(page)
    alerts = [t for t in rows(linked, ExternalTask) if t.kind == tasks.ALERT]
    assert alerts and "V13" in alerts[0].note


def test_ten_minutes(linked, traveller, clock):
    fields = traveller.leave()
    clock.advance(timedelta(minutes=11))
    answer = traveller.come_back(traveller.sign_in_there(fields, **MARY))
    assert answer.status_code == 400 and OVER in text_of(answer)


# What a person reads


@pytest.mark.parametrize(
    ("fault", "status", "said", "is_alarm"),
    [
        ("failed", 200, "nie powiodło się lub zostało przerwane", False),
        ("nested_failed", 200, "nie powiodło się lub zostało przerwane", False),
        ("nested_unknown", 200, "nie powiodło się lub zostało przerwane", False),
        ("denied", 502, "odrzuciła zapytanie", True),
        ("responder", 502, "chwilowo niedostępne", True),
        ("soap_fault", 502, "chwilowo niedostępne", True),
        ("http_500", 502, "chwilowo niedostępne", True),
        ("hang_up", 502, "chwilowo niedostępne", True),
        ("huge", 502, "chwilowo niedostępne", True),
        ("bad_outer_signature", 502, "nie przeszła naszych sprawdzeń", True),
        ("level_low", 502, "nie przeszła naszych sprawdzeń", True),
        ("born_another_day", 502, "nie przeszła naszych sprawdzeń", True),
    ],
)
def test_V84_who_does_not_come_back_reads_why_and_nobody_gets_in(linked, traveller, fault, status, said, is_alarm):
    before = len(rows(linked, SignInSession))
    page = traveller.go(fault, **MARY)
    assert page.status_code == status and said in text_of(page)
    assert "Spróbuj ponownie" in text_of(page) and "Zaloguj się hasłem" in text_of(page)
    assert len(rows(linked, SignInSession)) == before
    assert bool([t for t in rows(linked, ExternalTask) if t.kind == tasks.ALERT]) is is_alarm
    assert [i.used_at for i in rows(linked, ExternalIdentity)] == [NOW]


def test_a_blocked_account_stays_closed(linked, traveller):
    from ebok_core.identity import accounts

    with linked.database.unit_of_work() as session:
        accounts.set_status(session, account_id(linked, "A"), "blocked", reason="próba")
    page = traveller.go(**MARY)
    assert page.status_code == 403 and "To konto jest zablokowane" in text_of(page)


def test_a_hub_that_never_answers_is_an_outage(linked, traveller, monkeypatch):
    from ebok_core.identity.saml import client

    def slow(address, envelope, **_options):
        raise client.Unreachable("ReadTimeout")

    monkeypatch.setattr(client, "post", slow)
    assert traveller.go(**MARY).status_code == 502


# One's own account


def test_linking_and_unlinking_are_the_owner_s_and_are_told(linked, traveller, app):
    m = Message.__table__.c
    with linked.database.snapshot() as session:
        told = session.scalars(sa.select(m.subject_type).where(m.target == "mail")).all()
    assert "core.external_linked" in told
    browser = app.test_client()
    browser.submit("/logowanie", {"login": LOGINS["A"], "password": PASSWORD})
    assert browser.submit("/konto/login-gov/odlacz", page="/konto/login-gov").status_code == 303
    assert rows(linked, ExternalIdentity) == []
    with linked.database.snapshot() as session:
        told = session.scalars(sa.select(m.subject_type).where(m.target == "mail")).all()
    assert "core.external_unlinked" in told
    assert traveller.go(**MARY).location == f"{START}/wynik"


def test_linking_asks_for_the_password_when_the_last_proof_is_old(configured, signed_in, clock, hub):
    browser = signed_in("A")
    clock.advance(timedelta(minutes=6))
    refused = browser.submit("/konto/login-gov/polacz", page="/konto/login-gov")
    assert refused.status_code == 422 and "Wpisz swoje hasło" in text_of(refused)
    assert rows(configured, SamlFlow) == []


def test_a_person_of_another_account_is_not_linked(linked, traveller, signed_in):
    other = Traveller(traveller.hub, signed_in("B"))
    page = other.go(start="/konto/login-gov/polacz", page="/konto/login-gov", **MARY)
    assert page.status_code == 409 and "Niczego nie połączyliśmy" in text_of(page)
    assert len(rows(linked, ExternalIdentity)) == 1


def test_linking_ends_where_it_began(configured, traveller, signed_in, app):
    """The flow of a signed-in person is worth nothing in a browser where somebody else is signed in by then."""
    first = Traveller(traveller.hub, signed_in("A"))
    back = first.sign_in_there(first.leave("/konto/login-gov/polacz", "/konto/login-gov"), **MARY)
    answer = first.come_back(back)
    first.client.submit("/wyloguj", page="/konto")
    first.client.submit("/logowanie", {"login": LOGINS["B"], "password": PASSWORD})
    assert first.client.get(answer.location).status_code == 400
    assert rows(configured, ExternalIdentity) == []


def test_the_hub_proves_instead_of_a_password(linked, traveller, clock):
    traveller.go(**MARY)
    clock.advance(timedelta(minutes=6))
    traveller.hub.control(now=(NOW + timedelta(minutes=6)).isoformat())
    page = traveller.client.get("/konto/login-gov")
    assert "Twoje hasło" in text_of(page)
    answer = traveller.go(start="/konto/login-gov/potwierdz", page="/konto/login-gov", **MARY)
    assert answer.location == "/konto/login-gov"
    page = traveller.client.get("/konto/login-gov")
    assert "Twoje hasło" not in text_of(page) and page.status_code == 200


def test_the_hub_s_only_way_in_is_not_cut(linked, traveller):
    from ebok_core.identity.models import Account

    with linked.database.unit_of_work() as session:
        session.execute(sa.update(Account.__table__).values(password_hash=None))
    traveller.go(**MARY)
    refused = traveller.client.submit("/konto/login-gov/odlacz", page="/konto/login-gov")
    assert refused.status_code == 422 and "Najpierw ustaw hasło" in text_of(refused)


# Signing out


def sign_out(traveller, clock):
    traveller.go(**MARY)
    cookie = traveller.client.get_cookie("__Host-ebok").value
    answer = traveller.client.submit("/wyloguj", page="/konto")
    assert answer.status_code == 303
    assert "wysłaliśmy żądanie wylogowania do login.gov.pl" in text_of(traveller.client.get("/logowanie"))
    stale = traveller.client.application.test_client()
    stale.set_cookie("__Host-ebok", cookie)
    assert stale.get("/").status_code in (302, 303), "the old cookie is dead"


def test_V42_signing_out_ends_the_session_there_too(linked, traveller, clock):
    sign_out(traveller, clock)
    assert traveller.hub.seen["logouts"] == [], "the answer did not wait for the hub"
    deliver.drain(linked, hub_sessions.TARGET)
    (seen,) = traveller.hub.seen["logouts"]
    assert seen["name_id"].startswith("wk-") and seen["session_index"].startswith("s-")
    assert rows(linked, HubSession) == []


def test_V42_a_partial_logout_is_enough(linked, traveller, clock):
    traveller.hub.control(logout="partial")
    sign_out(traveller, clock)
    deliver.drain(linked, hub_sessions.TARGET)
    assert rows(linked, HubSession) == []


def test_V42_a_hub_that_is_down_is_tried_three_times(linked, traveller, clock):
    traveller.hub.control(logout="silent")
    sign_out(traveller, clock)
    for _ in range(5):
        deliver.drain(linked, hub_sessions.TARGET)
        clock.advance(timedelta(hours=2))
    assert len(traveller.hub.seen["logouts"]) == rules.LOGOUT_TRIES
    m = Message.__table__.c
    (message,) = rows(linked, Message, m.target == hub_sessions.TARGET)
    assert message.state == "delivered" and rows(linked, HubSession) == []


def test_a_password_s_session_says_nothing_to_the_hub(linked, app):
    browser = app.test_client()
    browser.submit("/logowanie", {"login": LOGINS["A"], "password": PASSWORD})
    browser.submit("/wyloguj", page="/konto")
    assert rows(linked, Message, Message.__table__.c.target == hub_sessions.TARGET) == []


# Care


def test_what_is_over_is_forgotten(linked, traveller, clock):
    traveller.go(**MARY)
    assert rows(linked, SamlFlow) and rows(linked, SamlAssertion)
    assert jobs.forget(linked) is None
    clock.advance(timedelta(days=3))
    assert jobs.forget(linked) is not None
    assert rows(linked, SamlFlow) == [] and rows(linked, SamlAssertion) == []


def test_V79_logs_hold_no_secret_of_the_way(linked, traveller, capsys):
    back = traveller.sign_in_there(traveller.leave(), **MARY)
    answer = traveller.come_back(back)
    traveller.client.get(answer.location)
    said = capsys.readouterr().out
    assert "saml.answered" in said and "pz.gov.pl" in said
    for secret in (MARIA, back["SAMLart"], back["RelayState"], answer.location.partition("k=")[2], "Zieli"):
        assert secret not in said
