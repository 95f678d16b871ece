"""A case by its signature, without an account (P51), and one's own cases."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from ebok_core.contact import cases, rules
from ebok_core.contact.models import CaseMessage
from ebok_core.db import uuid7

from .conftest import STRANGER, post, send, text_of

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
START = "/kontakt/sprawa"


def other(signature):
    """A signature that differs in one sign."""
    return signature[:-1] + ("0" if signature[-1] != "0" else "1")


@pytest.mark.feature("P51")
def test_a_stranger_follows_a_case_reads_the_answer_and_writes_more(client, app, signed_in, rows, runtime):
    signature = send(client, **STRANGER)
    nobody = app.test_client()
    answer = post(nobody, START, {"signature": signature.lower().replace("-", " ")})
    assert (answer.status_code, answer.location) == (303, f"{START}/{signature}")
    page = nobody.get(answer.location)
    assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"
    for part in ("przyjęta", "cieknie", "8 grudnia", "Biuro obsługi klienta", "Reklamacja"):
        assert part in text_of(page)
    post(signed_in("clerk"), "/panel/sprawy/K-2026-000001/odpowiedz", {"text": "Przyjedziemy jutro."},
         page="/panel/sprawy/K-2026-000001")  # fmt: skip
    assert "Przyjedziemy jutro." in text_of(nobody.get(answer.location))
    assert "z odpowiedzią" in text_of(nobody.get(answer.location))
    written = post(nobody, answer.location, {"text": "Dziękuję, a o której?"})
    assert (written.status_code, written.location) == (303, f"{START}/{signature}")
    shown = text_of(nobody.get(answer.location))
    assert "Mamy Twoją wiadomość" in shown and "a o której?" in shown and "w trakcie" in shown
    assert [case.state for case in rows()] == [rules.OPEN]


@pytest.mark.feature("P51")
def test_no_other_signature_opens_it(client, filled_copy):
    signature = send(client, **STRANGER)
    number = "-".join(signature.split("-")[:3])
    for wrong in (other(signature), number, "K-2026-000002" + signature[13:]):
        answer = client.get(f"{START}/{wrong}")
        assert answer.status_code == 404 and "cieknie" not in text_of(answer)
        assert "Nie znamy sprawy" in text_of(answer)
        assert client.get(f"{START}/{wrong}/przyjete").status_code == 404
        assert client.get(f"{START}/{wrong}/plik/{uuid7()}").status_code == 404


def test_guessing_must_wait(client, filled_copy):
    signature = send(client, **STRANGER)
    answers = [post(client, START, {"signature": other(signature)}) for _ in range(12)]
    assert [a.status_code for a in answers] == [404] * 10 + [429] * 2
    assert "Za dużo prób" in text_of(answers[-1]) and other(signature) in answers[-1].get_data(as_text=True)
    assert post(client, START, {"signature": signature}).status_code == 429
    assert client.get(f"{START}/{other(signature)}").status_code == 429


def test_right_signatures_are_no_guesses(client, filled_copy):
    signature = send(client, **STRANGER)
    answers = [post(client, START, {"signature": signature}).status_code for _ in range(12)]
    assert answers == [303] * 12


def test_files_of_notes_and_of_other_cases_stay_closed(client, filled_copy):
    first, second = (send(client, (f"{n}.txt", n.encode()), **STRANGER) for n in ("pierwszy", "drugi"))
    address = re.search(r'/plik/([^"]+)"', client.get(f"{START}/{first}").get_data(as_text=True))[1]
    assert client.get(f"{START}/{first}/plik/{address}").data == b"pierwszy"
    assert client.get(f"{START}/{second}/plik/{address}").status_code == 404


def test_R03_more_sent_twice_is_one_message(client, filled_copy, runtime, receive):
    case, token = receive(), uuid7()
    for _ in range(2):
        with runtime.database.unit_of_work() as session:
            cases.write_more(session, case, None, "jeszcze jedno", token)
    with runtime.database.snapshot() as session:
        texts = session.scalars(sa.select(CaseMessage.text).order_by(CaseMessage.written_at)).all()
    assert texts.count("jeszcze jedno") == 1


def test_one_s_own_cases_are_listed_and_nobody_else_s(signed_in, viewer_of, receive):
    mine = receive(viewer_of("A"))
    receive()
    a, b = signed_in("A"), signed_in("B")
    listed = text_of(a.get("/kontakt/sprawy"))
    assert mine.number in listed and "K-2026-000002" not in listed and "Reklamacja" in listed
    assert "Moje sprawy" in text_of(a.get("/kontakt"))
    page = f"/kontakt/sprawy/{mine.number}"
    assert "cieknie" in text_of(a.get(page))
    assert mine.number not in text_of(b.get("/kontakt/sprawy"))
    assert b.get(page).status_code == 404
    assert a.get("/kontakt/sprawy/K-2026-000002").status_code == 404
    assert post(a, page, {"text": "dopisek"}).location == page
    assert "dopisek" in text_of(a.get(page))


def test_what_people_write_is_never_markup(client, filled_copy, signed_in):
    evil = "<script>alert(1)</script>\u202e{{ 7*7 }} <img src=x onerror=alert(1)>"
    signature = send(client, **{**STRANGER, "name": "<b>Zofia</b>"}, text=evil)
    for browser, address in ((client, f"{START}/{signature}"), (signed_in("clerk"), "/panel/sprawy/K-2026-000001")):
        page = browser.get(address).get_data(as_text=True)
        assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<img src=x" not in page and "{{ 7*7 }}" in page and "<b>Zofia" not in page
