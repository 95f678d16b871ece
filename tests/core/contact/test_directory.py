"""Departments, contact persons and topics as the utility sets them up (L143, L144)."""

from __future__ import annotations

import html
import json
import re

import pytest
import sqlalchemy as sa

from ebok_core.audit.models import AuditEvent
from ebok_core.contact import cases, directory
from ebok_core.contact.models import Case, Department

from .conftest import STRANGER, WRITE, post, send, text_of

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SETUP = "/panel/dzialy"


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


def recipients(browser):
    """What the form offers as recipients, by name."""
    page = browser.get(WRITE).get_data(as_text=True)
    options = page.partition('name="recipient"')[2].partition("</select>")[0]
    return {html.unescape(name): value for value, name in re.findall(r'value="([^"]*)"[^>]*>([^<]+)</option>', options)}


def one(runtime, model, **values):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(model.__table__).filter_by(**values)).one()


@pytest.mark.feature("L143")
def test_a_new_department_is_in_the_form_at_once_and_a_closed_one_keeps_its_old_cases(
    admin, client, signed_in, runtime, rows
):
    fields = {"name": "Dział techniczny", "email": "t@wodociagi-struga.example", "position": "3"}
    assert post(admin, f"{SETUP}/dzial", fields).status_code == 303
    assert "Dział techniczny" in recipients(client)
    number = send(client, **STRANGER, recipient=recipients(client)["Dział techniczny"])[:13]
    own = one(runtime, Department, name="Dział techniczny").id
    assert rows()[0].department_id == own
    page = f"{SETUP}/dzial/{own}"
    refused = post(admin, f"{page}/zamknij", {}, page=page)
    assert refused.status_code == 422 and "1 sprawa jest tu otwarta" in text_of(refused)
    clerk = signed_in("clerk")
    post(clerk, f"/panel/sprawy/{number}/stan", {"state": "closed"}, page=f"/panel/sprawy/{number}")
    assert post(admin, f"{page}/zamknij", {}, page=page).status_code == 303
    assert "Dział techniczny" not in recipients(client)
    assert "Dział techniczny" in text_of(clerk.get(f"/panel/sprawy/{number}"))
    assert post(admin, f"{page}/otworz", {}, page=page).status_code == 303
    assert "Dział techniczny" in recipients(client)


def test_open_cases_and_topics_move_to_another_department(admin, client, runtime, rows, department):
    to = department()
    send(client, **STRANGER)
    office = rows()[0].department_id
    page = f"{SETUP}/dzial/{office}"
    for wrong in ("", office, "nobody"):
        assert post(admin, f"{page}/zamknij", {"department": wrong}, page=page).status_code == 422
    answer = post(admin, f"{page}/zamknij", {"department": to}, page=page)
    assert answer.status_code == 303 and rows()[0].department_id == to
    assert "Przekazano 1 sprawę." in text_of(admin.get(SETUP))
    with runtime.database.snapshot() as session:
        topics = {topic.kind: topic.department_id for topic in directory.topics(session)}
    assert topics["complaint"] == topics["office"] == to


def test_topics_alone_hold_a_department_too(admin, runtime):
    office = one(runtime, Department, kind="office").id
    refused = post(admin, f"{SETUP}/dzial/{office}/zamknij", {}, page=f"{SETUP}/dzial/{office}")
    assert refused.status_code == 422 and "Reklamacja" in text_of(refused)


@pytest.mark.feature("L144")
def test_a_person_with_a_role_is_chosen_and_the_address_shown_to_nobody(admin, client, runtime, mails):
    office = one(runtime, Department, kind="office").id
    secret = "prywatny.adres@example.pl"
    fields = {"name": "Anna Kran", "role": "specjalistka do spraw wodomierzy", "email": secret, "position": "1"}
    assert post(admin, f"{SETUP}/osoba", {**fields, "department": office, "shown": "1"}).status_code == 303
    named = "Anna Kran, specjalistka do spraw wodomierzy"
    assert named in recipients(client)
    signature = send(client, **STRANGER, recipient=recipients(client)[named])
    assert [mail["to"] for mail in mails("core.case_arrived")] == [secret]
    for address in (WRITE, "/kontakt", f"/kontakt/sprawa/{signature}", f"/kontakt/sprawa/{signature}/przyjete"):
        page = client.get(address).get_data(as_text=True)
        assert secret not in page
    assert "Anna Kran" in text_of(client.get(f"/kontakt/sprawa/{signature}"))
    assert secret not in repr(mails("core.case_received"))
    with runtime.database.snapshot() as session:
        assert secret not in repr(session.execute(sa.select(AuditEvent.after)).all())
    person = re.search(rf'href="({SETUP}/osoba/[^"]+)"', admin.get(SETUP).get_data(as_text=True))[1]
    assert post(admin, person, {**fields, "department": office}).status_code == 303
    assert named not in recipients(client)
    assert "Anna Kran" in text_of(client.get(f"/kontakt/sprawa/{signature}"))


def test_a_topic_of_one_s_own_has_its_days_and_its_department(admin, client, rows, department):
    technical = department()
    fields = {"name": "Przyłącze wody", "department": technical, "answer_days": "7", "position": "9"}
    assert post(admin, f"{SETUP}/temat", {**fields, "shown": "1"}).status_code == 303
    assert post(admin, f"{SETUP}/temat", {**fields, "shown": "1"}).status_code == 303
    assert 'value="przylacze-wody"' in client.get(WRITE).get_data(as_text=True)
    assert 'value="przylacze-wody-2"' in client.get(WRITE).get_data(as_text=True)
    send(client, **STRANGER, topic="przylacze-wody")
    (case,) = rows()
    assert case.department_id == technical and case.due_on.isoformat() == "2026-12-01"
    assert post(admin, f"{SETUP}/temat", {**fields, "answer_days": "0"}).status_code == 422


def test_without_any_topic_the_form_is_closed(admin, client, runtime):
    page = admin.get(SETUP).get_data(as_text=True)
    for address in re.findall(rf'href="({SETUP}/temat/[^"]+)"', page):
        shown = admin.get(address).get_data(as_text=True)
        department = re.search(r'<option value="([^"]{36})" selected', shown)[1]
        fields = {"name": "Temat", "department": department, "answer_days": "1", "position": "1"}
        assert post(admin, address, fields).status_code == 303
    assert "Formularz jest teraz zamknięty" in text_of(client.get(WRITE))
    assert "994" in text_of(client.get("/kontakt"))


def test_clerks_are_ticked_and_changes_are_audited(admin, viewer_of, runtime, department):
    own = department()
    page = f"{SETUP}/dzial/{own}"
    clerk = viewer_of("clerk").account_id
    fields = {"name": "Dział wody", "position": "4", "clerks": [clerk, viewer_of("admin").account_id]}
    assert post(admin, page, fields).status_code == 303
    assert "2 osoby" in text_of(admin.get(SETUP))
    assert post(admin, page, {**fields, "clerks": ["somebody"]}).status_code == 422
    with runtime.database.snapshot() as session:
        event = AuditEvent.__table__.c
        row = session.execute(
            sa.select(event.before, event.after)
            .where(event.action == "core.department.changed")
            .order_by(event.seq.desc())
        ).first()
    before, after = json.loads(row.before), json.loads(row.after)
    assert (before["name"], before["clerks"], after["name"]) == ("Dział techniczny", [], "Dział wody")
    assert clerk in after["clerks"]


def test_only_an_administrator_sets_up(signed_in):
    assert signed_in("clerk").get(SETUP).status_code == 403
    assert "Działy i tematy" not in signed_in("clerk").get("/panel/").get_data(as_text=True)


def test_a_recipient_that_is_gone_meanwhile_is_told_at_its_field(client, runtime, department, viewer_of):
    own = department()
    chosen = f"d:{own}"
    with runtime.database.unit_of_work() as session:
        directory.close_department(session, viewer_of("admin"), own, None)
    answer = post(client, WRITE, {**STRANGER, "topic": "uwagi", "text": "zostaje", "recipient": chosen})
    assert answer.status_code == 422 and "zostaje" in text_of(answer)
    with runtime.database.snapshot() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Case)) == 0
        assert cases.by_signature(session, "K-2026-000001-000000000000") is None
