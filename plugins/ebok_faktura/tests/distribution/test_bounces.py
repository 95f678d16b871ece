"""L107: what mail servers report (RFC 3464): which notice came back, the office's task, the customer is told."""

from __future__ import annotations

import mailbox as boxes
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from ebok_faktura import jobs
from ebok_faktura.admin import work_items
from ebok_faktura.rules import bounces as rules
from ebok_faktura.service import bounces, keeping

A = "1-01001"
ID = "01a20d17-47d1-7486-bf9c-bb257f05007c"


def report(message_id: str = ID, action: str = "failed", status: str = "5.1.1", headers_only: bool = False) -> bytes:
    """A report as mail servers write it: words for people, fields for machines, the mail that came back."""
    mail = MIMEMultipart("report", **{"report-type": "delivery-status"})
    mail["From"], mail["To"] = "MAILER-DAEMON@poczta.example", "ebok@wodociagi.example"
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail.attach(MIMEText("<jan@example.pl>: user unknown\n", "plain", "utf-8"))
    fields = MIMEBase("message", "delivery-status")
    of_message, of_recipient = EmailMessage(), EmailMessage()
    of_message["Reporting-MTA"] = "dns; poczta.example"
    of_recipient["Final-Recipient"] = "rfc822; jan@example.pl"
    of_recipient["Action"] = action
    of_recipient["Status"] = status
    of_recipient["Diagnostic-Code"] = "smtp; 550 no such user"
    fields.set_payload([of_message, of_recipient])
    mail.attach(fields)
    original = EmailMessage()
    original["Message-ID"] = f"<{message_id}@ebok.example>"
    original["Subject"] = "Faktura"
    original.set_content("x")
    if headers_only:
        part = MIMEText(f"Subject: Faktura\r\nMessage-ID:\r\n <{message_id}@ebok.example>\r\n", "rfc822-headers")
        mail.attach(part)
    else:
        mail.attach(MIMEMessage(original))
    return mail.as_bytes()


# Reading a report


@pytest.mark.parametrize("headers_only", [False, True])
def test_a_failure_names_our_message_and_its_code(headers_only):
    (found,) = rules.read(report(headers_only=headers_only))
    assert (found.message_id, found.action, found.code, found.recipient) == (ID, "failed", "5.1.1", "jan@example.pl")


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("failed", "4.4.7", "delayed"),
        ("delayed", "4.2.2", "delayed"),
        ("delivered", "2.0.0", "delivered"),
        ("relayed", "2.0.0", "other"),
    ],
)
def test_what_is_no_dead_address(action, status, expected):
    (found,) = rules.read(report(action=action, status=status))
    assert found.action == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00garbage",
        b"Subject: hello\n\nfailed 5.1.1 <" + ID.encode() + b"@ebok.example>",
        report().replace(b"multipart/report", b"multipart/mixed"),
        report(message_id="nobody"),
        report(action="exploded"),
        report()[:400],
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n--x--",
        b"A" * (rules.LARGEST + 1),
    ],
)
def test_other_mail_is_no_report(content):
    assert rules.read(content) == []


# What follows from it


@pytest.fixture
def box(tmp_path):
    return boxes.Maildir(tmp_path / "zwroty", create=True)


@pytest.fixture
def returned(office, box, tmp_path):
    """A's notice was sent and came back: the number of its document."""
    number = office.issue(A)
    office.go()
    box.add(report(office.notice(number).message_id))
    assert bounces.read_box(office.runtime, tmp_path / "zwroty") == (1, 0)
    return number


@pytest.mark.feature("L107")
def test_L107_a_return_is_a_state_with_its_time_and_a_task(office, returned, viewer_of):
    notice = office.notice(returned)
    assert (notice.state, notice.bounce_code, notice.bounced_at is not None) == ("bounced", "5.1.1", True)
    clerk = viewer_of("clerk")
    with office.database.snapshot() as session:
        (item,) = [i for i in work_items(clerk, session) if i.key.startswith("faktura.returned")]
        assert item.since == notice.bounced_at and item.endpoint == "admin.faktura.notice"
    with office.database.unit_of_work() as session:
        assert bounces.handle(session, clerk, notice.id)
        assert not bounces.handle(session, clerk, notice.id)
    with office.database.snapshot() as session:
        assert not [i for i in work_items(clerk, session) if i.key.startswith("faktura.returned")]
    assert office.notice(returned).handled_by == "Ewa Lis"


def test_the_box_is_read_once_and_read_messages_are_marked(office, returned, box, tmp_path):
    assert bounces.read_box(office.runtime, tmp_path / "zwroty") == (0, 0)
    (key,) = box.keys()
    assert box.get_message(key).get_subdir() == "cur" and "S" in box.get_message(key).get_flags()


def test_an_mbox_is_read_again_and_again_without_harm(office, tmp_path):
    number = office.issue(A)
    office.go()
    path = tmp_path / "zwroty.mbox"
    box = boxes.mbox(path)
    box.add(report(office.notice(number).message_id))
    box.add(report())
    box.flush()
    box.close()
    before = path.read_bytes()
    assert bounces.read_box(office.runtime, path) == (1, 1)
    assert bounces.read_box(office.runtime, path) == (0, 0)
    assert path.read_bytes() == before
    assert office.notice(number).state == "bounced"


def test_a_report_of_delivery_stands_in_the_log(office, box, tmp_path):
    number = office.issue(A)
    office.go()
    box.add(report(office.notice(number).message_id, "delivered", "2.0.0"))
    bounces.read_box(office.runtime, tmp_path / "zwroty")
    assert office.notice(number).state == "accepted"
    assert ("mail", "delivered") in office.steps(number)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_customer_is_told_at_the_next_sign_in_and_can_mend_it(office, returned, signed_in, text_of):
    a = signed_in("A")
    page = text_of(a.get("/"))
    assert "Popraw adres do e-faktur" in page
    assert "maria.zielinska@wodociagi-struga.example wróciło" in page
    assert "Twój adres nie działa" in text_of(a.get("/faktury/e-faktura"))
    form = {"channel": "email", "email": "nowy@example.pl", "agreed": "1"}
    assert a.submit("/faktury/e-faktura", form).status_code == 303
    assert "Popraw adres" not in text_of(a.get("/"))
    number = office.issue(A)
    office.go()
    assert office.notice(number).email == "nowy@example.pl"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_same_address_can_be_said_to_work_again(office, returned, signed_in):
    a = signed_in("A")
    form = {"channel": "email", "email": "maria.zielinska@wodociagi-struga.example", "agreed": "1"}
    assert a.submit("/faktury/e-faktura", form).status_code == 303
    number = office.issue(A)
    office.go()
    assert office.notice(number).state == "accepted"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_job_reads_the_box_that_the_utility_names(make_runtime, modules, tmp_path):
    runtime = make_runtime(modules=modules)
    assert jobs.read_bounces(runtime) is None
    named = make_runtime(modules=modules, environ={"EBOK_FAKTURA__BOUNCE_MAILBOX": str(tmp_path / "nowhere")})
    assert "Nie można odczytać skrzynki" in (jobs.read_bounces(named) or "")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_was_kept_long_enough_is_forgotten(office, returned, agree, clock):
    agree("D")
    clock.advance(days=365 * 6 - 10)
    keeping.forget(office.runtime)
    assert office.notice(returned).state == "bounced"
    clock.advance(days=30)
    assert keeping.forget(office.runtime) > 4
    assert office.steps(returned) == []
    with office.database.snapshot() as session:
        from ebok_faktura.models import Consent

        assert session.query(Consent).count() == 1  # it still stands
