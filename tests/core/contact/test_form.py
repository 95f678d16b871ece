"""The form of Kontakt, for customers and strangers, as a browser without JavaScript sends it."""

from __future__ import annotations

import io
import json
import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from PIL import Image

from ebok_core.contact import sending
from ebok_core.contact.models import CaseFile, CaseMessage
from ebok_core.db import uuid7

from .conftest import STRANGER, TEXT, WRITE, hidden, post, send, text_of

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def photo(colour="red"):
    written = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(written, "PNG")
    return written.getvalue()


def files_of(runtime):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(CaseFile.__table__).order_by(CaseFile.name)).all()


@pytest.mark.feature("L94")
@pytest.mark.parametrize("person", [None, "A"])
def test_kontakt_stands_in_the_menu_with_the_office_and_a_big_emergency_phone(client, signed_in, person):
    browser = signed_in(person) if person else client
    page = browser.get("/kontakt")
    menu = page.get_data(as_text=True).partition('id="menu"')[2].partition("</nav>")[0]
    assert re.search(r'href="/kontakt"[^>]*>Kontakt', menu)
    text = text_of(page)
    for part in ("994", "ul. Źródlana 5", "pon.–pt. 7:00–15:00", "61 000 00 12", "Reklamacja", "14 dni"):
        assert part in text
    assert text.index("994") < text.index("Napisz do nas")


@pytest.mark.feature("L142")
def test_a_customer_is_asked_for_a_topic_a_recipient_a_text_and_a_file_and_no_more(signed_in):
    page = signed_in("A").get(f"{WRITE}?temat=reklamacja").get_data(as_text=True)
    form = page.partition("<main")[2].partition("</form>")[0]
    names = set(re.findall(r'<(?:input|select|textarea)[^>]*name="([^"]+)"', form))
    assert names - {"csrf_token", "form_token", "strona"} == {"topic", "recipient", "text", "pliki"}
    assert '<option value="reklamacja" selected>' in form
    assert "Maria Zielińska" in page and "1-01001" in page and "maria.zielinska@wodociagi-struga.example" in page
    assert "każdy do 10 MB" in form and "najwyżej 10 plików" in form


@pytest.mark.feature("L138")
def test_a_complaint_gets_a_number_and_the_day_of_an_answer(signed_in, rows, mails, clock):
    browser = signed_in("A")
    signature = send(browser)
    (case,) = rows()
    assert (case.number, case.due_on, case.customer_code) == ("K-2026-000001", date(2026, 12, 8), "1-01001")
    page = text_of(browser.get(f"/kontakt/sprawa/{signature}/przyjete"))
    assert "Sprawa K-2026-000001" in page and "wtorek, 8 grudnia" in page and signature in page
    (mail,) = mails("core.case_received")
    assert mail["to"] == "maria.zielinska@wodociagi-struga.example"
    for part in ("K-2026-000001", "08.12.2026", signature):
        assert part in mail["text"]
    assert "cieknie" not in json.dumps(mail)


@pytest.mark.feature("L139")
def test_5000_characters_are_kept_whole(client, filled_copy, runtime):
    text = ("Zażółć gęślą jaźń\n" * 278)[:4999] + "Ż"
    assert len(text) == 5000
    signature = send(client, **STRANGER, topic="uwagi", text=text.replace("\n", "\r\n"))
    with runtime.database.snapshot() as session:
        assert session.execute(sa.select(CaseMessage.text)).scalar_one() == text
    page = client.get(f"/kontakt/sprawa/{signature}").get_data(as_text=True)
    assert page.count("Zażółć gęślą jaźń<br>") == 277
    answer = post(client, WRITE, {**STRANGER, "topic": "uwagi", "text": text + "x"})
    assert answer.status_code == 422 and "Najwyżej 5000" in text_of(answer) or "5000" in text_of(answer)


def test_a_stranger_gives_a_name_and_one_way_to_answer(client, filled_copy, rows):
    given = {"topic": "uwagi", "text": "x"}
    answer = post(client, WRITE, {**given, "name": "Zofia"})
    assert answer.status_code == 422 and "wystarczy jedno" in text_of(answer)
    assert post(client, WRITE, {**given, "name": "Zofia", "phone": "61 000 00 99"}).status_code == 303
    assert post(client, WRITE, {**given, "name": "Zofia", "email": "z@example.pl"}).status_code == 303
    for wrong in ({"phone": "12"}, {"email": "bez-malpy"}, {"phone": "zadzwoń proszę 123"}):
        assert post(client, WRITE, {**given, "name": "Zofia", **wrong}).status_code == 422
    answer = post(client, WRITE, {})
    for part in ("Wybierz temat", "Napisz, o co chodzi", "jak się nazywasz", "wystarczy jedno"):
        assert part in text_of(answer)
    assert [(case.sender_phone, case.sender_email) for case in rows()] == [
        ("61 000 00 99", None),
        (None, "z@example.pl"),
    ]


@pytest.mark.feature("L142")
def test_an_error_keeps_the_text_and_the_files(client, filled_copy, runtime, rows):
    answer = post(client, WRITE, {"topic": "uwagi", "text": TEXT}, ("licznik.png", photo()), ("umowa.exe", b"MZ"))
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "&lt;b&gt;cieknie&lt;/b&gt;" in page and "Usuń licznik.jpg" in page
    assert "Nie przyjmujemy takich plików jak umowa.exe" in page
    assert "umowa.exe" not in page.partition("Pliki, które już mamy")[2].partition("</fieldset>")[0]
    again = {**hidden(page), **STRANGER, "topic": "uwagi", "text": TEXT}
    answer = client.post(WRITE, data=again)
    assert answer.status_code == 303
    (case,), (file,) = rows(), files_of(runtime)
    assert file.name == "licznik.jpg" and file.message_id and case.sender_name == "Zofia Nowicka"
    shown = client.get(answer.location.removesuffix("/przyjete")).get_data(as_text=True)
    address = re.search(r'href="(/kontakt/sprawa/[^"]+/plik/[^"]+)"', shown)[1]
    kept = client.get(address)
    assert kept.content_type == "image/jpeg" and kept.data.startswith(b"\xff\xd8")
    assert kept.headers["Content-Disposition"] == "attachment; filename=licznik.jpg"
    assert kept.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert kept.headers["X-Content-Type-Options"] == "nosniff" and kept.headers["Referrer-Policy"] == "no-referrer"


def test_a_file_can_be_taken_back(client, filled_copy, runtime):
    page = post(client, WRITE, {"text": "x"}, ("a.png", photo()), ("b.png", photo("blue"))).get_data(as_text=True)
    first = re.search(r'name="usun" value="([^"]+)"', page)[1]
    answer = client.post(WRITE, data={**hidden(page), "text": "x", "usun": first})
    assert "Usuń a.jpg" not in text_of(answer) and "Usuń b.jpg" in text_of(answer)
    assert [file.name for file in files_of(runtime)] == ["b.jpg"]


def test_nobody_else_gets_or_takes_the_files_of_a_form(client, signed_in, runtime):
    page = post(client, WRITE, {"text": "x"}, ("a.png", photo())).get_data(as_text=True)
    file = re.search(r'name="usun" value="([^"]+)"', page)[1]
    token = hidden(page)["form_token"]
    answer = post(signed_in("A"), WRITE, {"text": "x", "usun": file}, form_token=token)
    assert "a.jpg" not in text_of(answer)
    assert len(files_of(runtime)) == 1


def test_too_many_files_are_told_and_the_first_ten_stay(client, filled_copy, runtime):
    many = [(f"{n:02}.txt", f"tekst {n}".encode()) for n in range(12)]
    answer = post(client, WRITE, {**STRANGER, "topic": "uwagi", "text": "x"}, *many)
    assert answer.status_code == 422 and "najwyżej 10 plików" in text_of(answer)
    assert len(files_of(runtime)) == 10


@pytest.mark.parametrize("person", [None, "A"])
def test_R03_a_form_sent_twice_is_one_case(client, signed_in, person, rows, mails, runtime):
    browser = signed_in(person) if person else client
    page = browser.get(WRITE).get_data(as_text=True)
    data = {**hidden(page), "topic": "reklamacja", "text": TEXT, **({} if person else STRANGER)}
    sent = [browser.post(WRITE, data={**data, "pliki": (io.BytesIO(photo()), "a.png")}) for _ in range(2)]
    assert sent[0].location == sent[1].location and sent[0].status_code == sent[1].status_code == 303
    assert len(rows()) == 1 and len(mails("core.case_received")) == 1 and len(mails("core.case_arrived")) == 1
    assert len(files_of(runtime)) == 1


@pytest.mark.feature("P12")
def test_a_machine_is_told_and_a_person_can_send_again(client, filled_copy, rows):
    given = {**STRANGER, "topic": "uwagi", "text": "x"}
    answer = post(client, WRITE, {**given, "strona": "https://spam.example"})
    assert answer.status_code == 422 and "pole, którego nie widać" in text_of(answer)
    assert 'name="strona" value=""' in answer.get_data(as_text=True)
    assert rows() == []
    assert client.post(WRITE, data={**hidden(answer.get_data(as_text=True)), **given}).status_code == 303


def token_made_at(instant):
    """A form's token as if its page had been opened then."""
    import uuid

    made = uuid.UUID(uuid7()).int & ((1 << 80) - 1)
    return str(uuid.UUID(int=(int(instant.timestamp() * 1000) << 80) | made))


@pytest.mark.feature("P12")
def test_a_form_that_comes_back_within_two_seconds_is_asked_for_again(client, filled_copy, clock, rows):
    given = {**STRANGER, "topic": "uwagi", "text": "x"}
    token = token_made_at(clock.now_utc() - timedelta(seconds=1))
    answer = post(client, WRITE, given, form_token=token)
    assert answer.status_code == 422 and "bardzo szybko" in text_of(answer) and rows() == []
    clock.advance(seconds=2)
    assert post(client, WRITE, given, form_token=token).status_code == 303


def test_S14_a_stranger_s_flood_must_wait_and_loses_nothing(client, filled_copy, rows):
    given = {**STRANGER, "topic": "uwagi", "text": "zalew"}
    answers = [post(client, WRITE, given) for _ in range(12)]
    assert [a.status_code for a in answers] == [303] * 10 + [429] * 2
    assert "zalew" in text_of(answers[-1]) and len(rows()) == 10


def test_a_customer_sends_twenty_a_day(signed_in, rows, monkeypatch):
    monkeypatch.setattr(sending, "PER_ACCOUNT", sending.DelayPolicy(2, (timedelta(hours=1),), timedelta(hours=24)))
    browser = signed_in("A")
    answers = [post(browser, WRITE, {"topic": "uwagi", "text": "x"}) for _ in range(3)]
    assert [a.status_code for a in answers] == [303, 303, 429] and len(rows()) == 2
    assert sending.PER_ACCOUNT.start == 2


def test_a_failure_shows_the_emergency_phone_before_the_form(client, filled_copy):
    text = text_of(client.get(f"{WRITE}?temat=awaria"))
    assert text.index("994") < text.index("W jakiej sprawie piszesz")
    assert "całą dobę" not in text_of(client.get(f"{WRITE}?temat=uwagi")).partition("W jakiej sprawie")[0]


def test_numbers_begin_anew_each_year_and_know_no_gap(client, filled_copy, rows, clock):
    send(client, **STRANGER)
    send(client, **STRANGER)
    clock.advance(days=60)
    send(client, **STRANGER)
    assert [case.number for case in rows()] == ["K-2026-000001", "K-2026-000002", "K-2027-000001"]
