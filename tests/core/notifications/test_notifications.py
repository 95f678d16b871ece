"""Writing to people: rendered at once, kept with the change, sent by the worker, told apart by Message-ID."""

from __future__ import annotations

import html
import os
import re
import signal
from datetime import timedelta
from decimal import Decimal
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from ebok_core import outbox, runtime_settings
from ebok_core.contact.settings import ContactConfig, ContactConfigSchema
from ebok_core.notifications import enqueue as notify
from ebok_core.notifications import jobs, rules
from ebok_core.outbox import deliver
from ebok_core.outbox.models import Message

ANNA = "anna.nowak@example.pl"


def write(runtime, recipient: str | None = ANNA, template: str = "letters.accepted", **more) -> str | None:
    values = {"context": {"meter": "12345", "value": Decimal("421")}, "subject_type": "reading", "subject_id": "r-1"}
    with runtime.database.unit_of_work() as session:
        return notify(session, template, recipient=recipient, **{**values, **more})


def plain(runtime, text: str = "Dzień dobry", title: str = "Tytuł", **more) -> str | None:
    return write(runtime, template="letters.plain", context={"text": text, "title": title}, **more)


def send(runtime) -> int:
    return deliver.drain(runtime, "mail")


def row(runtime, message_id: str):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(Message.__table__).where(Message.id == message_id)).one()


def text_of(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content()


def html_of(mail: EmailMessage) -> str:
    return html.unescape(mail.get_body(("html",)).get_content())


@pytest.fixture
def office(runtime) -> ContactConfig:
    config = ContactConfig(
        name="Wodociągi Dębowo Sp. z o.o.",
        short_name="Wodociągi Dębowo",
        address="ul. Lipowa 9\n62-100 Dębowo",
        phone="61 000 00 12",
        email="bok@wodociagi.example",
    )
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(session, ContactConfigSchema, config, keys=runtime.settings.encryption_keys)
    return config


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
def test_a_mail_waits_in_the_outbox_until_the_worker_sends_it(runtime, mailbox, office):
    message_id = write(runtime)
    assert mailbox.messages == []
    assert row(runtime, message_id).state == "pending"
    assert send(runtime) == 1
    (mail,) = mailbox.to(ANNA)
    assert mail["Message-ID"] == f"<{message_id}@127.0.0.1>"
    assert mail["From"] == "ebok@wodociagi.example"
    assert mail["To"] == ANNA
    assert mail["Reply-To"] == "bok@wodociagi.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert row(runtime, message_id).state == "delivered"


def test_a_mail_is_stored_with_its_change_or_not_at_all(runtime, mailbox):
    context = {"text": "Dzień dobry", "title": "Tytuł"}
    with pytest.raises(ZeroDivisionError), runtime.database.unit_of_work() as session:
        assert notify(session, "letters.plain", recipient=ANNA, context=context, subject_type="x", subject_id="1")
        raise ZeroDivisionError
    assert send(runtime) == 0


def test_the_text_part_stands_alone_and_the_html_says_the_same(runtime, mailbox, office):
    write(runtime)
    send(runtime)
    (mail,) = mailbox.messages
    assert mail.get_content_type() == "multipart/alternative"
    text = text_of(mail)
    for part in (text, html_of(mail)):
        assert "421\xa0m³" in part
        assert "Wodociągi Dębowo Sp. z o.o." in part
        assert "61 000 00 12" in part
        assert "ul. Lipowa 9, 62-100 Dębowo" in part
    assert "\n\n\n" not in text
    assert mail["Subject"] in text


def test_the_html_is_accessible_and_its_styles_stand_where_mail_programs_look(runtime, mailbox, office):
    write(runtime)
    send(runtime)
    page = html_of(mailbox.messages[0])
    assert '<html lang="pl">' in page
    assert len(re.findall("<h1", page)) == 1
    assert re.search(r'<a [^>]*href="http://127.0.0.1:8080/odczyty/"[^>]*style="[^"]*background-color[^"]*"', page)
    assert '<th scope="row"' in page
    assert "<img" not in page
    assert "http-equiv" not in page.lower()


def test_a_mail_speaks_the_recipients_language(runtime, mailbox, office):
    write(runtime, locale="en")
    send(runtime)
    mail = mailbox.messages[0]
    assert mail["Content-Language"] == "en"
    assert '<html lang="en">' in html_of(mail)
    assert "Questions?" in html_of(mail)


def test_what_was_true_is_what_is_sent(runtime, mailbox, office):
    message_id = write(runtime)
    with runtime.database.unit_of_work() as session:
        later = ContactConfig(name="Inna nazwa", phone="22 111 11 11", address="x", email="x@example.pl")
        runtime_settings.save(session, ContactConfigSchema, later, keys=runtime.settings.encryption_keys)
    send(runtime)
    assert "Inna nazwa" not in text_of(mailbox.messages[0])
    assert message_id


def test_S26_no_text_breaks_a_header(runtime, mailbox):
    plain(runtime, title="Zaległość\r\nBcc: ofiara@example.pl\n\nTreść")
    send(runtime)
    (mail,) = mailbox.messages
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Zaległość Bcc: ofiara@example.pl Treść"
    assert mailbox.recipients == [[ANNA]]


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "  ",
        "anna",
        "anna@",
        "a@b, c@d",
        "a@b\nBcc: c@d",
        "Anna <a@b>",
        '"a b"@c',
        "a@b;c@d",
        "a\x00@b.pl",
    ],
)
def test_S26_a_recipient_is_one_bare_address_or_nobody(runtime, mailbox, address):
    assert plain(runtime, recipient=address) is None
    assert send(runtime) == 0


def test_S26_user_text_is_escaped_in_the_html_and_plain_in_the_text(runtime, mailbox):
    plain(runtime, text="<script>alert(1)</script> & {{ 7 * 7 }}")
    send(runtime)
    (mail,) = mailbox.messages
    raw = mail.get_body(("html",)).get_content()
    assert "<script>" not in raw
    assert "&lt;script&gt;" in raw
    assert "{{ 7 * 7 }}" in html_of(mail)
    assert "<script>alert(1)</script> & {{ 7 * 7 }}" in text_of(mail)


def test_a_name_that_nobody_gave_is_a_mistake_not_a_gap(runtime):
    with pytest.raises(Exception, match="undefined"):
        write(runtime, context={"meter": "1"})


def test_an_undeclared_template_is_refused(runtime):
    with pytest.raises(KeyError):
        write(runtime, template="letters.unknown")


def test_a_link_leads_only_into_the_portal(runtime):
    from ebok_core.notifications import posts

    with runtime.database.snapshot() as session:
        post = posts.of(session)
    assert post._link("/odczyty/") == "http://127.0.0.1:8080/odczyty/"
    with pytest.raises(ValueError, match="begins with a slash"):
        post._link("https://evil.example")


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
def test_the_same_notification_is_one_mail(runtime, mailbox):
    first = write(runtime)
    assert write(runtime) == first
    assert write(runtime, subject_rev=2) != first
    assert write(runtime, recipient="jan@example.pl") != first
    send(runtime)
    assert len(mailbox.messages) == 3


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
def test_S69_nobody_gets_more_than_a_days_measure(runtime, mailbox, clock, monkeypatch):
    monkeypatch.setattr(rules, "LIMIT", 3)
    sent = [plain(runtime, subject_id=str(n)) for n in range(5)]
    assert [message_id is not None for message_id in sent] == [True, True, True, False, False]
    assert plain(runtime, recipient="ANNA.nowak@example.pl", subject_id="9") is None
    assert plain(runtime, recipient="jan@example.pl") is not None
    clock.advance(rules.LIMIT_TIME + timedelta(minutes=1))
    assert plain(runtime, subject_id="10") is not None


def test_the_streams_name_holds_no_address(runtime):
    message_id = plain(runtime)
    assert "anna" not in row(runtime, message_id).stream_key
    assert row(runtime, message_id).stream_key == rules.stream_of("ANNA.NOWAK@example.pl")


def test_the_number_of_a_mail_can_be_asked_about(runtime, mailbox, office):
    message_id = write(runtime)
    send(runtime)
    number = rules.number_of(message_id)
    assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}", number)
    assert number in text_of(mailbox.messages[0])


# The relay: classes of refusal (reliability.md §4.6)


def test_a_mail_server_that_took_the_mail_is_told_to_the_module(runtime, mailbox, heard):
    write(runtime, subject_id="r:1/2")
    send(runtime)
    (result,) = heard
    assert (result.status, result.subject_type, result.subject_id) == ("delivered", "reading", "r:1/2")


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        ("451 try later", "pending", "content_451"),
        ("554 spam", "dead", "content_554"),
        ("421 closing", "pending", None),
    ],
)
def test_refused_content_is_tried_again_or_dead(runtime, mailbox, clock, answer, state, code):
    mailbox.refuse = answer
    message_id = plain(runtime)
    send(runtime)
    found = row(runtime, message_id)
    assert (found.state, found.attempts) == (state, 1)
    assert code is None or found.last_code == code


@pytest.mark.parametrize(
    ("answer", "state", "counted"),
    [("550 no such mailbox", "rejected", 1), ("452 mailbox full", "pending", 1)],
)
def test_a_refused_recipient_is_the_recipients_matter(runtime, mailbox, clock, heard, answer, state, counted):
    async def handle_rcpt(server, session, envelope, address, options):
        return answer

    mailbox.handle_RCPT = handle_rcpt
    message_id = write(runtime)
    send(runtime)
    found = row(runtime, message_id)
    assert (found.state, found.attempts) == (state, counted)
    if state == "rejected":
        assert found.reason_code == "mailbox_refused"
        assert [r.status for r in heard] == ["rejected"]


def test_a_refused_sender_is_our_own_mistake_and_kills_no_mail(runtime, mailbox, clock):
    async def handle_mail(server, session, envelope, address, options):
        return "553 not allowed"

    mailbox.handle_MAIL = handle_mail
    message_id = plain(runtime)
    send(runtime)
    found = row(runtime, message_id)
    assert (found.state, found.attempts, found.last_code) == ("pending", 0, "sender_553")


def test_R37_a_relay_that_is_down_costs_no_attempt_and_the_mail_comes_later(make_runtime, modules, mailbox, clock):
    down = make_runtime(modules=modules, smtp_url="smtp://127.0.0.1:9")
    message_id = plain(down)
    send(down)
    assert (row(down, message_id).state, row(down, message_id).attempts) == ("pending", 0)
    up = make_runtime(modules=modules, smtp_url=mailbox.url)
    clock.advance(minutes=1)
    send(up)
    assert len(mailbox.to(ANNA)) == 1


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
def test_a_worker_killed_between_the_servers_250_and_our_commit_repeats_the_very_mail(runtime, mailbox, clock):
    """Mail is sent at least once with a stable Message-ID (§4.1): counted by it, there is one."""
    message_id = write(runtime)
    runtime.database.dispose()
    child = os.fork()
    if child == 0:
        try:
            deliver.finish.finish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
            send(runtime)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    assert row(runtime, message_id).state == "leased"
    clock.advance(minutes=2)
    send(runtime)
    mails = mailbox.to(ANNA)
    assert len(mails) == 2
    assert {mail["Message-ID"] for mail in mails} == {f"<{message_id}@127.0.0.1>"}
    assert text_of(mails[0]) == text_of(mails[1])
    assert mails[0]["Date"] == mails[1]["Date"]
    with runtime.database.snapshot() as session:
        assert outbox.states_of(session, [message_id])[message_id].state == "delivered"


def test_nothing_personal_is_logged(runtime, mailbox, office, capsys):
    mailbox.refuse = "554 anna.nowak@example.pl is a spammer"
    plain(runtime, text="tajna treść")
    send(runtime)
    printed = capsys.readouterr()
    assert "tajna" not in printed.out + printed.err
    assert "anna" not in printed.out + printed.err


def test_the_office_is_told_once_a_day_while_something_is_stuck(runtime, mailbox, office, clock):
    assert jobs.tell_office(runtime) is None
    mailbox.refuse = "554 spam"
    plain(runtime)
    send(runtime)
    mailbox.refuse = None
    assert jobs.tell_office(runtime) is not None
    jobs.tell_office(runtime)
    send(runtime)
    (mail,) = mailbox.to(office.email)
    assert mail["Subject"] == "1 komunikat portalu czeka na decyzję"
    assert "mail: 1" in text_of(mail)
    clock.advance(days=1)
    jobs.tell_office(runtime)
    send(runtime)
    assert len(mailbox.to(office.email)) == 2


def test_rules_of_subject_lines():
    assert rules.one_line("  a\r\n b\tc\x00 ") == "a b c"
    assert len(rules.one_line("x" * 500)) == rules.LONGEST_SUBJECT
    packed = rules.pack_subject("invoice", "R. 2019/000001:x", ANNA)
    assert rules.unpack_subject(packed) == ("invoice", "R. 2019/000001:x")
