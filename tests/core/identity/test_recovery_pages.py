"""The pages of changed and lost credentials, as a browser without JavaScript sees them."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.identity import service as identity
from ebok_core.identity.models import Account, DelayCounter
from ebok_core.identity.recovery import alarm
from ebok_core.identity.schemas import PasswordPolicy, PasswordPolicySchema
from ebok_core.outbox.models import Message
from ebok_core.testing import pdfs

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PASSWORD = "cztery zielone rowery w rzece"
NEW = "trzy senne borsuki pod mostem"
OTHER = "nowa.skrzynka@example.pl"
REASON = {"reason": "prośba telefoniczna"}
PANEL = "/panel/logowanie"


def text_of(answer) -> str:
    page = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))
    return re.sub(r"\s+", " ", page).replace("&#39;", "'").replace("&nbsp;", " ")


def mail_to(runtime, address):
    """The newest mail to an address."""
    with runtime.database.snapshot() as session:
        payloads = session.scalars(
            sa.select(Message.payload).where(Message.target == "mail").order_by(Message.seq.desc(), Message.id.desc())
        ).all()
    return next(mail["text"] for mail in map(json.loads, payloads) if mail["to"].casefold() == address.casefold())


def link_in(text):
    return re.search(r"(/(?:adres-email|haslo)/[\w-]{20,})", text).group(1)


def link_to(runtime, address):
    """The newest link that was sent to an address."""
    with runtime.database.snapshot() as session:
        payloads = session.scalars(
            sa.select(Message.payload).where(Message.target == "mail").order_by(Message.seq.desc(), Message.id.desc())
        ).all()
    texts = [mail["text"] for mail in map(json.loads, payloads) if mail["to"].casefold() == address.casefold()]
    return next(link_in(text) for text in texts if re.search(r"/(?:adres-email|haslo)/[\w-]{20,}", text))


# Another address


@pytest.mark.parametrize(
    ("login", "entry", "prefix", "home"),
    [("anna", "/logowanie", "", "/logowanie"), ("szefowa", PANEL, "/panel", PANEL)],
)
def test_a_new_address_from_question_to_yes(visitor, another, runtime, clock, login, entry, prefix, home):
    visitor.sign_in(login, entry=entry)
    clock.advance(minutes=6)
    page = text_of(visitor.get(f"{prefix}/konto/email"))
    assert "Nowy adres e-mail" in page and "Twoje hasło" in page
    refused = visitor.post(f"{prefix}/konto/email", {"email": OTHER, "password": "złe hasło"})
    assert refused.status_code == 422 and OTHER in visitor.page, "what was typed is kept"
    sent = visitor.post(f"{prefix}/konto/email", {"email": OTHER, "password": PASSWORD})
    assert (sent.status_code, sent.location) == (303, f"{prefix}/konto/email")
    page = text_of(visitor.get(f"{prefix}/konto/email"))
    assert "Nowy adres czeka na potwierdzenie" in page and OTHER in page
    link = link_to(runtime, OTHER)
    mailbox = another()
    moved = mailbox.get(link)
    assert (moved.status_code, moved.location) == (303, "/adres-email")
    assert moved.headers["Referrer-Policy"] == "no-referrer"
    shown = mailbox.get("/adres-email")
    assert OTHER in text_of(shown) and link.rpartition("/")[2] not in mailbox.page
    mailbox.get(link)  # a scanner of mails opens it too
    yes = mailbox.post("/adres-email")
    assert (yes.status_code, yes.location) == (303, home), "nobody is signed in by a mail"
    assert "Adres e-mail zmieniony" in text_of(mailbox.get(home))
    assert OTHER in text_of(visitor.get(f"{prefix}/konto"))
    mailbox.get(link)
    assert mailbox.get("/adres-email").status_code == 410


def test_row_50_the_password_is_asked_for_when_the_last_proof_is_old(visitor, clock):
    visitor.sign_in()
    assert "Twoje hasło" not in text_of(visitor.get("/konto/email"))
    clock.advance(minutes=5)
    assert "Twoje hasło" in text_of(visitor.get("/konto/email"))
    answer = visitor.post("/konto/email", {"email": OTHER})
    assert answer.status_code == 422 and "Wpisz swoje hasło" in text_of(answer)


def test_row_23_a_foreign_address_shows_the_same_page(visitor, runtime):
    visitor.sign_in()
    with runtime.database.unit_of_work() as session:
        identity.add_account(session, kind="customer", login="jan", email=OTHER, display_name="Jan")
    pages = []
    for address in (OTHER, "wolna.skrzynka@example.pl"):
        visitor.get("/konto/email")
        answer = visitor.post("/konto/email", {"email": address})
        page = text_of(visitor.get("/konto/email")).replace(address, "ADRES")
        pages.append((answer.status_code, answer.location, page))
    assert pages[0] == pages[1]


def test_a_new_address_is_given_up(visitor, runtime):
    visitor.sign_in()
    visitor.get("/konto/email")
    visitor.post("/konto/email", {"email": OTHER})
    visitor.get("/konto/email")
    visitor.post("/konto/email/rezygnuje")
    assert "Twój adres e-mail zostaje bez zmian" in text_of(visitor.get("/konto/email"))
    visitor.get(link_to(runtime, OTHER))
    assert visitor.get("/adres-email").status_code == 410


@pytest.mark.parametrize("address", ["bez-malpy", "a@b", "a b@example.pl", "ż@example.pl", "x" * 300 + "@example.pl"])
def test_odd_addresses_are_said_at_the_field(visitor, address):
    visitor.sign_in()
    visitor.get("/konto/email")
    answer = visitor.post("/konto/email", {"email": address})
    assert answer.status_code == 422 and 'id="f-email-e"' in visitor.page


@pytest.mark.parametrize("token", ["x", "a" * 43, "ą" * 60, "%2e%2e"])
def test_dead_links_are_a_calm_page(visitor, token):
    visitor.get(f"/adres-email/{token}")
    answer = visitor.get("/adres-email")
    assert answer.status_code == 410 and "Ten link już nie działa" in text_of(answer)
    assert visitor.post("/adres-email").status_code == 410


# Expiry (L24, row 13)


@pytest.mark.feature("L24")
@pytest.mark.parametrize(
    ("login", "entry", "prefix", "wanted"),
    [("anna", "/logowanie", "", "/konto/logowania"), ("szefowa", PANEL, "/panel", "/panel/moduly?x=1")],
)
def test_a_lapsed_password_comes_before_everything_and_then_one_goes_on(
    clock, visitor, app, runtime, login, entry, prefix, wanted
):
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, PasswordPolicySchema, PasswordPolicy(expires_after_days=30), keys=[])
    clock.advance(days=30)
    visitor.get(entry)
    visitor.post(entry, {"login": login, "password": PASSWORD, "dalej": wanted})
    zone = "admin." if prefix else "customer."
    closed = [r for r in app.url_map.iter_rules() if r.endpoint.startswith(zone) and not r.arguments]
    own = f"{prefix}/konto/haslo"
    for rule in closed:
        if "GET" in rule.methods and str(rule) != own:
            answer = visitor.get(str(rule))
            assert (answer.location or "").partition("?")[0] == own, f"{rule}: {answer.status}"
    asked = visitor.get(wanted)
    assert asked.location.startswith(f"{own}?dalej=")
    page = visitor.get(asked.location)
    assert "Twoje hasło straciło ważność" in text_of(page) and "Wyloguj" in text_of(page)
    changed = visitor.post(asked.location, {"current": PASSWORD, "new": NEW})
    assert (changed.status_code, changed.location) == (303, wanted)
    assert visitor.get(wanted).status_code == 200


def test_a_lapsed_password_goes_nowhere_foreign(visitor, runtime, clock):
    visitor.sign_in()
    visitor.get("/konto/haslo?dalej=//evil.example")
    answer = visitor.post("/konto/haslo?dalej=//evil.example", {"current": PASSWORD, "new": NEW})
    assert answer.location == "/konto"


def test_signing_out_works_with_a_lapsed_password(clock, visitor, runtime):
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, PasswordPolicySchema, PasswordPolicy(expires_after_days=30), keys=[])
    clock.advance(days=30)
    visitor.sign_in()
    assert "straciło ważność" in text_of(visitor.get("/konto/haslo"))
    assert visitor.post("/wyloguj").location == "/logowanie"
    assert "dalej" in visitor.get("/konto").location


# Sessions and "that was not me"


def test_row_51_signing_out_everywhere(visitor, another):
    other = another()
    other.sign_in()
    visitor.sign_in()
    assert "Wyloguj wszędzie" in text_of(visitor.get("/konto/sesje"))
    answer = visitor.post("/konto/sesje/wszystkie")
    assert (answer.status_code, answer.location) == (303, "/logowanie")
    assert answer.headers["Clear-Site-Data"]
    assert [one.get("/konto").status_code for one in (visitor, other)] == [302, 302]


@pytest.mark.parametrize(("login", "entry", "prefix"), [("anna", "/logowanie", ""), ("biuro", PANEL, "/panel")])
def test_that_was_not_me(visitor, another, runtime, login, entry, prefix):
    thief = another()
    thief.sign_in(login, entry=entry)
    visitor.sign_in(login, entry=entry)
    page = visitor.get(f"{prefix}/konto/logowania").get_data(as_text=True)
    link = re.search(r'href="([^"]+to-nie-ja\?wpis=[^"]+)"', page).group(1)
    shown = text_of(visitor.get(link))
    assert "Co zrobimy od razu" in shown and "Logowanie, które nie było Twoje" in shown
    assert thief.get(f"{prefix}/konto").status_code == 200, "a GET does nothing"
    event = re.search(r'name="wpis" value="([^"]+)"', visitor.page).group(1)
    answer = visitor.post(f"{prefix}/konto/logowania/to-nie-ja", {"wpis": event})
    assert (answer.status_code, answer.location) == (303, f"{prefix}/konto/haslo")
    assert thief.get(f"{prefix}/konto").status_code == 302
    assert visitor.get(f"{prefix}/konto").location.startswith(f"{prefix}/konto/haslo")
    assert "Najpierw ustaw nowe hasło" in text_of(visitor.get(f"{prefix}/konto/haslo"))
    visitor.post(f"{prefix}/konto/haslo", {"current": PASSWORD, "new": NEW})
    assert visitor.get(f"{prefix}/konto").status_code == 200


# The office


@pytest.fixture
def admin(signed_in):
    """A browser of the administrator, on the invented utility's data."""
    return signed_in("admin")


def id_of(runtime, login):
    with runtime.database.snapshot() as session:
        return session.scalar(sa.select(Account.id).where(Account.login == login))


@pytest.mark.feature("L158")
def test_the_menu_has_the_leaflet_s_words_in_its_order(admin):
    page = admin.get("/panel/").get_data(as_text=True)
    assert page.index("Reset hasła użytkownika") < page.index("Zmień hasło administratora")


@pytest.mark.parametrize("typed", ["1-01001", "maria.zielinska@", "zielinska", "Zielińska", "ZIELIŃSKA", "1-01006"])
def test_a_person_is_found_by_code_login_address_and_name(admin, typed):
    page = text_of(admin.get("/panel/reset-hasla", query_string={"szukaj": typed}))
    assert "Maria Zielińska" in page and "Jan Brzozowski" not in page


def test_a_clerk_sees_customers_only(signed_in, filled_copy):
    clerk = signed_in("clerk")
    page = text_of(clerk.get("/panel/reset-hasla"))
    assert "Maria Zielińska" in page and "Adam Wilk" not in page
    assert clerk.get(f"/panel/reset-hasla/{id_of(filled_copy, 'admin')}").status_code == 404
    assert clerk.get("/panel/sesje").status_code == 403


@pytest.mark.feature("L158")
def test_row_29_a_reset_by_mail(admin, signed_in, filled_copy, client, clock):
    maria = signed_in("A")
    address = f"/panel/reset-hasla/{id_of(filled_copy, '1-01001')}"
    clock.advance(minutes=6)
    page = admin.get(address).get_data(as_text=True)
    main = page[page.index("<main") :]
    assert 'autocomplete="new-password"' not in main and main.count('type="password"') == 1, "the admin's own alone"
    assert admin.submit(address, {"way": "mail", **REASON}).status_code == 422
    from ebok_core.testing import people

    fields = {"way": "mail", **REASON, "password": people.PASSWORD}
    assert admin.submit(address, {**fields, "new": "x"}).status_code == 400, "no further field is taken"
    answer = admin.submit(address, fields)
    assert (answer.status_code, answer.location) == (303, address)
    assert maria.get("/konto").status_code == 302
    shown = text_of(admin.get(address))
    assert "Link jest w drodze" in shown and "najpierw do zmiany" in shown
    link = link_to(filled_copy, "maria.zielinska@wodociagi-struga.example")
    assert link not in admin.get(address).get_data(as_text=True)
    client.get(link)
    assert client.submit("/haslo", {"new": NEW}).location == "/logowanie"
    assert identity.sign_in(filled_copy, "1-01001", NEW, kind="customer").duty is None


@pytest.mark.parametrize(
    ("fields", "words"), [({"way": "mail"}, "Napisz powód"), (REASON, "Wybierz, jak"), ({}, "Napisz")]
)
def test_what_is_missing_is_said(admin, filled_copy, fields, words):
    answer = admin.submit(f"/panel/reset-hasla/{id_of(filled_copy, '1-01001')}", fields)
    assert answer.status_code == 422 and words in text_of(answer)


@pytest.mark.feature("L158")
def test_a_letter_from_the_panel_to_a_new_password(admin, client, filled_copy):
    address = f"/panel/reset-hasla/{id_of(filled_copy, '1-01004')}"
    assert "a letter" not in text_of(admin.get(address))
    assert "link na adres e-mail" not in text_of(admin.get(address)), "there is no mailbox"
    assert admin.submit(address, {"way": "letter", **REASON}).location == address
    page = admin.get(address).get_data(as_text=True)
    assert "Wydrukuj list (PDF)" in page
    document = admin.submit(f"{address}/list.pdf", page=address)
    assert document.mimetype == "application/pdf" and "attachment" in document.headers["Content-Disposition"]
    assert document.headers["Cache-Control"] == "no-store"
    assert pdfs.problems(document.data) == []
    code = re.search(r"[2-9A-Z]{5}-[2-9A-Z]{5}", pdfs.read(document.data).text).group(0)
    assert code not in page
    assert "Mam kod z listu" in text_of(client.get("/haslo/nowe"))
    wrong = client.submit("/haslo/kod", {"login": "1-01004", "code": "22222-22222"})
    assert wrong.status_code == 422 and "Kod się nie zgadza" in text_of(wrong)
    right = client.submit("/haslo/kod", {"login": "1 01004", "code": code.lower()})
    assert (right.status_code, right.location) == (303, "/haslo")
    assert "Halina" in text_of(client.get("/haslo"))
    assert client.submit("/haslo", {"new": "password1234"}).status_code == 422, "row 7"
    assert client.submit("/haslo", {"new": NEW}).location == "/logowanie"
    assert identity.sign_in(filled_copy, "1-01004", NEW, kind="customer").token
    assert client.submit("/haslo/kod", {"login": "1-01004", "code": code}).status_code == 422
    again = admin.submit(address, {"way": "letter", **REASON})
    assert again.status_code == 422 and "List przygotowano niedawno" in text_of(again)


def test_of_several_customers_the_letter_s_one_is_chosen(admin, filled_copy):
    address = f"/panel/reset-hasla/{id_of(filled_copy, '1-01001')}"
    answer = admin.submit(address, {"way": "letter", **REASON})
    assert answer.status_code == 422 and "Wybierz, dokąd wysłać list" in text_of(answer)
    assert admin.submit(address, {"way": "letter", "customer": "1-01006", **REASON}).location == address
    assert admin.submit(address, {"way": "letter", "customer": "1-01002", **REASON}).status_code == 422


def test_row_23_a_wrong_code_says_the_same_for_nobody(client, admin, filled_copy):
    admin.submit(f"/panel/reset-hasla/{id_of(filled_copy, '1-01004')}", {"way": "letter", **REASON})
    pages = set()
    for login in ("1-01004", "1-01001", "nobody"):
        answer = client.submit("/haslo/kod", {"login": login, "code": "22222-22222"})
        page = re.sub(r'(value|X-CSRFToken)(="|":")[^"]*"', "", answer.get_data(as_text=True).replace(login, "LOGIN"))
        pages.add((answer.status_code, page))
    assert len(pages) == 1


def test_guessing_codes_is_slow(client, filled_copy):
    answers = [client.submit("/haslo/kod", {"login": "1-01004", "code": "22222"}).status_code for _ in range(11)]
    assert answers[:10] == [422] * 10 and answers[10] == 429
    with filled_copy.database.snapshot() as session:
        keys = session.scalars(sa.select(DelayCounter.key)).all()
    assert any(key.startswith("core.letter_code:") for key in keys)


def test_row_49_the_sessions_of_one(admin, signed_in, filled_copy):
    maria = signed_in("A")
    address = f"/panel/reset-hasla/{id_of(filled_copy, '1-01001')}"
    assert f'href="{address}/sesje"' in admin.get(address).get_data(as_text=True)
    assert "otwart" in text_of(admin.get(f"{address}/sesje"))
    assert admin.submit(f"{address}/sesje", REASON).location == address
    assert maria.get("/konto").status_code == 302
    assert "Nasze biuro zakończyło tę sesję" in text_of(maria.get("/logowanie"))
    assert "Sesja zakończona przez nasze biuro" in text_of(signed_in("A").get("/konto/logowania")), "whose act it was"


def test_row_49_the_sessions_of_everybody(admin, signed_in):
    maria, clerk = signed_in("A"), signed_in("clerk")
    assert "Otwarte sesje klientów" in text_of(admin.get("/panel/sesje"))
    admin.submit("/panel/sesje", {"whose": "all", "keep_own": "1", **REASON})
    assert (maria.get("/konto").status_code, clerk.get("/panel/konto").status_code) == (302, 302)
    assert admin.get("/panel/konto").status_code == 200
    admin.submit("/panel/sesje", {"whose": "all", **REASON})
    assert admin.get("/panel/konto").status_code == 302


def test_an_alarm_stands_before_the_office_until_it_is_cleared_up(admin, viewer_of, filled_copy):
    with filled_copy.database.unit_of_work() as session:
        alarm.raise_alarm(session, viewer_of("A"))
    assert "ktoś zgłasza „to nie ja”" in text_of(admin.get("/panel/reset-hasla"))
    address = f"/panel/reset-hasla/{id_of(filled_copy, '1-01001')}"
    assert "zgłasza: to nie ja" in text_of(admin.get(address))
    admin.submit(f"{address}/zalatwione", page=address)
    assert "to nie ja" not in text_of(admin.get("/panel/reset-hasla"))


@pytest.mark.parametrize("path", ["", "/sesje", "/list.pdf", "/zalatwione"])
def test_an_unknown_account_is_not_found(admin, path):
    address = "/panel/reset-hasla/01a20bcf-b269-79f8-bc14-cf22ad0c3406"
    admin.get("/panel/reset-hasla")
    answer = admin.get(address + path) if path in ("", "/sesje") else admin.submit(address + path, page="/panel/konto")
    assert answer.status_code == 404


def test_the_own_account_is_led_to_its_own_page(admin, filled_copy):
    page = text_of(admin.get(f"/panel/reset-hasla/{id_of(filled_copy, 'admin')}"))
    assert "To Twoje własne konto" in page and "Rozpocznij zmianę hasła" not in page
