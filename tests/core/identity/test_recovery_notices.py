"""Messages about security (identity.md §6.7), a test a row: what is sent, to whom, and that nobody switches it off."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.errors import Refused
from ebok_core.identity import notices
from ebok_core.identity import service as identity
from ebok_core.identity.recovery import alarm, emails, office
from ebok_core.outbox.models import Message

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PASSWORD = "cztery zielone rowery w rzece"
NEW = "trzy senne borsuki pod mostem"
ANNA, OTHER = "anna.testowa@example.pl", "nowa.skrzynka@example.pl"
REASON = "prośba telefoniczna"


def viewer_of(runtime, account_id):
    with runtime.database.unit_of_work() as session:
        token = identity.open_session(session, account_id)[0]
    with runtime.database.snapshot() as session:
        return identity.viewer_of(session, runtime, token)


def act(runtime, function, *args, **options):
    with runtime.database.unit_of_work() as session:
        return function(session, *args, **options)


def new_device(runtime, people, clock):
    for _ in range(2):
        identity.sign_in(runtime, "anna", PASSWORD, kind="customer")


def ten_failures(runtime, people, clock):
    for _ in range(10):
        clock.advance(minutes=16)
        with pytest.raises(Refused):
            identity.sign_in(runtime, "anna", "wrong", kind="customer")


def change_password(runtime, people, clock):
    identity.change_password(runtime, viewer_of(runtime, people.anna), PASSWORD, NEW)


def password_by_link(runtime, people, clock):
    identity.set_password_by_link(runtime, act(runtime, identity.make_link, people.anna)[0], NEW)


def ask_for_email(runtime, people, clock):
    with runtime.database.unit_of_work() as session:
        emails.ask(runtime, session, viewer_of(runtime, people.anna), OTHER)


def change_email(runtime, people, clock):
    ask_for_email(runtime, people, clock)
    link = next(mail["text"] for _, mail in sent(runtime) if mail["to"] == OTHER)
    act(runtime, emails.confirm, re.search(r"/adres-email/([\w-]+)", link).group(1))


def reset_by_office(runtime, people, clock):
    act(runtime, office.reset_by_mail, viewer_of(runtime, people.admin), people.anna, reason=REASON)


def sessions_by_office(runtime, people, clock):
    viewer_of(runtime, people.anna)
    act(runtime, office.end_sessions, viewer_of(runtime, people.admin), people.anna, reason=REASON)


def not_me(runtime, people, clock):
    act(runtime, alarm.raise_alarm, viewer_of(runtime, people.anna))


def everywhere(runtime, people, clock):
    act(runtime, alarm.sign_out_everywhere, viewer_of(runtime, people.anna))


def sent(runtime):
    with runtime.database.snapshot() as session:
        rows = session.execute(
            sa.select(Message.subject_type, Message.payload).where(Message.target == "mail").order_by(Message.seq)
        ).all()
    return [(row.subject_type, json.loads(row.payload)) for row in rows]


ROWS = [
    (new_device, notices.NEW_DEVICE, {ANNA}),
    (ten_failures, notices.MANY_FAILURES, {ANNA}),
    (change_password, notices.PASSWORD_CHANGED, {ANNA}),
    (password_by_link, notices.PASSWORD_CHANGED, {ANNA}),
    (ask_for_email, notices.EMAIL_ASKED, {ANNA}),
    (change_email, notices.EMAIL_CHANGED, {ANNA, OTHER}),
    (reset_by_office, notices.OFFICE_RESET, {ANNA}),
    (sessions_by_office, notices.OFFICE_ENDED, {ANNA}),
    (not_me, notices.ALARM, {ANNA}),
    (everywhere, notices.EVERYWHERE, {ANNA}),
]


@pytest.mark.parametrize(("happens", "key", "recipients"), ROWS, ids=[row[0].__name__ for row in ROWS])
def test_row_22_each_is_told_once_to_each_address(runtime, people, clock, happens, key, recipients):
    happens(runtime, people, clock)
    found = [mail for found_key, mail in sent(runtime) if found_key == key]
    assert sorted(mail["to"].lower() for mail in found) == sorted(recipients)
    for mail in found:
        text = mail["text"]
        assert "24 listopada 2026" in text or "25 listopada 2026" in text, "when it happened"
        assert re.search(r"To nie Ty\?|To Ty\?|Zadzwoń", text), "what to do if it was not you"
        links = re.findall(r"https?://\S+", text + mail["html"])
        assert not any(re.search(r"/(haslo|adres-email|rejestracja|konto)", link) for link in links), "no way in"


@pytest.mark.parametrize("key", [row[1] for row in ROWS])
def test_who_acted_is_named_only_when_it_was_the_person(runtime, people, clock, key):
    """The office's own browser and address are nobody else's business."""
    from ebok_core import audit

    with audit.use_request(audit.RequestMeta(ip="192.0.2.8", user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")):
        act(runtime, notices.tell_owner, key, people.anna, address="x…y@example.pl")
    ((_, mail),) = sent(runtime)
    by_office = key in (notices.OFFICE_RESET, notices.OFFICE_ENDED)
    assert ("192.0.2.8" in mail["text"]) != by_office
    assert ("Firefox" in mail["html"]) != by_office


def test_an_account_without_a_mailbox_gets_none_and_nothing_fails(runtime, people, clock):
    act(runtime, notices.tell_owner, notices.ALARM, people.clerk)
    assert sent(runtime) == []


def test_no_notice_can_be_switched_off(runtime, people, clock):
    """Nothing that a notice asks for is a choice of the person's: a template has no switch, the writer reads none."""
    declared = {template.key for template in runtime.portal.of("ebok_notification_templates")}
    assert {row[1] for row in ROWS} <= declared
    assert set(NotificationTemplate.__dataclass_fields__) <= {"key", "title", "base", "apply_result"}
