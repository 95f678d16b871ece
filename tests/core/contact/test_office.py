"""The office: the list, a case, an answer by a link, notes, states, departments, who sees what."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from ebok_core.audit.models import AuditEvent
from ebok_core.contact import cases, rules
from ebok_core.db import uuid7
from ebok_core.errors import NotAllowed, NotFound, Refused

from .conftest import STRANGER, post, send, text_of

sqlite_alone = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
LIST = "/panel/sprawy"


def page_of(case):
    return f"{LIST}/{case.number}"


def act(browser, case, what, **fields):
    return post(browser, f"{page_of(case)}/{what}", fields, page=page_of(case))


def actions(runtime):
    with runtime.database.snapshot() as session:
        event = AuditEvent.__table__.c
        found = session.execute(sa.select(event.action, event.before, event.after).order_by(event.seq)).all()
    return [row for row in found if row.action.startswith(("core.case", "core.department", "core.contact"))]


@sqlite_alone
@pytest.mark.feature("L140")
def test_a_message_reaches_the_office_s_list_and_mailbox(client, signed_in, viewer_of, runtime, mails):
    signature = send(client, **STRANGER, topic="biuro")
    number = signature[:13]
    with runtime.database.snapshot() as session:
        (item,) = cases.work_items(viewer_of("clerk"), session)
    assert item.title == f"{number}, Pytanie do biura obsługi klienta"
    (mail,) = mails("core.case_arrived")
    assert mail["to"] == "bok@wodociagi-struga.example"
    assert f"/panel/sprawy/{number}" in mail["text"] and number in mail["subject"]
    assert "cieknie" not in json.dumps(mail) and "Zofia" not in json.dumps(mail)
    listed = text_of(signed_in("clerk").get(LIST))
    for part in (number, "Zofia Nowicka", "Biuro obsługi klienta", "za 14 dni", "przyjęta"):
        assert part in listed


@sqlite_alone
@pytest.mark.feature("L141")
def test_a_message_to_the_administrator_is_on_the_administrator_s_list_alone(client, signed_in, viewer_of, runtime):
    number = send(client, **STRANGER, topic="administrator")[:13]
    with runtime.database.snapshot() as session:
        assert [item.arguments for item in cases.work_items(viewer_of("admin"), session)] == [(("number", number),)]
        assert cases.work_items(viewer_of("clerk"), session) == []
        assert cases.work_items(viewer_of("A"), session) == []
    assert number in text_of(signed_in("admin").get(LIST))
    assert number not in text_of(signed_in("clerk").get(LIST))
    assert signed_in("clerk").get(f"{LIST}/{number}").status_code == 404


@sqlite_alone
def test_a_failure_reaches_its_department_while_no_module_takes_it(client, signed_in, department, runtime, mails):
    technical = department(email="techniczny@wodociagi-struga.example")
    admin = signed_in("admin")
    page = admin.get("/panel/dzialy").get_data(as_text=True)
    topic = re.search(r'href="(/panel/dzialy/temat/[^"]+)">Awaria wody', page)[1]
    fields = {"name": "Awaria", "department": technical, "answer_days": "1", "position": "1", "shown": "1"}
    assert post(admin, topic, fields).status_code == 303
    number = send(client, **STRANGER, topic="awaria")[:13]
    assert [mail["to"] for mail in mails("core.case_arrived")] == ["techniczny@wodociagi-struga.example"]
    assert "Dział techniczny" in text_of(signed_in("clerk").get(f"{LIST}/{number}"))


@sqlite_alone
def test_the_answer_is_told_by_a_mail_without_its_text(signed_in, viewer_of, receive, mails, rows):
    case, clerk = receive(viewer_of("A")), signed_in("clerk")
    assert act(clerk, case, "odpowiedz", text="Odliczymy 2 m³.\n\nPozdrawiamy").status_code == 303
    (mail,) = mails("core.case_answered")
    assert mail["to"] == "maria.zielinska@wodociagi-struga.example"
    assert "Odliczymy" not in json.dumps(mail, ensure_ascii=False) and f"/kontakt/sprawa/{case.number}" in mail["text"]
    page = text_of(signed_in("A").get(f"/kontakt/sprawy/{case.number}"))
    assert "Odliczymy 2 m³." in page and "Ewa Lis" in page
    assert [row.state for row in rows()] == [rules.ANSWERED]
    assert act(clerk, case, "odpowiedz", text="").status_code == 422


@sqlite_alone
def test_an_answer_may_close_the_case_and_hold_files(signed_in, viewer_of, receive, rows):
    case, clerk = receive(viewer_of("A")), signed_in("clerk")
    fields = {"text": "W załączeniu protokół.", "close": "1"}
    answer = post(clerk, f"{page_of(case)}/odpowiedz", fields, ("protokół.txt", b"ok"), page=page_of(case))
    assert answer.status_code == 303 and [row.state for row in rows()] == [rules.CLOSED]
    page = signed_in("A").get(f"/kontakt/sprawy/{case.number}").get_data(as_text=True)
    file = re.search(r'href="(/kontakt/pliki/[^"]+)"', page)[1]
    kept = signed_in("A").get(file)
    assert kept.data == b"ok" and "filename*=UTF-8''protok%C3%B3%C5%82.txt" in kept.headers["Content-Disposition"]
    assert signed_in("B").get(file).status_code == 404
    assert "nieskanowany" in text_of(clerk.get(page_of(case)))


@sqlite_alone
def test_a_note_is_the_office_s_own(signed_in, viewer_of, receive, mails, client):
    case, clerk = receive(viewer_of("A")), signed_in("clerk")
    assert act(clerk, case, "notatka", note="Dzwonić po 16:00").status_code == 303
    assert "Dzwonić po 16:00" in text_of(clerk.get(page_of(case)))
    assert "Dzwonić" not in text_of(signed_in("A").get(f"/kontakt/sprawy/{case.number}"))
    signature = rules.Signature(case.number, case.code)
    assert "Dzwonić" not in text_of(client.get(f"/kontakt/sprawa/{signature}"))
    assert mails("core.case_answered") == []
    assert act(clerk, case, "notatka").status_code == 422


@sqlite_alone
def test_states_follow_one_another(signed_in, receive, filled_copy, rows):
    case, clerk = receive(), signed_in("clerk")
    for state, text in (("open", "w trakcie"), ("closed", "zamknięta"), ("open", "w trakcie")):
        assert act(clerk, case, "stan", state=state).status_code == 303
        assert text in text_of(clerk.get(page_of(case)))
        assert rows()[0].state == state and (rows()[0].closed_at is not None) == (state == "closed")
    act(clerk, case, "stan", state="answered")
    assert "Ktoś zmienił tę sprawę" in text_of(clerk.get(page_of(case))) and rows()[0].state == "open"


@sqlite_alone
def test_a_case_is_passed_on_and_its_department_told(signed_in, receive, department, filled_copy, mails, rows):
    to, case = department(email="techniczny@wodociagi-struga.example"), receive()
    clerk = signed_in("clerk")
    assert act(clerk, case, "dzial", department="").status_code == 422
    assert act(clerk, case, "dzial", department=case.department_id).status_code == 422
    assert act(clerk, case, "dzial", department=to).status_code == 303
    assert rows()[0].department_id == to
    assert [mail["to"] for mail in mails("core.case_arrived")][-1] == "techniczny@wodociagi-struga.example"


@sqlite_alone
def test_a_department_s_cases_are_its_clerks(signed_in, viewer_of, receive, department, runtime):
    clerk = viewer_of("clerk")
    private = department("Zarząd", clerks=[viewer_of("admin").account_id])
    case = receive(chosen=f"d:{private}")
    assert case.number not in text_of(signed_in("clerk").get(LIST))
    assert signed_in("clerk").get(page_of(case)).status_code == 404
    assert signed_in("clerk").post(f"{page_of(case)}/stan", data={"state": "closed"}).status_code in (400, 404)
    assert case.number in text_of(signed_in("admin").get(LIST))
    with runtime.database.snapshot() as session:
        with pytest.raises(NotFound):
            cases.seen_case(session, clerk, case.number)
        assert cases.work_items(clerk, session) == []


@sqlite_alone
@pytest.mark.feature("P52")
def test_what_is_late_is_seen(signed_in, receive, viewer_of, clock):
    late, answered = receive(viewer_of("A")), receive(viewer_of("B"))
    clerk = signed_in("clerk")
    act(clerk, answered, "odpowiedz", text="Już.")
    clock.advance(days=16)
    clerk = signed_in("clerk")
    listed = text_of(clerk.get(f"{LIST}?termin=po-terminie"))
    assert late.number in listed and answered.number not in listed and "2 dni po terminie" in listed
    assert "Odpowiedź się spóźnia" in text_of(clerk.get(page_of(late)))
    assert "Spóźniamy się" in text_of(signed_in("A").get(f"/kontakt/sprawy/{late.number}"))


@sqlite_alone
def test_the_list_is_filtered_searched_and_exported(signed_in, receive, viewer_of):
    first, second = receive(viewer_of("A")), receive(slug="uwagi")
    clerk = signed_in("clerk")
    department = re.search(r'name="dzial".*?<option value="([^"]{36})"', clerk.get(LIST).get_data(as_text=True), re.S)[
        1
    ]
    for query, shown in {
        "szukaj=zielinska": [first],
        "szukaj=1-01001": [first],
        "szukaj=zofia.nowicka": [second],
        f"szukaj={second.number}": [second],
        f"temat={second.topic_id}": [second],
        "stan=closed": [],
        "stan=new": [first, second],
        "stan=do-odpowiedzi": [first, second],
        f"dzial={department}": [first, second],
        "okres_do=2026-11-23": [],
        "sortuj=due_on": [first, second],
    }.items():
        text = text_of(clerk.get(f"{LIST}?{query}"))
        assert [case for case in (first, second) if case.number in text] == shown, query
    csv = clerk.get(f"{LIST}?format=csv").get_data(as_text=True)
    assert first.number in csv and "Reklamacja" in csv


@pytest.mark.parametrize("state", [rules.NEW, rules.OPEN])
def test_R03_an_answer_sent_twice_is_one(state, viewer_of, receive, runtime, mails):
    case, clerk, token = receive(), viewer_of("clerk"), uuid7()
    for _ in range(2):
        with runtime.database.unit_of_work() as session:
            cases.answer(session, clerk, case, "Tak.", token)
    with runtime.database.snapshot() as session:
        said = cases.thread(session, case, for_office=True)
    assert [one.kind for one in said] == ["person", "office"] and len(mails("core.case_answered")) == 1


@sqlite_alone
def test_who_may_only_look_changes_nothing(viewer_of, receive, department, runtime):
    from dataclasses import replace

    to, case = department(), receive()
    observer = replace(viewer_of("clerk"), permissions=frozenset({"core.cases"}))
    for work in (
        lambda s: cases.answer(s, observer, case, "x", uuid7()),
        lambda s: cases.note(s, observer, case, "x", uuid7()),
        lambda s: cases.set_state(s, observer, case, "open"),
        lambda s: cases.pass_on(s, observer, case, to),
    ):
        with pytest.raises(NotAllowed), runtime.database.unit_of_work() as session:
            work(session)


def test_two_clerks_at_once_do_not_undo_each_other(viewer_of, receive, runtime):
    case, clerk = receive(), viewer_of("clerk")
    with runtime.database.unit_of_work() as session:
        cases.set_state(session, clerk, case, "closed")
    with pytest.raises(Refused), runtime.database.unit_of_work() as session:
        cases.set_state(session, clerk, case, "open")


def test_S58_everything_is_audited_without_a_word_of_it(viewer_of, receive, department, runtime):
    to, case, clerk = department(), receive(), viewer_of("clerk")
    with runtime.database.unit_of_work() as session:
        cases.write_more(session, case, None, "tajemnica", uuid7())
        cases.answer(session, clerk, case, "tajemnica", uuid7())
        cases.note(session, clerk, case, "tajemnica", uuid7())
        cases.pass_on(session, clerk, case, to)
    with runtime.database.unit_of_work() as session:
        cases.set_state(session, clerk, _again(session, case), "closed")
    found = actions(runtime)
    assert [row.action.removeprefix("core.") for row in found] == [
        "department.changed", "case.received", "case.written_in", "case.answered", "case.noted", "case.passed_on",
        "case.state_changed",
    ]  # fmt: skip
    assert "tajemnica" not in repr(found) and "Nowicka" not in repr(found)


def _again(session, case):
    return cases.by_signature(session, str(rules.Signature(case.number, case.code)))
