"""Error pages stand whatever happened, say what to do, and give nothing away (S65, R32, R43)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import TooManyRequests

from ebok_core.errors import DatabaseUnavailable, EbokError, NotAllowed, NotFound, Refused, StorageFull


@pytest.fixture
def faulty(app: Flask, maria: FlaskClient) -> Any:
    """Let `/proba/formularz` do something else: `faulty(error)` raises it there."""

    def plant(act: Any) -> None:
        def view() -> Any:
            if callable(act) and not isinstance(act, type) and not isinstance(act, BaseException):
                return act()
            raise act

        app.view_functions["customer.probe.form"] = view

    return plant


CASES = [
    (NotFound("x"), 404, "Nie ma takiej strony"),
    (NotAllowed("x"), 403, "Nie masz dostępu"),
    (Refused("Za późno: okres minął.", code="late"), 422, "Za późno: okres minął."),
    (DatabaseUnavailable("x"), 503, "Portal jest chwilowo zajęty"),
    (StorageFull("x"), 503, "Portal jest chwilowo zajęty"),
    (EbokError("sekret"), 500, "Coś poszło nie tak"),
    (ValueError("sekret"), 500, "Coś poszło nie tak"),
    (RecursionError("sekret"), 500, "Coś poszło nie tak"),
    (OperationalError("SELECT sekret", {}, Exception("no such table: sekret")), 500, "Coś poszło nie tak"),
    (OperationalError("SELECT sekret", {}, Exception("database is locked")), 503, "Portal jest chwilowo zajęty"),
    (OperationalError("SELECT sekret", {}, Exception("database or disk is full")), 503, "Portal jest chwilowo zajęty"),
]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("error", "status", "words"), CASES, ids=lambda v: type(v).__name__ if isinstance(v, Exception) else None
)
def test_every_error_has_a_page_and_no_detail(
    faulty: Any, maria: FlaskClient, error: Exception, status: int, words: str
) -> None:
    faulty(error)
    answer = maria.get("/proba/formularz")
    assert answer.status_code == status
    assert words in answer.text
    assert "sekret" not in answer.text and "Traceback" not in answer.text and "SELECT" not in answer.text
    assert "<main" in answer.text and "Wodociągi" in answer.text and 'class="eb-nav"' in answer.text
    code = re.search(r"\b[2-9B-Z]{4}-[2-9B-Z]{4}\b", answer.text)
    assert (code is not None) is (status >= 500), "the code to read out on the phone"
    assert code is None or answer.headers["X-Request-Id"] == code[0]
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        (400, 400),
        (403, 403),
        (405, 405),
        (409, 409),
        (413, 413),
        (415, 415),
        (418, 418),
        (422, 422),
        (429, 429),
        (500, 500),
        (501, 501),
        (503, 503),
    ],
)
def test_http_errors_keep_their_status(faulty: Any, maria: FlaskClient, code: int, status: int) -> None:
    faulty(lambda: abort(code))
    answer = maria.get("/proba/formularz")
    assert answer.status_code == status and "<h1>" in answer.text


def test_foreign_and_missing_are_answered_alike(maria: FlaskClient, faulty: Any) -> None:
    """S05: same status, same body."""
    faulty(NotFound("somebody else's"))
    foreign, missing = maria.get("/proba/formularz"), maria.get("/nie-ma")

    def body(page: str) -> str:
        return re.sub(r'value="/[^"]*"|data-here="[^"]*"|value="[^"]*"|X-CSRFToken":"[^"]*', "", page)

    assert foreign.status_code == missing.status_code == 404
    assert body(foreign.text) == body(missing.text)


def test_too_many_tries_says_when(faulty: Any, maria: FlaskClient, clock: Any) -> None:
    from datetime import timedelta

    faulty(TooManyRequests(retry_after=clock.now_utc() + timedelta(minutes=45)))
    answer = maria.get("/proba/formularz")
    assert answer.headers["Retry-After"] == "2700" and "Spróbuj ponownie o 9:45." in answer.text
    faulty(TooManyRequests(retry_after=61))
    answer = maria.get("/proba/formularz")
    assert answer.headers["Retry-After"] == "61" and "Poczekaj 2 min" in answer.text


@pytest.mark.promise
def test_R32_a_busy_database_keeps_the_form(faulty: Any, maria: FlaskClient) -> None:
    faulty(DatabaseUnavailable("x"))
    token = "0190a0c0-0000-7000-8000-000000000000"
    sent = {"reading": "430", "note": 'a "b" <c>', "form_token": token, "csrf_token": "old"}
    page = maria.post("/proba/formularz?krok=2", data=sent)
    assert page.status_code == 503 and page.headers["Retry-After"] == "30"
    form = page.text[page.text.index('action="/proba/formularz?krok=2"') :].partition("</form>")[0]
    assert f'name="form_token" value="{token}"' in form, "sent twice it is still one fact"
    assert 'name="reading" value="430"' in form and "&lt;c&gt;" in form
    assert 'value="old"' not in form


@pytest.mark.promise
@pytest.mark.parametrize("field", ["haslo", "password", "kod", "new_password", "totp_code", "pin"])
def test_R32_passwords_are_never_written_into_a_page(faulty: Any, maria: FlaskClient, field: str) -> None:
    faulty(DatabaseUnavailable("x"))
    page = maria.post("/proba/formularz", data={"login": "maria", field: "tajne-haslo-1"})
    assert page.status_code == 503 and "tajne-haslo-1" not in page.text and "Wyślij jeszcze raz" not in page.text


@pytest.mark.promise
def test_R32_pages_stand_while_the_database_is_away(
    app: Flask, maria: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the frame asks a database that does not answer; files are still served."""
    assert maria.get("/proba/").status_code == 200
    database = app.extensions["ebok"].database

    def away(*_: Any, **__: Any) -> Any:
        raise DatabaseUnavailable("away")

    for way in ("reading", "snapshot", "unit_of_work"):
        monkeypatch.setattr(database, way, away)
    for address in ("/proba/", "/proba/karty", "/nie-ma-takiej"):
        answer = maria.get(address)
        assert answer.status_code == (404 if "nie-ma" in address else 503)
        assert "Maria Zielińska" in answer.text and "Płatności" in answer.text
    assert maria.get("/zdrowie").status_code == 503
    files = re.findall(r'"(/zasoby/[^"]+)"', answer.text)
    assert files and all(maria.get(address).status_code == 200 for address in files)


def test_a_fragment_asked_by_script_gets_a_notice(faulty: Any, maria: FlaskClient) -> None:
    faulty(NotFound("x"))
    answer = maria.get("/proba/formularz", headers={"HX-Request": "true"})
    assert answer.status_code == 404 and "<html" not in answer.text and 'role="alert"' in answer.text


def test_an_error_in_the_error_page_still_answers(
    maria: FlaskClient, faulty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty(ValueError("x"))
    monkeypatch.setattr("ebok_core.web.errors.render_template", lambda *a, **k: 1 / 0)
    answer = maria.get("/proba/formularz")
    assert answer.status_code == 500 and answer.headers["X-Request-Id"] in answer.text


def test_unknown_address_keeps_the_viewer_s_menu(maria: FlaskClient, signed_in: Any) -> None:
    assert "Płatności" in maria.get("/nie-ma").text
    signed_in(None)
    assert "Zaloguj się" in maria.get("/nie-ma").text and "Płatności" not in maria.get("/nie-ma").text


def test_the_address_is_not_echoed(maria: FlaskClient) -> None:
    """S27: a 404 writes the address into attributes only, escaped."""
    page = maria.get('/nie-ma-"><script>alert(1)</script>').text
    assert "<script>alert" not in page


@pytest.mark.promise
@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/kontakt%00", 400),
        ("GET", "/kontakt%ff", 400),
        ("GET", "/%c0%af", 400),
        ("GET", "/kontakt?x=%00", 400),
        ("GET", "/kontakt?x=%ff", 400),
        ("GET", "/kontakt?x=%zz", 400),
        ("GET", "/kontakt?x=%", 400),
        ("GET", "/kontakt?x=%ed%a0%80", 400),
        ("GET", "/kontakt?x=%F0%9F%92%A7", 200),
        ("GET", "/kontakt?x=" + "a" * 5000, 200),
        ("GET", "/proba/faktura/" + "9" * 400, 200),
        ("POST", "/kontakt", 405),
        ("DELETE", "/", 405),
        ("TRACE", "/kontakt", 405),
    ],
)
def test_R43_no_input_causes_a_500(maria: FlaskClient, method: str, address: str, status: int) -> None:
    assert maria.open(address, method=method).status_code == status


@pytest.mark.promise
@pytest.mark.parametrize(
    "body", [b"reading=%00", b"reading=%ff", b"reading=%", b"%zz=1", b"note=%ed%a0%80", b"\xff\xfe=1"]
)
def test_R43_a_damaged_form_is_400(maria: FlaskClient, body: bytes) -> None:
    answer = maria.post("/proba/formularz", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400 and "uszkodzon" in answer.text


@pytest.mark.promise
@pytest.mark.parametrize("value", ["0", "1", "9223372036854775807"])
def test_R43_numbers_in_addresses_fit_the_database(app: Flask, value: str) -> None:
    from werkzeug.routing import Map, Rule

    adapter = Map([Rule("/x/<int:n>", endpoint="x")], converters=app.url_map.converters).bind("h")
    assert adapter.match(f"/x/{value}") == ("x", {"n": int(value)})


@pytest.mark.promise
@pytest.mark.parametrize("value", ["-1", "9223372036854775808", "9" * 30, "٣", "１", "1.0", "1e3", "+1", ""])
def test_R43_other_numbers_are_404(app: Flask, value: str) -> None:
    from werkzeug.exceptions import NotFound as Http404
    from werkzeug.routing import Map, Rule

    adapter = Map([Rule("/x/<int:n>", endpoint="x")], converters=app.url_map.converters).bind("h")
    with pytest.raises(Http404):
        adapter.match(f"/x/{value}")
