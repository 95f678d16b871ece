"""L108, N04: the grades of proof. Only what a signed-in customer does counts; machines and clerks never do."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from ebok_core import audit
from ebok_core.errors import NotFound
from ebok_faktura import privacy
from ebok_faktura.models import Proof
from ebok_faktura.service import proof

A, B = "1-01001", "1-01002"


@pytest.fixture
def number(office):
    """An e-invoice of A whose notice the mail server has accepted."""
    found = office.issue(A)
    office.go()
    return found


def letter(office, number: str) -> str:
    return f"/faktury/list/{office.notice(number).id}"


def grade(office, number: str) -> str:
    """The state in the words of N04."""
    notice = office.notice(number)
    if notice.confirmed_at:
        return "confirmed"
    if notice.received_at:
        return "opened"
    return "machine" if notice.fetched_at else notice.state


@pytest.mark.feature("N04")
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_N04_a_scanner_leaves_the_state_machine(office, number, app, method):
    assert grade(office, number) == "accepted"
    for _ in range(3):
        answer = app.test_client().open(letter(office, number), method=method)
        assert answer.status_code == 302 and "/logowanie" in answer.headers["Location"]
    assert grade(office, number) == "machine"
    assert office.steps(number).count(("link", "machine")) == 1
    assert office.messages("invoice.opened") == []


@pytest.mark.feature("N04")
def test_N04_the_grades_one_after_another(office, number, app, signed_in):
    app.test_client().get(letter(office, number))
    assert grade(office, number) == "machine"
    a = signed_in("A")
    answer = a.get(letter(office, number))
    assert answer.status_code == 302 and grade(office, number) == "machine"
    page = a.get(answer.headers["Location"])
    assert page.status_code == 200 and grade(office, number) == "opened"
    assert a.submit(f"/faktury/odbior/{number}", page=f"/faktury/dokument/{number}").status_code == 303
    assert grade(office, number) == "confirmed"
    kinds = [kind for _channel, kind in office.steps(number)]
    assert set(kinds) == {"queued", "sent", "accepted", "machine", "opened", "confirmed"}


@pytest.mark.feature("L108")
def test_L108_opening_sets_received_with_its_time_once(office, number, signed_in, clock):
    a = signed_in("A")
    a.get(f"/faktury/dokument/{number}")
    first = office.notice(number).received_at
    assert first is not None
    clock.advance(minutes=4)
    a.get(f"/faktury/dokument/{number}")
    assert office.notice(number).received_at == first
    assert office.steps(number).count(("portal", "opened")) == 1
    (told,) = office.messages("invoice.opened")
    assert json.loads(told.payload)["event"] == "logged_in_view"
    assert told.depends_on == office.messages("invoice.delivered")[0].id


@pytest.mark.feature("L108")
def test_L108_a_clerks_preview_and_a_robot_do_not(office, number, signed_in, app, viewer_of):
    for person in ("clerk", "admin"):
        visitor = signed_in(person)
        notice = office.notice(number)
        for address in (f"/panel/faktury/e-faktury/{notice.id}", f"/panel/faktury/klient/{A}", letter(office, number)):
            visitor.get(address)
        assert visitor.get(f"/faktury/dokument/{number}").status_code == 404
        assert not proof.record_opened(office.runtime, viewer_of(person), number)
    app.test_client().get(letter(office, number))
    app.test_client().get(f"/faktury/dokument/{number}")
    assert office.notice(number).received_at is None


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_head_and_prefetch_of_a_signed_in_browser_are_no_opening(office, number, signed_in):
    a = signed_in("A")
    a.head(f"/faktury/dokument/{number}")
    a.get(f"/faktury/dokument/{number}", headers={"Sec-Purpose": "prefetch;prerender"})
    a.get(f"/faktury/dokument/{number}", headers={"Purpose": "prefetch"})
    assert office.notice(number).received_at is None


@pytest.mark.feature("L108")
def test_L108_confirming_by_the_button(office, number, signed_in, text_of):
    a = signed_in("A")
    assert "Potwierdzam odbiór" in text_of(a.get(f"/faktury/dokument/{number}"))
    for _ in range(2):
        assert a.submit(f"/faktury/odbior/{number}", page=f"/faktury/dokument/{number}").status_code == 303
    notice = office.notice(number)
    assert notice.confirmed_by == "Maria Zielińska"
    page = text_of(a.get(f"/faktury/dokument/{number}"))
    assert "odbiór potwierdzony" in page and "Potwierdzam odbiór" not in page
    assert len(office.messages("invoice.opened")) == 1


def test_somebody_elses_document_is_not_found_and_nothing_is_noted(office, number, viewer_b, signed_in):
    assert not proof.record_opened(office.runtime, viewer_b, number)
    with pytest.raises(NotFound), office.database.unit_of_work() as session:
        proof.confirm(session, viewer_b, number)
    b = signed_in("B")
    assert b.get(f"/faktury/dokument/{number}").status_code == 404
    assert b.submit(f"/faktury/odbior/{number}", page="/faktury/e-faktura").status_code == 404
    assert b.get(letter(office, number)).headers["Location"] == "/faktury/"
    assert office.notice(number).received_at is None


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_id_of_a_letter_is_answered_alike(app, office, number):
    stranger = app.test_client()
    known, unknown = stranger.get(letter(office, number)), stranger.get("/faktury/list/" + "0" * 36)
    assert (known.status_code, unknown.status_code) == (302, 302)
    assert known.data.replace(office.notice(number).id.encode(), b"") == unknown.data.replace(b"0" * 36, b"")


def test_a_document_on_paper_counts_when_it_is_opened(office, signed_in):
    number = office.issue("1-01004")
    office.go()
    signed_in("D").get(f"/faktury/dokument/{number}")
    assert (office.notice(number).state, office.notice(number).received_how) == ("paper", "opened")


def test_the_steps_that_count_are_sealed(office, number, signed_in):
    a = signed_in("A")
    a.get(f"/faktury/dokument/{number}", headers={"User-Agent": "Przeglądarka".encode("latin-1", "replace")})
    with office.database.snapshot() as session:
        step = session.execute(sa.select(Proof).where(Proof.kind == "opened")).scalar_one()
        event = session.execute(
            sa.text("SELECT action, object_id FROM core_audit_event WHERE seq = :seq"), {"seq": step.audit_seq}
        ).one()
        assert tuple(event) == ("faktura.receipt.opened", number)
        assert step.ip == "127.0.0.1"
        assert audit.verify(session).fault is None


def test_a_second_opening_writes_nothing(office, number, signed_in, statements):
    a = signed_in("A")
    a.get(f"/faktury/dokument/{number}")
    with statements() as seen:
        a.get(f"/faktury/dokument/{number}")
    assert [str(text) for text in seen if str(text).lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))] == []


def test_erasing_a_person_keeps_the_receipt_alone(office, number, viewer_a):
    proof.record_opened(office.runtime, viewer_a, number)
    with office.database.unit_of_work() as session:
        proof.confirm(session, viewer_a, number)
    source = privacy.Proofs()
    with office.database.unit_of_work() as session:
        assert {row["kind"] for row in source.export(session, viewer_a.account_id, (A,))} == {"opened", "confirmed"}
        assert [row["document_number"] for row in privacy.Notices().export(session, "x", (A,))] == [number]
        assert source.erase(session, viewer_a.account_id) == 2
    notice = office.notice(number)
    assert notice.confirmed_at is not None and notice.confirmed_by is None
    with office.database.snapshot() as session:
        of_person = sa.select(Proof.account_id, Proof.display_name, Proof.ip).where(Proof.channel == "portal")
        assert {tuple(row) for row in session.execute(of_person)} == {(None, None, None)}
