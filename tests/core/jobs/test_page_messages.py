"""Messages that have not arrived: the list, the page of one, "Ponów" and "Anuluj"; and the log of mails (L157)."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from ebok_core import notifications
from ebok_core.audit.models import AuditEvent
from ebok_core.outbox import words
from ebok_core.outbox.models import Attempt, Message

LIST, MAILS = "/panel/procesy/komunikaty", "/panel/procesy/wiadomosci"
_M = Message.__table__.c


def text_of(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status
    return plain(answer)


def plain(answer):
    page = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True).partition("<main")[2].partition("</main>")[0])
    return " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())


def send(runtime, address, day="2026-11-24"):
    with runtime.database.unit_of_work() as session:
        context = {"count": 1, "targets": [("tytan", 1)]}
        about = {"subject_type": "outbox", "subject_id": day}
        return notifications.enqueue(session, "core.outbox_stuck", recipient=address, context=context, **about)


def put(runtime, message_id, state, **values):
    """Bring a message into a state as a worker would have left it."""
    is_open = state in ("pending", "uncertain", "parked", "dead")
    changes = {"state": state, "open": is_open, "blocking": False, **values}
    with runtime.database.unit_of_work() as session:
        session.execute(sa.update(Message.__table__).where(_M.id == message_id).values(changes))


def state_of(runtime, message_id):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(_M.state).where(_M.id == message_id)).scalar_one()


def events(runtime):
    with runtime.database.snapshot() as session:
        columns = sa.select(AuditEvent.action, AuditEvent.object_id, AuditEvent.reason)
        return [tuple(row) for row in session.execute(columns.where(AuditEvent.action.like("core.outbox.%")))]


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


@pytest.fixture
def dead(runtime, filled_copy, clock):
    """A mail that the portal gave up on."""
    message_id = send(runtime, "anna.nowak@example.pl")
    put(runtime, message_id, "dead", reason_code="permanent", attempts=3, last_code="content_554")
    with runtime.database.unit_of_work() as session:
        now = clock.now_utc()
        tried = {"number": 3, "lease_token": "t", "started_at": now, "ended_at": now, "outcome": "permanent"}
        session.add(Attempt(id="a-1", message_id=message_id, code="content_554", ms=120, **tried))
    return message_id


def test_a_dead_message_stands_in_the_list_and_on_the_overview_with_its_time(dead, admin):
    page = text_of(admin, LIST)
    assert (
        "niedostarczony" in page
        and "odbiorca nigdy go nie przyjmie" in page
        and re.search(r"Do decyzji \( ?1 ?\)", page)
    )
    assert "E-mail: 1 komunikat czeka na decyzję, ponowić czy anulować. Od 2026-11-24 09:00." in text_of(
        admin, "/panel/procesy"
    )
    csv = admin.get(f"{LIST}?format=csv").get_data(as_text=True)
    assert "2026-11-24 09:00;E-mail;core.mail;" in csv


def test_the_page_of_a_message_shows_what_is_needed_and_no_more(dead, admin):
    page = text_of(admin, f"{LIST}/{dead}")
    assert "content_554" in page and "120" in page and "Portal przestał próbować." in page
    assert "a…@example.pl" in page
    assert "anna.nowak" not in page and "Komunikatów nie udało się przekazać" not in page
    assert admin.get(f"{LIST}/nie-ma").status_code == 404


def test_again_needs_a_reason_and_is_audited(dead, admin, runtime):
    address = f"{LIST}/{dead}"
    answer = admin.submit(address, {"akcja": "ponow", "reason": " "})
    assert answer.status_code == 422 and "Napisz, dlaczego." in answer.get_data(as_text=True)
    assert state_of(runtime, dead) == "dead" and events(runtime) == []
    assert admin.submit(address, {"akcja": "ponow", "reason": "Skrzynka już działa"}).status_code == 303
    assert state_of(runtime, dead) == "pending"
    assert events(runtime) == [("core.outbox.retried", dead, "Skrzynka już działa")]
    assert "Ponawiamy 1 komunikat." in text_of(admin, address)


def test_a_message_that_moved_on_meanwhile_is_left_alone(dead, admin, runtime):
    opened = admin.get(f"{LIST}/{dead}")
    assert opened.status_code == 200
    put(runtime, dead, "delivered")
    answer = admin.submit(f"{LIST}/{dead}", {"akcja": "ponow", "reason": "ponownie"}, page=LIST + f"/{dead}")
    assert answer.status_code in (400, 422)
    assert state_of(runtime, dead) == "delivered" and events(runtime) == []


def test_giving_up_is_the_administrator_s(dead, signed_in, runtime):
    clerk = signed_in("clerk")
    page = clerk.get(f"{LIST}/{dead}").get_data(as_text=True)
    assert 'value="ponow"' in page and 'value="anuluj"' not in page
    assert clerk.submit(f"{LIST}/{dead}", {"akcja": "anuluj", "reason": "nie trzeba"}).status_code == 403
    assert signed_in("admin").submit(f"{LIST}/{dead}", {"akcja": "anuluj", "reason": "stare"}).status_code == 303
    assert state_of(runtime, dead) == "cancelled"


def test_several_messages_are_decided_about_at_once_with_one_reason(dead, admin, runtime, clock):
    second = send(runtime, "ola@example.pl")
    put(runtime, second, "uncertain", uncertain_since=clock.now_utc())
    third = send(runtime, "jan@example.pl")
    chosen = {"akcja": "ponow", "wybrane": [dead, second, third]}
    first = admin.submit(LIST, chosen)
    assert first.status_code == 200 and "Decyzja dotyczy 3 komunikatów." in plain(first)
    assert state_of(runtime, dead) == "dead", "nothing is done before the reason is given"
    missing = admin.submit(LIST, {**chosen, "pewne": "1"})
    assert missing.status_code == 422 and "Napisz, dlaczego." in missing.get_data(as_text=True)
    assert admin.submit(LIST, {**chosen, "pewne": "1", "reason": "Serwer wrócił"}).status_code == 303
    assert [state_of(runtime, i) for i in (dead, second, third)] == ["pending"] * 3
    assert sorted(event[1] for event in events(runtime)) == sorted([dead, second]), "the third waited by itself"
    page = text_of(admin, LIST)
    assert "Ponawiamy 2 komunikaty. Stan 1 zmienił się w międzyczasie" in page


def test_nothing_ticked_says_so_and_a_made_up_act_is_refused(dead, admin):
    assert admin.submit(LIST, {"akcja": "anuluj"}).status_code == 303
    assert "Najpierw zaznacz choć jeden komunikat." in text_of(admin, LIST)
    assert admin.submit(LIST, {"akcja": "skasuj", "wybrane": [dead]}).status_code == 400


@pytest.mark.parametrize(
    ("payload", "shown", "hidden"),
    [
        ({"reading_value": 421, "read_on": "2026-11-24"}, ["421", "2026-11-24"], []),
        ({"to": "anna@example.pl", "text": "Dzień dobry, Anno"}, ["a…@example.pl"], ["anna", "Anno"]),
        ({"pesel": "44051401359", "nr": "44051401359"}, [], ["44051401359"]),
        ({"surname": "Kowalska", "note": "Kowalska"}, [], ["Kowalska"]),
        ({"link": "a1", "token": "b2"}, [], ["a1", "b2"]),
        ({"person": {"kind": "owner", "phone": "600100200"}}, ["owner"], ["600100200"]),
        ({"lines": [{"meter_id": "L-1"}, {"meter_id": "L-2"}]}, ["L-1", "L-2"], []),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_of_a_content_only_numbers_days_and_codes_are_shown(runtime, payload, shown, hidden):
    said = repr(words.content(json.dumps(payload)))
    assert all(text in said for text in shown) and not any(text in said for text in hidden), said


# Mails and text messages


@pytest.mark.feature("L157")
def test_the_mail_log_is_searched_by_address_state_and_day(runtime, signed_in, clock):
    send(runtime, "anna@example.pl")
    send(runtime, "ola@example.pl")
    clock.advance(days=2)
    send(runtime, "ola@example.pl", day="2026-11-26")
    admin = signed_in("admin")
    page = text_of(admin, MAILS)
    assert "anna@example.pl" in page and "Komunikaty, które utknęły" in page and "3 wiadomości" in page
    assert "1 wiadomość" in text_of(admin, f"{MAILS}?szukaj=ANNA@")
    assert "2 wiadomości" in text_of(admin, f"{MAILS}?okres_do=2026-11-24")
    assert "ola@example.pl" not in text_of(admin, f"{MAILS}?stan=zwrocone")
    assert "anna@example.pl" in admin.get(f"{MAILS}?format=csv").get_data(as_text=True)


def test_a_returned_mail_is_seen_as_returned(runtime, admin):
    put(runtime, send(runtime, "nie.ma@example.pl"), "rejected", reason_code="mailbox_refused")
    page = text_of(admin, f"{MAILS}?stan=zwrocone")
    assert "nie.ma@example.pl" in page and "zwrócona" in page and "nie ma takiej skrzynki" in page


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_emptied_mail_stays_in_the_log_without_its_address(runtime, admin):
    put(runtime, send(runtime, "anna@example.pl"), "delivered", payload=None)
    page = text_of(admin, MAILS)
    assert "anna@example.pl" not in page and "1 wiadomość" in page
