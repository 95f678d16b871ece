"""Text messages: numbers, texts, the same rows as mails, gateways behind one port, once by the same id."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email import message_from_bytes, policy

import httpx2
import pytest

from ebok_core import Envelope, Outcome, runtime_settings
from ebok_core.notifications import enqueue_sms, mobile_number, rules, sms
from ebok_core.notifications.settings import FOLDER, SMSAPI, SmsConfig, SmsConfigSchema, sms_status
from ebok_core.outbox import deliver
from ebok_core.standin import mail_page, mail_store

PHONE = "+48501000123"


@pytest.mark.parametrize(
    "text", ["501000123", "501 000 123", "501-000-123", "+48 501 000 123", "0048501000123", " 501\u00a0000\u00a0123 "]
)
def test_a_mobile_number_is_read_however_it_is_grouped(text):
    assert mobile_number(text) == PHONE


@pytest.mark.parametrize(
    "text",
    [
        *("", "61 000 00 12", "501 000 12", "501 000 1234"),
        *("+49 170 1234567", "+48 22 100 00 00", "٥٠١٠٠٠١٢٣", "501000123\n1"),
    ],
)
def test_S69_other_numbers_are_none(text):
    assert mobile_number(text) is None


def test_a_text_is_one_plain_line():
    assert rules.as_sms("Zażółć gęślą jaźń –\n 1\u00a0234,56 zł\x00") == "Zazolc gesla jazn - 1 234,56 zl"
    assert len(rules.as_sms("x" * 1000)) == rules.LONGEST_SMS


# The outbox


@pytest.fixture
def runtime(make_runtime, modules, mailbox, tmp_path, letters):
    folder = tmp_path / "ebok_letters" / "templates" / "ebok_letters" / "mail"
    (folder / "accepted_sms.txt").write_text("Przyjęliśmy stan {{ value }}.")
    return make_runtime(modules=modules, smtp_url=mailbox.url, sms_folder=str(tmp_path / "sms"))


def configure(runtime, **values) -> None:
    with runtime.database.unit_of_work() as session:
        keys = runtime.settings.encryption_keys
        runtime_settings.save(session, SmsConfigSchema, SmsConfig(**values), keys=keys)


def write(runtime, recipient: str | None = "501 000 123", **more) -> str | None:
    given = {"context": {"value": 7}, "subject_type": "reading", "subject_id": "r-1", **more}
    with runtime.database.unit_of_work() as session:
        return enqueue_sms(session, "letters.accepted", recipient=recipient, **given)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
def test_a_text_message_waits_in_the_outbox_and_goes_once(runtime, heard, tmp_path):
    configure(runtime, gateway=FOLDER)
    first, again = write(runtime), write(runtime)
    assert first == again
    assert deliver.drain(runtime, "sms") == 1
    (path,) = (tmp_path / "sms").glob("*.eml")
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (message["X-Envelope-To"], message.get_content().strip()) == (PHONE, "Przyjelismy stan 7.")
    (result,) = heard
    assert (result.kind, result.status, result.subject_id) == ("core.sms", "delivered", "r-1")


def test_S69_no_number_no_message_and_a_days_measure(runtime, clock):
    assert write(runtime, recipient="61 000 00 12") is None
    assert write(runtime, recipient=None) is None
    sent = [write(runtime, subject_id=f"r-{n}") for n in range(rules.SMS_LIMIT + 2)]
    assert [found is not None for found in sent] == [True] * rules.SMS_LIMIT + [False] * 2


def test_without_a_gateway_nothing_is_lost(runtime, tmp_path):
    write(runtime)
    deliver.drain(runtime, "sms")
    assert not (tmp_path / "sms").exists()
    configure(runtime, gateway=FOLDER)
    with runtime.database.unit_of_work() as session:
        import sqlalchemy as sa

        session.execute(sa.text("UPDATE core_outbox_message SET next_at = accepted_at"))
        session.execute(sa.text("DELETE FROM core_outbox_breaker"))
    assert deliver.drain(runtime, "sms") == 1
    assert len(list((tmp_path / "sms").glob("*.eml"))) == 1


def test_the_status_row_says_what_is_missing(runtime):
    def level() -> str:
        with runtime.database.snapshot() as session:
            return sms_status(session).level.value

    assert level() == "default"
    configure(runtime, gateway=SMSAPI)
    assert level() == "missing"
    configure(runtime, gateway=SMSAPI, token="tajny-token")
    assert level() == "ok"


def test_the_token_is_stored_encrypted_and_opened_for_the_gateway_alone(runtime):
    configure(runtime, gateway=SMSAPI, token="tajny-token", sender="Wodociagi")
    with runtime.database.snapshot() as session:
        assert runtime_settings.get(session, SmsConfigSchema).token == ""
        config = runtime_settings.get(session, SmsConfigSchema, keys=runtime.settings.encryption_keys)
    assert config.token == "tajny-token" and "tajny" not in repr(config)
    assert isinstance(runtime.targets["sms"].gateway(config), sms.SmsApi)


# The folder, beside the caught mails


def envelope(message_id: str = "01a20d17-47d1-7486-bf9c-bb257f05007c") -> Envelope:
    return Envelope(
        message_id=message_id,
        kind="core.sms",
        version=1,
        customer_code=None,
        stream_key="m:x",
        seq=1,
        payload=json.dumps({"template": "x", "to": PHONE, "text": "Stan 7"}),
        payload_sha256="0" * 64,
        accepted_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
    )


def test_the_folder_shows_text_messages_where_the_demo_shows_mails(tmp_path):
    gateway = sms.FolderGateway(tmp_path, "Wodociagi")
    for _ in range(2):
        assert gateway.send(envelope(), PHONE, "Stan 7").outcome is Outcome.DELIVERED
    (mail,) = mail_store.load_all(tmp_path, 10)
    assert (mail.recipients, mail.subject, mail.text.strip()) == (PHONE, "SMS: Stan 7", "Stan 7")
    assert "SMS: Stan 7" in mail_page.list_page([mail], 1)


def test_a_folder_that_can_t_be_written_is_unreachable(tmp_path):
    (tmp_path / "file").touch()
    assert sms.FolderGateway(tmp_path / "file").send(envelope(), PHONE, "x").outcome is Outcome.UNREACHABLE


# SMSAPI


def ask(answer, **more):
    """One message to a gateway that answers like `answer(request)`; gives the request and the outcome."""
    seen = []

    def handle(request):
        seen.append(request)
        return answer(request) if callable(answer) else answer

    gateway = sms.SmsApi(
        "tajny-token", client=lambda: httpx2.Client(transport=httpx2.MockTransport(handle), timeout=5), **more
    )
    return gateway.send(envelope(), PHONE, "Stan 7"), seen


def test_smsapi_gets_our_id_and_refuses_it_a_second_time():
    ok = httpx2.Response(200, json={"count": 1, "list": [{"id": "5F2", "points": 0.16, "status": "QUEUE"}]})
    found, (request,) = ask(ok, sender="Wodociagi")
    assert (found.outcome, found.reference) == (Outcome.DELIVERED, "5F2")
    body = dict(pair.split("=") for pair in request.content.decode().split("&"))
    assert (body["idx"], body["check_idx"], body["to"]) == (envelope().message_id, "1", "48501000123")
    assert body["from"] == "Wodociagi" and "tajny-token" not in request.content.decode()
    assert request.headers["Authorization"] == "Bearer tajny-token"
    again, _seen = ask(httpx2.Response(200, json={"error": 53, "message": "Not unique idx"}))
    assert again.outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"error": 13}, Outcome.REJECTED),
        (200, {"error": 101}, Outcome.UNREACHABLE),
        (200, {"error": 103}, Outcome.UNREACHABLE),
        (200, {"error": 201}, Outcome.BUSY),
        (200, {"error": 11}, Outcome.PERMANENT),
        (401, {}, Outcome.UNREACHABLE),
        (429, {}, Outcome.BUSY),
        (503, {}, Outcome.BUSY),
        (500, {}, Outcome.AMBIGUOUS),
        (200, {}, Outcome.AMBIGUOUS),
        (200, {"error": "x"}, Outcome.AMBIGUOUS),
        (404, {}, Outcome.PERMANENT),
    ],
)
def test_what_smsapi_answers_has_its_class(status, body, outcome):
    assert ask(httpx2.Response(status, json=body))[0].outcome is outcome


def test_no_answer_and_a_huge_one_are_ambiguous_a_refused_connection_is_not():
    def fails(error):
        def answer(request):
            raise error("x", request=request)

        return answer

    assert ask(fails(httpx2.ReadTimeout))[0].outcome is Outcome.AMBIGUOUS
    assert ask(fails(httpx2.ConnectError))[0].outcome is Outcome.UNREACHABLE
    assert ask(httpx2.Response(200, content=b"x" * 200_000))[0].outcome is Outcome.AMBIGUOUS
    assert ask(httpx2.Response(200, content=b"[1]"))[0].outcome is Outcome.AMBIGUOUS
