"""L106, L107, L183, L184: who is told of a new document and how, once by its Message-ID, whatever happens."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from threading import Thread

import pytest
import sqlalchemy as sa

from ebok_core.i18n import use_locale
from ebok_core.notifications import rules as limits
from ebok_core.notifications.sms import FolderGateway
from ebok_core.outbox.models import Message
from ebok_faktura import jobs
from ebok_faktura.models import Notice
from ebok_faktura.service import sending

A, B, C, D = "1-01001", "1-01002", "1-01003", "1-01004"
MARIA = "maria.zielinska@wodociagi-struga.example"


def count(office, table=Notice) -> int:
    with office.database.snapshot() as session:
        return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def text_of(mail) -> str:
    return mail.get_body(("plain",)).get_content().replace("\xa0", " ")


# What is new


def test_the_first_run_announces_nothing_of_six_years(office, mailbox):
    office.send()
    assert count(office) == 0 and mailbox.messages == []


def test_nothing_is_looked_through_twice(office, statements):
    office.issue()
    office.notify()
    with statements() as seen:
        office.notify()
    assert not any("tytan.invoices" in str(text) for text in seen)


def test_what_was_there_before_the_installation_is_not_announced_when_it_changes(office, mailbox):
    with office.database.snapshot() as session:
        from ebok_core.tytan import copy

        number = session.execute(
            sa.select(copy.invoices.c.number).where(copy.invoices.c.customer_code == A).limit(1)
        ).scalar_one()
    with office.database.refresher.begin() as connection:
        connection.execute(sa.update(copy.invoices).where(copy.invoices.c.number == number).values(change_no=10**6))
    office.moved(10**6)
    office.go()
    assert count(office) == 0 and mailbox.messages == []


def test_before_the_first_copy_nothing_begins(make_runtime, modules):
    runtime = make_runtime(modules=modules)
    assert jobs.notify(runtime) is None
    with runtime.database.snapshot() as session:
        assert session.get(sending.Progress, 1) is None


# Who is told


@pytest.mark.feature("L106")
def test_L106_who_consented_is_told_and_who_did_not_gets_paper(office, mailbox, signed_in, text_of):
    mine, paper = office.issue(A), office.issue(D)
    office.go()
    assert [mail["To"] for mail in mailbox.messages] == [MARIA]
    assert (office.notice(mine).state, office.notice(paper).state) == ("accepted", "paper")
    page = text_of(signed_in("clerk").get("/panel/faktury/e-faktury"))
    assert mine in page.replace("\xa0", " ") and paper in page.replace("\xa0", " ")
    assert "papier brak zgody" in page and "przyjęte przez serwer" in page


@pytest.mark.feature("L106")
def test_L106_by_the_chosen_channel(office, mailbox, agree):
    office.gateway()
    agree("D", channel="email_sms", phone="+48501000123")
    number = office.issue(D)
    office.go()
    assert [mail["To"] for mail in mailbox.messages] == ["faktury@example.pl"]
    assert [text["X-Envelope-To"] for text in office.texts()] == ["+48501000123"]
    assert office.notice(number).sms_state == "accepted"


def test_a_document_from_before_the_consent_stays_on_paper(office, mailbox, agree, day):
    agree("D")
    old, new = office.issue(D, issued_on=day - timedelta(days=1)), office.issue(D)
    with office.database.unit_of_work() as session:
        session.execute(sa.text("UPDATE faktura_progress SET since = :day"), {"day": day - timedelta(days=9)})
    office.go()
    assert (office.notice(old).state, office.notice(new).state) == ("paper", "accepted")


def test_after_the_withdrawal_paper_again(office, mailbox, agree, viewer_d):
    from ebok_faktura.service import consents

    agree("D")
    office.issue(D)
    office.go()
    with office.database.unit_of_work() as session:
        consents.withdraw(session, viewer_d)
    number = office.issue(D)
    office.go()
    assert office.notice(number).state == "paper" and len(mailbox.messages) == 1


def test_notes_and_demands_are_no_e_invoices(office, mailbox):
    office.issue(A, kind="interest_note")
    office.issue(A, kind="payment_demand")
    office.go()
    assert count(office) == 0 and mailbox.messages == []


def test_without_any_address_the_notice_is_held_and_the_office_sees_why(office, mailbox):
    office.customer(C, email=None)
    with office.database.unit_of_work() as session:
        session.execute(sa.text("UPDATE core_account SET email=NULL WHERE login=:code"), {"code": C})
    office.customer(C, einvoice_since=office_day(office))
    number = office.issue(C)
    office.go()
    notice = office.notice(number)
    assert (notice.state, notice.reason) == ("held", "no_address")


def office_day(office):
    from datetime import date

    return date(2026, 1, 1)


# The mail


@pytest.mark.feature("L183")
def test_L183_one_mail_with_number_amount_due_date_and_link(office, mailbox):
    number = office.issue(A, gross=Decimal("1234.56"))
    office.go()
    (mail,) = mailbox.messages
    notice = office.notice(number)
    assert mail["Message-ID"] == f"<{notice.message_id}@127.0.0.1>"
    subject = mail["Subject"].replace("\xa0", " ")
    assert subject == f"Faktura {number}: 1 234,56 zł, termin 08.12.2026"
    for text in (text_of(mail), mail.get_body(("html",)).get_content().replace("\xa0", " ")):
        for part in (number, "1 234,56 zł", "08.12.2026", f"http://127.0.0.1:8080/faktury/list/{notice.id}"):
            assert part in text
    assert list(mail.iter_attachments()) == []


@pytest.mark.feature("L183")
def test_L183_the_job_and_the_worker_again_send_nothing_twice(office, mailbox):
    for _ in range(5):
        office.issue(A)
    office.go()
    with office.database.unit_of_work() as session:
        session.execute(sa.text("UPDATE faktura_progress SET seen_change_no = NULL"))
    office.go()
    office.go()
    assert len(mailbox.messages) == 5
    assert len({mail["Message-ID"] for mail in mailbox.messages}) == 5


def test_two_workers_at_once_announce_each_document_once(office, mailbox):
    numbers = [office.issue(A) for _ in range(30)]
    workers = [Thread(target=office.notify) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    office.send()
    assert len(office.messages("core.mail")) == 30
    subjects = " ".join(mail["Subject"].replace("\xa0", " ") for mail in mailbox.messages)
    assert [number for number in numbers if subjects.count(number) == 1] == numbers


def test_more_mails_than_a_day_allows_wait_and_go_on(office, mailbox, clock, monkeypatch):
    monkeypatch.setattr(limits, "LIMIT", 2)
    numbers = [office.issue(A) for _ in range(5)]
    office.go()
    assert len(mailbox.messages) == 2
    assert sorted(office.notice(n).state for n in numbers) == ["accepted"] * 2 + ["held"] * 3
    for expected in (4, 5):
        clock.advance(days=1, seconds=1)
        office.go()
        assert len(mailbox.messages) == expected
    assert {office.notice(n).state for n in numbers} == {"accepted"}


def test_the_mail_speaks_the_language_of_the_account(office, mailbox, viewer_a):
    with office.database.unit_of_work() as session:
        session.execute(sa.text("UPDATE core_account SET locale='en' WHERE id=:id"), {"id": viewer_a.account_id})
    office.issue(A)
    office.go()
    with use_locale("en"):
        assert mailbox.messages[0]["Content-Language"] == "en"
    assert "A new document waits for you" in text_of(mailbox.messages[0])


# What the mail server says


@pytest.mark.feature("L107")
def test_L107_queued_sent_accepted_with_their_times(office, mailbox, clock, signed_in, text_of):
    number = office.issue(A)
    office.notify()
    notice = office.notice(number)
    assert (notice.state, notice.sent_at) == ("queued", None)
    clock.advance(minutes=3)
    office.send()
    notice = office.notice(number)
    assert notice.state == "accepted"
    assert (notice.sent_at - notice.queued_at) >= timedelta(minutes=3)
    assert office.steps(number) == [("mail", "queued"), ("mail", "sent"), ("mail", "accepted")]
    page = text_of(signed_in("clerk").get(f"/panel/faktury/e-faktury/{notice.id}"))
    for part in ("Oczekuje na wysłanie", "Wysłano", "Przyjęte przez serwer", MARIA):
        assert part in page
    (told,) = office.messages("invoice.delivered")
    assert number in told.payload and "accepted_by_mta" in told.payload


@pytest.mark.feature("L107")
def test_L107_a_refused_mailbox_is_a_returned_notice_and_a_task(office, mailbox, monkeypatch, viewer_of):
    from ebok_core import Delivery, Outcome
    from ebok_faktura.admin import work_items

    number = office.issue(A)
    office.notify()
    refused = Delivery(outcome=Outcome.REJECTED, code="mailbox_refused")
    monkeypatch.setattr(type(office.runtime.targets["mail"]), "deliver", lambda self, envelopes: refused)
    office.send("mail")
    notice = office.notice(number)
    assert (notice.state, notice.bounce_code) == ("bounced", "mailbox_refused")
    with office.database.snapshot() as session:
        items = [i for i in work_items(viewer_of("clerk"), session) if i.key.startswith("faktura.returned")]
    assert [item.title for item in items] == [f"{number}, klient {A}"]


# Text messages


@pytest.mark.feature("L184")
def test_L184_who_chose_sms_gets_one(office, mailbox, agree):
    office.gateway()
    agree("D", channel="sms", phone="+48501000123")
    number = office.issue(D, gross=Decimal("29.20"))
    office.go()
    office.go()
    (text,) = office.texts()
    assert text.get_content().strip() == (
        f"Faktura {number}: 29,20 zl, termin 08.12.2026. Dokument jest w e-BOK po zalogowaniu."
    )
    assert mailbox.messages == []
    assert office.notice(number).state == "accepted"
    assert office.steps(number) == [("sms", "queued"), ("sms", "sent"), ("sms", "accepted")]


@pytest.mark.feature("L184")
def test_L184_gateway_down_retried_then_an_e_mail_seen_in_the_log(
    office, mailbox, agree, clock, monkeypatch, signed_in, text_of
):
    office.gateway()
    tried = []

    def down(self, envelope, to, text):
        from ebok_core import Delivery, Outcome

        tried.append(envelope.message_id)
        return Delivery(outcome=Outcome.BUSY, code="http_503")

    monkeypatch.setattr(FolderGateway, "send", down)
    agree("D", channel="sms", phone="+48501000123")
    number = office.issue(D)
    for _ in range(12):
        office.go()
        clock.advance(minutes=5)
    assert len(tried) >= 3 and len(set(tried)) == 1
    assert mailbox.messages == []
    office.go()
    clock.advance(minutes=5)
    office.go()
    assert [mail["To"] for mail in mailbox.messages] == ["faktury@example.pl"]
    notice = office.notice(number)
    assert (notice.state, notice.sms_state) == ("accepted", "failed")
    # PostgreSQL's clock is its own and does not stand still: the order is looked at where it does.
    expected = [("sms", "queued"), ("sms", "failed"), ("mail", "queued"), ("mail", "sent"), ("mail", "accepted")]
    assert sorted(office.steps(number)) == sorted(expected)
    page = text_of(signed_in("clerk").get(f"/panel/faktury/e-faktury/{notice.id}"))
    assert "SMS-a nie wysłano" in page and "not_sent_in_time" in page
    monkeypatch.undo()
    clock.advance(hours=2)
    office.go()
    assert office.texts() == [] and len(mailbox.messages) == 1


@pytest.mark.feature("L184")
def test_L184_a_number_that_the_gateway_refuses_gets_an_e_mail_at_once(office, mailbox, agree, monkeypatch):
    from ebok_core import Delivery, Outcome

    office.gateway()
    refused = Delivery(outcome=Outcome.REJECTED, code="number_refused")
    monkeypatch.setattr(FolderGateway, "send", lambda *_: refused)
    agree("D", channel="sms", phone="+48501000123")
    number = office.issue(D)
    office.go()
    office.send("mail")
    assert len(mailbox.messages) == 1
    assert (office.notice(number).state, office.notice(number).sms_state) == ("accepted", "failed")


def test_a_text_message_beside_a_mail_that_never_goes_is_seen_in_the_log(office, agree, mailbox, clock):
    agree("D", channel="email_sms", phone="+48501000123")
    number = office.issue(D)
    office.go()
    assert (office.notice(number).state, office.notice(number).sms_state) == ("accepted", "queued")
    clock.advance(minutes=61)
    office.go()
    office.go()
    assert ("sms", "failed") in office.steps(number) and len(mailbox.messages) == 1


def test_without_a_gateway_the_e_mail_goes_after_the_utilitys_patience(office, agree, mailbox, clock):
    agree("D", channel="sms", phone="+48501000123")
    office.issue(D)
    office.go()
    assert mailbox.messages == []
    clock.advance(minutes=61)
    office.go()
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize("after", ["paper", "sms", "mail"])
def test_after_a_return_the_next_document_goes_as_the_utility_says(office, mailbox, agree, after):
    office.gateway()
    office.configure(after_bounce=after)
    agree("D", channel="email_sms", phone="+48501000123")
    first = office.issue(D)
    office.go()
    from ebok_faktura.service import bounces

    with office.database.unit_of_work() as session:
        notice = session.scalars(sa.select(Notice).where(Notice.document_number == first)).one()
        bounces.returned(session, notice, "5.1.1", notice.accepted_at)
    second = office.issue(D)
    office.go()
    found = office.notice(second)
    expected = {"paper": ("paper", 1, 1), "sms": ("accepted", 1, 2), "mail": ("accepted", 2, 2)}
    assert (found.state, len(mailbox.messages), len(office.texts())) == expected[after]


def test_the_outbox_holds_one_message_a_document(office):
    for _ in range(3):
        office.issue(A)
    office.notify()
    with office.database.snapshot() as session:
        subjects = session.scalars(sa.select(Message.subject_id).where(Message.kind == "core.mail")).all()
    assert len(subjects) == len(set(subjects)) == 3
