"""The pages of registration and of a forgotten password, as a browser without JavaScript sees them."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.contracts.tytan import Result
from ebok_core.identity.models import CustomerAccess, Registration
from ebok_core.identity.registration import rules, service, tytan, views
from ebok_core.identity.registration.schemas import RegistrationConfig, RegistrationConfigSchema
from ebok_core.outbox import deliver
from ebok_core.outbox.models import Message
from ebok_core.tytan import copy

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PASSWORD = "cztery zielone rowery w rzece"
ADDRESS = "nowa.klientka@example.pl"


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


@pytest.fixture
def typed(filled_copy):
    """The newest bill of a customer without an account, as it stands on paper."""
    with filled_copy.database.snapshot() as session:
        taken = set(session.scalars(sa.select(CustomerAccess.customer_code)))
        codes = session.scalars(sa.select(copy.customers.c.code).order_by(copy.customers.c.code)).all()
        code = next(c for c in codes if c not in taken and len(tytan.newest_bills(session, c)) == 3)
        bill = tytan.newest_bills(session, code)[0]
    amount = f"{bill.gross:.2f} zł".replace(".", ",")
    return {"customer_code": code.replace("-", " "), "bill_number": bill.number.lower(), "bill_amount": amount}


@pytest.fixture
def begun(client, typed, clock):
    """A browser that has sent the data from the bill."""
    answer = slowly(client, clock, typed)
    assert (answer.status_code, answer.location) == (303, "/rejestracja/adres")
    return client


def slowly(client, clock, fields):
    """Fill the first form in as a person would: it takes some seconds (the clock stands, the form's token does not)."""
    page = client.get("/rejestracja").get_data(as_text=True)
    hidden = dict(re.findall(r'name="(csrf_token|form_token)" value="([^"]+)"', page))
    return client.post("/rejestracja", data={**hidden, **fields})


def mail_text(runtime):
    deliver.drain(runtime, tytan.WORKER)
    m = Message.__table__.c
    with runtime.database.snapshot() as session:
        payload = session.scalar(sa.select(m.payload).where(m.target == "mail").order_by(m.seq.desc(), m.id.desc()))
    return json.loads(payload)["text"]


@pytest.mark.feature("L25", "P05")
def test_from_the_bill_to_the_start_page(begun, typed, runtime):
    answer = begun.submit("/rejestracja/adres", {"email": ADDRESS})
    assert answer.location == "/rejestracja/poczta"
    page = begun.get(answer.location)
    assert ADDRESS in text_of(page)
    link = re.search(r"(/rejestracja/link/[\w-]+)", mail_text(runtime)).group(1)
    moved = begun.get(link)
    assert (moved.status_code, moved.location) == (303, "/rejestracja/haslo")
    assert moved.headers["Referrer-Policy"] == "no-referrer"
    form = begun.get("/rejestracja/haslo")
    assert form.status_code == 200 and ADDRESS in text_of(form) and "Krok 3 z 3" in text_of(form)
    entered = begun.submit("/rejestracja/haslo", {"new": PASSWORD, "terms": "1"})
    assert (entered.status_code, entered.location) == (303, "/")
    start = begun.get("/")
    assert start.status_code == 200 and "Twoje konto działa" in text_of(start)


def test_wrong_data_see_the_same_pages(begun, client, app, typed, clock, runtime):
    pages = []
    for change in ({}, {"customer_code": "9-99999"}, {"bill_amount": "0,01"}):
        browser = app.test_client()
        first = slowly(browser, clock, typed | change)
        second = browser.submit("/rejestracja/adres", {"email": ADDRESS})
        third = browser.get("/rejestracja/poczta")
        shown = re.sub(r'(value|X-CSRFToken)(="|":")[^"]*"', "", third.get_data(as_text=True))
        pages.append((first.status_code, first.location, second.status_code, second.location, shown))
        with runtime.database.unit_of_work() as session:
            session.execute(sa.text("DELETE FROM core_delay_counter"))
    assert pages[0] == pages[1] == pages[2]


@pytest.mark.feature("P12")
def test_P12_no_picture_code_but_a_trap_that_nobody_sees(client, typed, clock, runtime):
    page = client.get("/rejestracja").get_data(as_text=True)
    assert "captcha" not in page.lower() and "<img" not in page[page.index("<main") :]
    answer = slowly(client, clock, typed | {views.TRAP: "https://example.pl"})
    assert (answer.status_code, answer.location) == (303, "/rejestracja/adres"), "a machine sees what a person sees"
    with runtime.database.snapshot() as session:
        assert session.execute(sa.select(Registration.__table__)).all() == []


def test_P12_a_form_that_comes_back_at_once_is_asked_for_once_more(client, typed, clock, monkeypatch):
    monkeypatch.setattr(views, "_too_quick", lambda form: True)
    answer = slowly(client, clock, typed)
    assert answer.status_code == 422
    assert "To było bardzo szybko" in text_of(answer)
    assert f'value="{typed["bill_number"]}"' in answer.get_data(as_text=True), "nothing is lost"


def test_P12_quick_is_less_than_two_seconds(app, clock):
    from types import SimpleNamespace

    def token(age):
        made = int((clock.now() - age).timestamp() * 1000) if hasattr(clock, "now") else None
        made = int((service.clock.now_utc() - age).timestamp() * 1000) if made is None else made
        digits = f"{made:012x}7000" + "8" + "0" * 15
        return SimpleNamespace(token=f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")

    assert views._too_quick(token(timedelta(seconds=1)))
    assert not views._too_quick(token(timedelta(seconds=3)))


@pytest.mark.parametrize("step", ["/rejestracja/adres", "/rejestracja/poczta"])
def test_V60_steps_in_their_order(client, filled_copy, step):
    answer = client.get(step)
    assert (answer.status_code, answer.location) == (303, "/rejestracja")
    answer = client.submit("/rejestracja/adres", {"email": ADDRESS}, page="/kontakt")
    assert answer.location == "/rejestracja"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"customer_code": ""}, "Wpisz kod klienta"),
        ({"customer_code": "---"}, "Wpisz kod klienta"),
        ({"bill_amount": "sto złotych"}, "Wpisz kwotę z przecinkiem"),
        ({"bill_number": "x" * 61}, "tekst jest za długi"),
    ],
)
def test_what_can_be_no_code_is_said_beside_the_field(client, typed, clock, change, said):
    answer = slowly(client, clock, typed | change)
    assert answer.status_code == 422
    assert said in text_of(answer)


def test_a_mail_that_came_back_is_said_on_the_page_that_waits(begun, runtime):
    begun.submit("/rejestracja/adres", {"email": ADDRESS})
    mail_text(runtime)
    with runtime.database.unit_of_work() as session:
        row = session.execute(sa.select(Registration.__table__)).one()
        result = Result(
            message_id="x",
            kind="core.mail",
            subject_type=tytan.SUBJECT,
            subject_id=row.id,
            status="rejected",
            reason_code="mailbox_refused",
            reason=None,
            reference=None,
            status_at=service.clock.now_utc(),
        )
        service.mail_came_back(session, result)
    page = begun.get("/rejestracja/poczta")
    assert "Wiadomość wróciła" in text_of(page)
    answer = begun.submit("/rejestracja/adres", {"email": "druga@example.pl"})
    assert answer.location == "/rejestracja/poczta"
    assert "Wiadomość wróciła" not in text_of(begun.get("/rejestracja/poczta"))


@pytest.mark.parametrize("token", ["", "nie-ma-takiego", "x" * 5000])
def test_a_dead_link_is_a_calm_page_that_says_what_to_do(client, filled_copy, token):
    if token:
        client.get(f"/rejestracja/link/{token}")
    answer = client.get("/rejestracja/haslo")
    assert answer.status_code == 410
    assert "Ten link już nie działa" in text_of(answer)
    assert "Załóż konto" in text_of(answer) and "Zaloguj się" in text_of(answer)


def test_when_registration_is_closed_the_page_says_how_else(client, filled_copy, runtime):
    with runtime.database.unit_of_work() as session:
        wanted = RegistrationConfig(is_open=False)
        runtime_settings.save(session, RegistrationConfigSchema, wanted, keys=runtime.settings.encryption_keys)
    page = client.get("/rejestracja")
    assert page.status_code == 200 and "Konta zakłada nasze biuro" in text_of(page)


def test_who_lost_the_access_reads_why_on_the_start_page(begun, runtime):
    begun.submit("/rejestracja/adres", {"email": ADDRESS})
    begun.get(re.search(r"(/rejestracja/link/[\w-]+)", mail_text(runtime)).group(1))
    begun.submit("/rejestracja/haslo", {"new": PASSWORD, "terms": "1"})
    from ebok_core.identity.registration import finish

    with runtime.database.unit_of_work() as session:
        row = session.execute(sa.select(Registration.__table__)).one()
        finish.apply_result(
            session,
            Result(
                message_id="x",
                kind="registration.requested",
                subject_type=tytan.SUBJECT,
                subject_id=row.id,
                status="rejected",
                reason_code="unknown_customer",
                reason=None,
                reference=None,
                status_at=service.clock.now_utc(),
            ),
        )
    page = begun.get("/")
    assert page.status_code == 200
    assert "Musieliśmy cofnąć dostęp" in text_of(page)


def test_the_office_sees_registrations_and_marks_work_as_done(signed_in, begun, runtime):
    begun.submit("/rejestracja/adres", {"email": ADDRESS})
    deliver.drain(runtime, tytan.WORKER)
    with runtime.database.unit_of_work() as session:
        session.execute(
            sa.update(Registration.__table__).values(state=rules.REJECTED, answered_at=service.clock.now_utc())
        )
        found = session.scalar(sa.select(Registration.__table__.c.id))
    clerk = signed_in("clerk")
    page = clerk.get("/panel/rejestracje")
    assert page.status_code == 200 and ADDRESS in text_of(page) and "Do wyjaśnienia" in text_of(page)
    address = f"/panel/rejestracje/{found}/zalatwione"
    assert clerk.submit(address, page="/panel/rejestracje").status_code == 303
    assert "Do wyjaśnienia" not in text_of(clerk.get("/panel/rejestracje"))
    assert clerk.submit(address, page="/panel/rejestracje").status_code == 404


@pytest.mark.parametrize("login", ["1-01001", "nobody", "x" * 254])
def test_S11_a_forgotten_password_says_the_same_to_all(client, filled_copy, login):
    answer = client.submit("/haslo/nowe", {"login": login})
    assert (answer.status_code, answer.location) == (303, "/haslo/nowe/wyslane")
    assert "Jeśli takie konto istnieje" in text_of(client.get(answer.location))


def test_the_sign_in_page_leads_to_both(client, filled_copy):
    page = client.get("/logowanie").get_data(as_text=True)
    assert 'href="/rejestracja"' in page and 'href="/haslo/nowe"' in page
