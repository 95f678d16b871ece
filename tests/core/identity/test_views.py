"""The pages of people, as a browser without JavaScript sees them."""

from __future__ import annotations

import re

import pytest

from ebok_core import runtime_settings
from ebok_core.identity import service as identity
from ebok_core.identity.schemas import PasswordPolicy, PasswordPolicySchema

PASSWORD = "cztery zielone rowery w rzece"
NEW = "trzy senne borsuki pod mostem"
# What no database decides is asked of one of them.
ONCE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ACCOUNT_PAGES = ("/konto", "/konto/haslo", "/konto/email", "/konto/sesje", "/konto/logowania")


def text_of(answer) -> str:
    page = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))
    return re.sub(r"\s+", " ", page).replace("&#39;", "'")


# Coming in


@pytest.mark.feature("L22")
@pytest.mark.parametrize("page", [*ACCOUNT_PAGES, "/konto/logowania?sortuj=at&od=1"])
def test_a_stranger_signs_in_and_comes_back(visitor, page):
    answer = visitor.get(page)
    assert answer.status_code == 302
    assert answer.location.startswith("/logowanie?dalej=")
    visitor.get(answer.location)
    form = visitor.page[visitor.page.index("<main") :]
    hidden = re.search(r'name="dalej" value="([^"]*)"', form).group(1).replace("&amp;", "&")
    assert hidden == page
    back = visitor.post("/logowanie", {"login": "anna", "password": PASSWORD, "dalej": hidden})
    assert (back.status_code, back.location) == (303, page)
    assert visitor.get(page).status_code == 200


def test_without_a_page_to_go_to_it_is_the_start_page(visitor):
    assert visitor.sign_in().location == "/"
    assert visitor.get("/logowanie").location == "/", "who is signed in needs no form"


EVIL = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/%5Cevil.example",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "/@evil.example",
    "/.evil.example",
    "/konto\r\nSet-Cookie: x=1",
    "/konto\u2028",
    "/nie-ma-takiej-strony",
    "/wyloguj",
    "/logowanie",
    "/logowanie?dalej=/konto",
    "/panel/logowanie",
    "/panel",
    "/panel/konto",
    "/" + "a" * 5000,
    "/konto#" + "x" * 700,
]


@ONCE
@pytest.mark.parametrize("target", EVIL)
def test_S31_only_own_pages_are_gone_to(visitor, target):
    visitor.get("/logowanie", query_string={"dalej": target})
    answer = visitor.post("/logowanie", {"login": "anna", "password": PASSWORD, "dalej": target})
    assert answer.location in ("/", None)
    assert answer.status_code in (303, 422)
    assert "evil" not in str(answer.headers)


def test_S31_staff_go_to_the_panel_only(visitor):
    answer = visitor.sign_in("szefowa", entry="/panel/logowanie", dalej="/konto")
    assert answer.location.rstrip("/") == "/panel"
    visitor.post("/wyloguj")
    assert visitor.sign_in("szefowa", entry="/panel/logowanie", dalej="/panel/konto").location == "/panel/konto"


def test_a_failed_try_keeps_the_login_and_never_the_password(visitor):
    answer = visitor.sign_in("anna", "my secret guess")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert 'name="login" value="anna"' in page and "my secret guess" not in page
    assert "Login albo hasło się nie zgadza" in page
    assert "<title>Błąd: Zaloguj się" in page


@pytest.mark.parametrize("entry", ["/logowanie", "/panel/logowanie"])
def test_S11_the_page_is_the_same_for_nobody(visitor, another, entry):
    pages = set()
    for login in ("anna", "nieznana", "biuro"):
        other = another()
        answer = other.sign_in(login, "wrong", entry=entry)
        page = re.sub(r'(value|X-CSRFToken)(="|":")[^"]*"', "", other.page.replace(login, "LOGIN"))
        pages.add((answer.status_code, page))
    assert len(pages) == 1


def test_S14_a_delay_is_told_with_its_time(visitor, clock):
    for _ in range(5):
        visitor.sign_in("anna", "wrong")
    answer = visitor.sign_in("anna")
    assert answer.status_code == 429
    assert "Za dużo prób. Spróbuj ponownie o 9:01" in text_of(answer)


def test_S14_known_device_is_let_in(visitor, another, clock):
    visitor.sign_in()
    visitor.post("/wyloguj")
    stranger = another()
    for _ in range(6):
        stranger.get("/logowanie")
        stranger.post(
            "/logowanie", {"login": "anna", "password": "wrong"}, environ_base={"REMOTE_ADDR": "198.51.100.7"}
        )
    assert stranger.sign_in("anna").status_code == 429
    assert visitor.sign_in("anna").status_code == 303


def test_a_forged_device_cookie_is_no_device(visitor, app, clock):
    visitor.client.set_cookie("__Host-device", "eyJpZCI6ImEiLCJsb2dpbnMiOltdfQ.x.y")
    assert visitor.sign_in().status_code == 303


@ONCE
@pytest.mark.parametrize(
    "fields",
    [
        {"login": "x" * 10_000, "password": "x"},
        {"login": "anna", "password": "x" * 10_000},
        {"login": "", "password": ""},
        {"login": "ａｎｎａ", "password": PASSWORD + "x"},
        {"login": "' OR 1=1 --", "password": "' OR 1=1 --"},
        {"login": "<script>alert(1)</script>", "password": "x"},
        {"login": "{{ 7*7 }}", "password": "x"},
        {"login": "an\u202ena", "password": "x"},
        {"login": "🐸" * 60, "password": "🐸"},
    ],
)
def test_odd_input_is_a_calm_page(visitor, fields):
    answer = visitor.sign_in(**fields)
    assert answer.status_code == 422
    assert "<script>alert" not in visitor.page and "49" not in re.findall(r'name="login" value="([^"]*)"', visitor.page)


@ONCE
@pytest.mark.parametrize(
    "body",
    [b"login=%00anna&password=x", b"login=\xff\xfe&password=x", b"login=%E0%A4&password=%", b"login=anna&login=b"],
)
def test_no_browser_sends_this(visitor, body):
    visitor.get("/logowanie")
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page).group(1).encode()
    answer = visitor.client.post(
        "/logowanie", data=body + b"&csrf_token=" + token, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400


@ONCE
def test_S06_undeclared_fields_are_refused(visitor):
    for extra in ("is_admin", "kind", "roles", "account_id", "status"):
        visitor.get("/logowanie")
        assert visitor.post("/logowanie", {"login": "anna", "password": PASSWORD, extra: "1"}).status_code == 400


# The session's cookie (S09)


def test_S09_nothing_planted_before_survives(visitor, another):
    """Fixation: the cookie before signing in is worthless after, and the token is new each time."""
    visitor.get("/logowanie")
    planted = visitor.cookie
    visitor.sign_in()
    assert visitor.cookie != planted
    attacker = another()
    attacker.client.set_cookie("__Host-ebok", planted)
    assert attacker.get("/konto").status_code == 302
    first = visitor.cookie
    visitor.post("/wyloguj")
    visitor.sign_in()
    assert visitor.cookie != first


@pytest.mark.feature("L165")
@pytest.mark.parametrize(
    ("login", "entry", "page"), [("anna", "/logowanie", "/konto"), ("szefowa", "/panel/logowanie", "/panel/konto")]
)
def test_S09_replay_after_sign_out(visitor, another, login, entry, page):
    visitor.sign_in(login, entry=entry)
    assert visitor.get(page).status_code == 200
    stolen = visitor.cookie
    answer = visitor.post("/wyloguj")
    assert (answer.status_code, answer.location) == (303, entry)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert visitor.get(page).status_code == 302, "going back shows nothing"
    thief = another()
    thief.client.set_cookie("__Host-ebok", stolen)
    assert thief.get(page).status_code == 302
    assert "Wylogowaliśmy Cię." in text_of(visitor.get(entry))


def test_sign_out_is_a_post(visitor):
    visitor.sign_in()
    assert visitor.get("/wyloguj").status_code == 405
    assert visitor.get("/konto").status_code == 200


@ONCE
@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "eyJfdXNlcl9pZCI6IngifQ.aaaaaa.bbbbbbbbbbbb", "\u0105" * 50])
def test_a_tampered_cookie_is_nobody_s(visitor, cookie):
    visitor.client.set_cookie("__Host-ebok", cookie.encode().decode("latin-1"))
    assert visitor.get("/konto").status_code == 302


def test_idle_end_is_told_on_the_sign_in_page(visitor, clock):
    visitor.sign_in()
    clock.advance(minutes=20)
    answer = visitor.get(visitor.get("/konto").location)
    assert "Wylogowaliśmy Cię po 20 minutach przerwy." in text_of(answer)
    clock.advance(minutes=1)
    assert "Wylogowaliśmy" not in text_of(visitor.sign_in("anna", "wrong"))


def test_a_request_notes_the_activity(visitor, clock):
    visitor.sign_in()
    for _ in range(5):
        clock.advance(minutes=19)
        assert visitor.get("/konto").status_code == 200


def test_a_page_stands_when_the_activity_can_t_be_noted(visitor, clock, monkeypatch):
    visitor.sign_in()
    clock.advance(minutes=2)
    monkeypatch.setattr(identity, "touch", lambda *a: (_ for _ in ()).throw(OSError("disk")))
    assert visitor.get("/konto").status_code == 200


def test_S34_a_get_writes_nothing_but_the_activity(visitor, clock, statements):
    visitor.sign_in()
    for page in ("/logowanie", "/konto", "/konto/haslo", "/konto/sesje", "/konto/logowania"):
        clock.advance(seconds=30)
        with statements() as sql:
            visitor.get(page)
        harmless = ("SELECT", "WITH", "SAVEPOINT", "RELEASE")
        writes = [s for s in map(str, sql) if not s.lstrip().upper().startswith(harmless)]
        assert all("core_session" in s and "last_activity_at" in s for s in writes), writes


# One's own account


@pytest.mark.feature("L145")
def test_history_shows_tries_newest_first(visitor, another, clock):
    stranger = another()
    stranger.get("/logowanie")
    stranger.post(
        "/logowanie",
        {"login": "anna", "password": "wrong"},
        environ_base={"REMOTE_ADDR": "198.51.100.7"},
        headers={"User-Agent": "Mozilla/5.0 (Linux; Android 16; K) Chrome/140.0 Mobile Safari/537.36"},
    )
    clock.advance(minutes=5)
    visitor.sign_in()
    page = text_of(visitor.get("/konto/logowania"))
    rows = re.findall(r"2026-11-24 (\d\d:\d\d) (Zalogowano|Nieudana próba) hasło ([^0-9]+) ([\d.]+)", page)
    assert rows[0][:2] == ("09:05", "Zalogowano")
    assert rows[1] == ("09:00", "Nieudana próba", "Chrome, telefon z Androidem", "198.51.100.7")
    csv = visitor.get("/konto/logowania?format=csv").get_data(as_text=True)
    assert "2026-11-24T09:05:00+01:00" in csv and "Nieudana próba" in csv


def test_S02_history_is_one_s_own(visitor, another, clock):
    another().sign_in("anna", "wrong")
    other = another()
    other.sign_in("biuro", entry="/panel/logowanie")
    assert "Nieudana" not in text_of(other.get("/panel/konto/logowania"))


def test_sessions_are_ended_one_by_one_and_all(visitor, another, clock):
    browsers = [visitor, another(), another(), another()]
    for one in browsers:
        one.sign_in()
    page = visitor.get("/konto/sesje").get_data(as_text=True)
    ids = re.findall(r'name="session" value="([^"]+)"', page)
    assert len(ids) == 3 and page.count("to urządzenie") == 1
    answer = visitor.post("/konto/sesje", {"session": ids[0]})
    assert (answer.status_code, answer.location) == (303, "/konto/sesje")
    assert sorted(one.get("/konto").status_code for one in browsers) == [200, 200, 200, 302]
    visitor.get("/konto/sesje")
    visitor.post("/konto/sesje")
    assert "Zakończyliśmy 2 sesje." in text_of(visitor.get("/konto/sesje"))
    assert [one.get("/konto").status_code for one in browsers] == [200, 302, 302, 302]


@pytest.mark.parametrize("wanted", ["nie-ma", "01a20bcf-b269-79f8-bc14-cf22ad0c3406"])
def test_S05_a_foreign_session_is_not_found(visitor, another, runtime, wanted):
    other = another()
    other.sign_in("biuro", entry="/panel/logowanie")
    with other.client.session_transaction() as cookie, runtime.database.snapshot() as session:
        foreign = identity.viewer_of(session, runtime, cookie["_user_id"]).session_id
    visitor.sign_in()
    answers = []
    for session_id in (wanted, foreign):
        visitor.get("/konto/sesje")
        answers.append(visitor.post("/konto/sesje", {"session": session_id}).status_code)
    assert answers == [404, 404]
    assert other.get("/panel/konto").status_code == 200


@pytest.mark.feature("L24", "L159")
@pytest.mark.parametrize(
    ("login", "entry", "prefix"), [("anna", "/logowanie", ""), ("szefowa", "/panel/logowanie", "/panel")]
)
def test_change_of_the_password(visitor, another, login, entry, prefix):
    other = another()
    other.sign_in(login, entry=entry)
    visitor.sign_in(login, entry=entry)
    page = text_of(visitor.get(f"{prefix}/konto/haslo"))
    assert "Co najmniej 12 znaków" in page
    stolen = visitor.cookie
    answer = visitor.post(f"{prefix}/konto/haslo", {"current": PASSWORD, "new": NEW})
    assert (answer.status_code, answer.location) == (303, f"{prefix}/konto")
    assert "Hasło jest zmienione" in text_of(visitor.get(f"{prefix}/konto"))
    assert other.get(f"{prefix}/konto").status_code == 302
    thief = another()
    thief.client.set_cookie("__Host-ebok", stolen)
    assert thief.get(f"{prefix}/konto").status_code == 302
    assert "Hasło zostało zmienione" in text_of(other.get(entry))
    assert another().sign_in(login, entry=entry).status_code == 422
    assert another().sign_in(login, NEW, entry=entry).status_code == 303


@ONCE
@pytest.mark.parametrize(
    ("current", "new", "words"),
    [
        ("wrong", NEW, "To nie jest Twoje obecne hasło"),
        (PASSWORD, "krótkie", "Hasło ma 7 znaków. Potrzeba co najmniej 12"),
        (PASSWORD, PASSWORD, "To hasło masz teraz"),
        ("", NEW, "Wpisz obecne hasło"),
        (PASSWORD, "", "Wpisz nowe hasło"),
    ],
)
def test_change_refused_in_words(visitor, current, new, words):
    visitor.sign_in()
    visitor.get("/konto/haslo")
    answer = visitor.post("/konto/haslo", {"current": current, "new": new})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert PASSWORD not in visitor.page and NEW not in visitor.page


@pytest.mark.feature("L24")
def test_a_lapsed_password_comes_first(clock, visitor, runtime):
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, PasswordPolicySchema, PasswordPolicy(expires_after_days=30), keys=[])
    clock.advance(days=30)
    visitor.sign_in()
    for page in ("/", "/konto", "/konto/sesje"):
        assert visitor.get(page).location.partition("?")[0] == "/konto/haslo"
    assert "Twoje hasło straciło ważność" in text_of(visitor.get("/konto/haslo"))
    visitor.post("/konto/haslo", {"current": PASSWORD, "new": NEW})
    assert visitor.get("/konto").status_code == 200


# A password by a link


def test_S62_the_token_leaves_the_address_at_once(visitor, runtime, clock):
    with runtime.database.unit_of_work() as session:
        account_id = identity.add_account(session, kind="customer", login="nowa", display_name="Nowa Osoba")
        token = identity.make_link(session, account_id)[0]
    for _ in range(2):
        opened = visitor.get(f"/haslo/{token}")
        assert (opened.status_code, opened.location) == (303, "/haslo")
        assert opened.headers["Referrer-Policy"] == "no-referrer"
    page = visitor.get("/haslo")
    assert "Nowa Osoba" in page.get_data(as_text=True) and token not in page.get_data(as_text=True)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert visitor.post("/haslo", {"new": "krótkie"}).status_code == 422
    done = visitor.post("/haslo", {"new": PASSWORD})
    assert (done.status_code, done.location) == (303, "/logowanie")
    assert "Hasło jest ustawione" in text_of(visitor.get("/logowanie"))
    assert visitor.sign_in("nowa").status_code == 303
    visitor.post("/wyloguj")
    visitor.get(f"/haslo/{token}")
    assert visitor.get("/haslo").status_code == 410


@ONCE
@pytest.mark.parametrize("token", ["x", "a" * 43, "ą" * 60, "a" * 4000, "%2e%2e"])
def test_dead_links_are_a_calm_page(visitor, token):
    visitor.get(f"/haslo/{token}")
    answer = visitor.get("/haslo")
    assert answer.status_code == 410
    assert "Ten link już nie działa" in text_of(answer)
    assert visitor.post("/haslo", {"new": PASSWORD}).status_code == 410


# Who may open what


MATRIX = {
    "/logowanie": {"stranger": 200, "customer": 302, "staff": 200},
    "/panel/logowanie": {"stranger": 200, "customer": 200, "staff": 302},
    "/haslo": {"stranger": 410, "customer": 410, "staff": 410},
    **{page: {"stranger": 302, "customer": 200, "staff": 404} for page in ACCOUNT_PAGES},
    **{f"/panel{page}": {"stranger": 302, "customer": 404, "staff": 200} for page in ACCOUNT_PAGES},
}


@ONCE
@pytest.mark.feature("L150")
@pytest.mark.parametrize("page", MATRIX)
def test_S02_matrix(visitor, another, page):
    who = {"stranger": another(), "customer": visitor, "staff": another()}
    who["customer"].sign_in()
    who["staff"].sign_in("biuro", entry="/panel/logowanie")
    assert {name: one.get(page).status_code for name, one in who.items()} == MATRIX[page]


@pytest.mark.feature("L05")
def test_who_is_signed_in_stands_on_every_page(visitor):
    visitor.sign_in()
    for page in ACCOUNT_PAGES:
        assert "Zalogowany jako (1-00007)" in text_of(visitor.get(page)).replace("Zalogowana", "Zalogowany")
    visitor.post("/wyloguj")
    page = text_of(visitor.get("/logowanie"))
    assert "Zalogowany" not in page and "1-00007" not in page and "Anna" not in page
