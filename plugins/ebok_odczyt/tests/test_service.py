"""Readings are taken whole or not at all, told to TYTAN once, taken back, and followed."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
import structlog

from ebok_core import Result
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_odczyt import jobs, schemas, service, tytan
from ebok_odczyt.models import Reading
from ebok_odczyt.rules import Level
from ebok_odczyt.service import Entry, NotPlausible

A, B = "1-01001", "1-02002"
M1, M2, M3, FOREIGN = "W1", "W2", "W3", "W9"
LAST = date(2026, 8, 31)
TODAY = date(2026, 11, 24)
_OUTBOX = sa.text(
    "SELECT id, kind, version, payload, stream_key, depends_on, subject_type, subject_id, customer_code "
    "FROM core_outbox_message WHERE target = :target ORDER BY accepted_at, seq"
)
_AUDIT = sa.text("SELECT action, actor, on_behalf_of, object_id FROM core_audit_event ORDER BY seq")


def entry(meter_id: str = M1, text: str = "430", **changes) -> Entry:
    return Entry(**{"meter_id": meter_id, "text": text, "read_on": TODAY, **changes})


def submit(runtime, viewer, *entries: Entry, token: str | None = None) -> str:
    with runtime.database.unit_of_work() as session:
        return service.submit_readings(session, viewer, entries or [entry()], token or uuid7())


def readings(runtime) -> list[Reading]:
    with runtime.database.snapshot() as session:
        found = list(session.scalars(sa.select(Reading).order_by(Reading.reference)))
        session.expunge_all()
        return found


def messages(runtime, target: str = "tytan") -> list:
    with runtime.database.snapshot() as session:
        return list(session.execute(_OUTBOX, {"target": target}))


def audited(runtime) -> list[tuple[str, str]]:
    with runtime.database.snapshot() as session:
        return [(row.action, row.object_id) for row in session.execute(_AUDIT)]


def result(reading: Reading, status: str, code: str | None = None, reason: str | None = None, **changes) -> Result:
    given = {
        "message_id": reading.message_id, "kind": "reading.submitted", "subject_type": tytan.SUBJECT,
        "subject_id": reading.id, "status": status, "reason_code": code, "reason": reason, "reference": None,
        "status_at": datetime(2026, 11, 25, 8, 0, tzinfo=UTC),
    }  # fmt: skip
    return Result(**{**given, **changes})


def apply(runtime, given: Result) -> None:
    kind = next(m for m in tytan.MESSAGES if m.kind == given.kind)
    with runtime.database.unit_of_work() as session:
        kind.apply_result(session, given)


@pytest.fixture
def account(world):
    """The account of customer A, as the core keeps it, so that workers know where to write."""
    _account(world, A)
    return world


def _account(runtime, code: str, **changes) -> None:
    values = {
        "id": f"account-{code}", "kind": "customer", "login": code, "login_key": code, "email": f"{code}@example.pl",
        "email_key": f"{code}@example.pl", "display_name": "Maria Zielińska", "password_hash": None,
        "password_changed_at": None, "status": "normal", "locale": "pl",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC), **changes,
    }  # fmt: skip
    _insert(runtime, "core_account", values)


def _access(runtime, code: str, **changes) -> None:
    values = {
        "id": uuid7(), "account_id": f"account-{code}", "customer_code": code, "role": "owner", "scope": "all",
        "source": "office", "granted_by": None, "valid_from": date(2026, 1, 1), "valid_to": None, "revoked_at": None,
        "reason": None, "created_at": datetime(2026, 1, 1, tzinfo=UTC), **changes,
    }  # fmt: skip
    _insert(runtime, "core_customer_access", values)


def _insert(runtime, name: str, values: dict) -> None:
    from ebok_core.db import Base

    with runtime.database.unit_of_work() as session:
        session.execute(sa.insert(Base.metadata.tables[name]).values(values))


# Taking readings


@pytest.mark.feature("L68", "L69", "L180")
def test_two_points_in_one_form_are_one_batch(world, viewer_a, put):
    put.meter("W4", "20AB000004", "403-1001-1", installed_on=date(2026, 1, 1))
    path = submit(world, viewer_a, entry(M1, "430"), entry("W4", "12"))
    first, second = readings(world)
    assert (first.reference, second.reference) == ("OD-2026-11-0001", "OD-2026-11-0002")
    assert first.batch_id == second.batch_id and path == f"/odczyty/przyjete/{first.batch_id}"
    assert (first.status, first.reading_value, first.consumption_m3) == ("pending", Decimal(430), Decimal(9))
    assert (first.previous_on, first.previous_value, first.meter_number) == (LAST, Decimal(421), "12CB050038")
    assert {row.account_id for row in (first, second)} == {viewer_a.account_id}
    assert [action for action, _ in audited(world)] == ["odczyt.reading.submitted"] * 2


def test_the_message_carries_what_the_contract_says(world, viewer_a):
    submit(world, viewer_a, entry(note="Klucze u sąsiada", reason="away"))
    (reading,), (message,) = readings(world), messages(world)
    assert (message.id, message.kind, message.version) == (reading.message_id, "reading.submitted", 1)
    assert (message.stream_key, message.customer_code) == (f"c:{A}", A)
    assert (message.subject_type, message.subject_id) == ("odczyt.reading", reading.id)
    assert json.loads(message.payload) == {
        "meter_id": M1, "read_on": "2026-11-24", "reading_value_m3": 430, "confirmed_warnings": [],
        "note": "Nikogo nie było w domu. Klucze u sąsiada", "reference": reading.reference,
        "accepted_at": "2026-11-24T08:00:00.000+00:00",
    }  # fmt: skip


def test_confirmation_goes_to_the_customer_s_mail(world, viewer_a):
    path = submit(world, viewer_a)
    (mail,) = messages(world, "mail")
    sent = json.loads(mail.payload)
    assert sent["to"] == viewer_a.email and sent["template"] == "odczyt.submitted"
    for part in ("12CB050038", "430\u00a0m³", "24.11.2026", "OD-2026-11-0001", path):
        assert part in sent["text"] and part in sent["html"].replace("&nbsp;", "\u00a0")


def test_without_an_address_the_reading_counts_all_the_same(world, make_viewer):
    assert submit(world, make_viewer(A, email=None)).startswith("/odczyty/przyjete/")
    assert len(readings(world)) == 1 and messages(world, "mail") == []


@pytest.mark.parametrize("text", ["14", "-5", "1250,7", "1e5", "9" * 40, "abc"])
def test_a_stopped_reading_stores_nothing(world, viewer_a, text):
    with pytest.raises(NotPlausible) as refused:
        submit(world, viewer_a, entry(text=text), entry(M2, "41"))
    assert refused.value.judged[0].verdict.of(Level.STOP)
    assert readings(world) == [] and messages(world) == [] and audited(world) == []


@pytest.mark.feature("L76", "P19")
def test_a_question_is_confirmed_with_its_digest(world, viewer_a):
    high = entry(text="462")
    with pytest.raises(NotPlausible) as refused:
        submit(world, viewer_a, high)
    verdict = refused.value.judged[0].verdict
    assert [f.code for f in verdict.findings if f.level is Level.QUESTION] == ["high"]
    submit(world, viewer_a, entry(text="462", confirmation=verdict.digest))
    (reading,) = readings(world)
    assert reading.confirmed_warnings == "high" and reading.expected_m3 is not None
    assert json.loads(messages(world)[0].payload)["confirmed_warnings"] == ["high"]


def test_S08_one_foreign_meter_refuses_the_whole_form(world, viewer_a):
    with pytest.raises(NotFound):
        submit(world, viewer_a, entry(M1, "430"), entry(FOREIGN, "510"))
    with pytest.raises(NotFound):
        submit(world, viewer_a, entry("no-such-meter", "510"))
    assert readings(world) == [] and messages(world) == []


def test_S08_one_foreign_meter_among_a_hundred_refuses_them_all(world, viewer_a, put):
    own = [f"W-{number}" for number in range(99)]
    for number, meter_id in enumerate(own):
        put.meter(meter_id, f"26NN{number:06d}", "403-1001-1", role="flat", installed_on=date(2026, 1, 1))
    entries = [entry(meter_id, "12") for meter_id in own]
    with pytest.raises(NotFound):
        submit(world, viewer_a, *entries[:50], entry(FOREIGN, "510"), *entries[50:])
    assert readings(world) == [] and messages(world) == [] and audited(world) == []
    submit(world, viewer_a, *entries)
    assert [row.reference for row in readings(world)][-1] == "OD-2026-11-0099"
    assert len(messages(world)) == 99


@pytest.mark.feature("P18")
def test_a_radio_meter_takes_no_reading(world, viewer_a):
    with pytest.raises(NotPlausible) as refused:
        submit(world, viewer_a, entry(M3, "90"))
    assert [f.code for f in refused.value.judged[0].verdict.of(Level.STOP)] == ["radio_meter"]


@pytest.mark.feature("P17")
def test_garden_above_its_main_on_the_same_form_is_asked_about(world, viewer_a):
    with world.database.snapshot() as session:
        main, garden = service.examine(session, viewer_a, [entry(M1, "430"), entry(M2, "50")])
        alone = service.examine(session, viewer_a, [entry(M2, "50")])
    assert [f.code for f in garden.verdict.findings] == ["garden_exceeds_main"]
    assert dict(garden.verdict.findings[0].numbers) == {"use": 10, "main_use": 9}
    assert main.passes and not garden.passes
    assert [f.code for f in alone[0].verdict.findings] == []


@pytest.mark.feature("P20")
def test_history_goes_on_over_an_exchange(world, viewer_a, put):
    """The new meter knows no year of its own, the place does: 20 m³ in 30 days are asked about."""
    put.change("ebok_meters", M1, removed_on=date(2026, 10, 25), removed_value=Decimal(427), active=False)
    put.meter("W5", "26ZZ000005", "403-1001-0", installed_on=date(2026, 10, 25), diameter_mm=20)
    with world.database.snapshot() as session:
        new, old = service.examine(session, viewer_a, [entry("W5", "20"), entry(M1, "430")])
    assert [f.code for f in new.verdict.findings] == ["high"]
    assert new.verdict.findings[0].numbers["use"] == 20
    assert [f.code for f in old.verdict.of(Level.STOP)] == ["meter_inactive"]


# Sent again, sent at once


@pytest.mark.promise
def test_R03_the_same_form_again_gives_the_first_answer(world, viewer_a, viewer_b):
    token = uuid7()
    first = submit(world, viewer_a, token=token)
    assert submit(world, viewer_a, token=token) == first
    assert len(readings(world)) == len(messages(world)) == 1
    with pytest.raises(Refused) as refused:
        submit(world, viewer_b, entry(FOREIGN, "510"), token=token)
    assert refused.value.code == "token_of_another"


def at_once(count: int, work) -> list:
    """Run `work(number)` in so many threads that start together; what they returned or raised."""
    gate, answers = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        gate.wait()
        try:
            answers[number] = work(number)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.promise
@pytest.mark.slow
def test_R04_fifty_parallel_posts_of_one_form_are_one_reading(world, viewer_a):
    token = uuid7()

    def send(_number: int) -> str:
        for _try in range(20):
            try:
                return submit(world, viewer_a, token=token)
            except Refused:
                raise
            except Exception as busy:  # SQLite under fifty writers may ask to come back: nothing was stored
                error = busy
        raise error

    answers = at_once(50, send)
    assert len(set(answers)) == 1 and answers[0].startswith("/odczyty/przyjete/")
    assert len(readings(world)) == len(messages(world)) == len(messages(world, "mail")) == 1


@pytest.mark.promise
def test_R05_two_forms_for_one_meter_and_day_are_one_reading(world, viewer_a):
    answers = at_once(2, lambda number: submit(world, viewer_a, entry(text=str(430 + number))))
    assert sorted(isinstance(answer, Refused) for answer in answers) == [False, True]
    assert len(readings(world)) == len(messages(world)) == 1


@pytest.mark.promise
def test_R05_the_database_itself_keeps_one_live_reading_of_a_day(world, viewer_a):
    submit(world, viewer_a)
    (first,) = readings(world)
    twin = {c.name: getattr(first, c.name) for c in Reading.__table__.columns}
    twin |= {"id": uuid7(), "message_id": uuid7(), "reference": "OD-2026-11-9999"}
    with pytest.raises(sa.exc.IntegrityError), world.database.unit_of_work() as session:
        session.execute(sa.insert(Reading).values(twin))


def test_parallel_customers_get_different_numbers(world, viewer_a, viewer_b):
    at_once(2, lambda n: submit(world, *((viewer_a, entry()) if n else (viewer_b, entry(FOREIGN, "510")))))
    assert [row.reference for row in readings(world)] == ["OD-2026-11-0001", "OD-2026-11-0002"]


# The deadline


@pytest.mark.promise
@pytest.mark.feature("P15")
@pytest.mark.parametrize(
    ("day", "at", "asked"),
    [
        (date(2026, 11, 30), time(23, 59, 59, 999_000), []),
        (date(2026, 12, 1), time(0, 0), ["outside_window"]),
        (date(2028, 2, 29), time(23, 59, 59, 999_000), []),
        (date(2026, 12, 31), time(23, 59, 59, 999_000), []),
        (date(2027, 1, 1), time(0, 0), ["outside_window"]),
    ],
)
def test_R46_the_window_closes_at_midnight_in_warsaw(world, viewer_a, clock, day, at, asked):
    clock.set_local(day, at)
    with world.database.snapshot() as session:
        (judged,) = service.examine(session, viewer_a, [entry(text="440", read_on=date(2026, 11, 30))])
    codes = {f.code for f in judged.verdict.findings}
    assert ("outside_window" in codes) is bool(asked)


# Taking back


@pytest.mark.feature("P25")
def test_withdrawn_and_given_again(world, viewer_a):
    submit(world, viewer_a)
    (first,) = readings(world)
    with world.database.unit_of_work() as session:
        assert service.withdraw_reading(session, viewer_a, first.id).status == "withdrawn"
    with world.database.unit_of_work() as session:
        service.withdraw_reading(session, viewer_a, first.id)
    submitted, withdrawn = messages(world)
    assert withdrawn.kind == "reading.withdrawn" and withdrawn.depends_on == submitted.id
    assert json.loads(withdrawn.payload) == {"reading_message_id": first.message_id}
    assert (withdrawn.stream_key, withdrawn.subject_id) == (f"c:{A}", first.id)
    submit(world, viewer_a, entry(text="431"))
    assert [(row.status, row.reading_value) for row in readings(world)] == [
        ("withdrawn", Decimal(430)),
        ("pending", Decimal(431)),
    ]
    assert [action for action, _ in audited(world)].count("odczyt.reading.withdrawn") == 1


@pytest.mark.feature("P25")
def test_two_withdrawals_at_once_are_one(world, viewer_a):
    submit(world, viewer_a)
    (reading,) = readings(world)

    def withdraw(_number: int) -> str:
        with world.database.unit_of_work() as session:
            return service.withdraw_reading(session, viewer_a, reading.id).status

    assert at_once(2, withdraw) == ["withdrawn", "withdrawn"]
    assert [m.kind for m in messages(world)] == ["reading.submitted", "reading.withdrawn"]


def test_nobody_withdraws_another_s_reading(world, viewer_a, viewer_b):
    submit(world, viewer_a)
    (reading,) = readings(world)
    with pytest.raises(NotFound), world.database.unit_of_work() as session:
        service.withdraw_reading(session, viewer_b, reading.id)
    assert readings(world)[0].status == "pending"


def test_what_the_copy_shows_as_taken_over_is_not_withdrawn(world, viewer_a, put):
    submit(world, viewer_a)
    (reading,) = readings(world)
    put.reading("R1-99", M1, TODAY, 430, status="accepted", reading_method="customer", message_id=reading.message_id)
    with pytest.raises(Refused) as refused, world.database.unit_of_work() as session:
        service.withdraw_reading(session, viewer_a, reading.id)
    assert refused.value.code == "too_late"
    assert readings(world)[0].status == "pending" and len(messages(world)) == 1


# TYTAN's verdicts


def test_applied_is_accepted_once(account, viewer_a):
    submit(account, viewer_a)
    (reading,) = readings(account)
    for _ in range(2):
        apply(account, result(reading, "applied"))
    (after,) = readings(account)
    assert (after.status, after.status_at) == ("accepted", datetime(2026, 11, 25, 8, 0, tzinfo=UTC))
    assert len(messages(account, "mail")) == 1


CODES = ["unknown_customer", "unknown_object", "duplicate", "too_late", "implausible", "not_allowed", "other"]


@pytest.mark.promise
@pytest.mark.feature("L75")
@pytest.mark.parametrize("code", [*CODES, None, "brand_new_code"])
def test_R11_a_refusal_reaches_the_customer_in_plain_words_with_a_way_out(account, viewer_a, code):
    submit(account, viewer_a)
    (reading,) = readings(account)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            apply(account, result(reading, "rejected", code, "kod 17: stan poza zakresem"))
    alarms = [entry for entry in logs if entry["event"] == "odczyt.unknown_reason_code"]
    assert bool(alarms) is (code == "brand_new_code")
    (after,) = readings(account)
    assert (after.status, after.reason_code) == ("rejected", code or "other")
    sent = [json.loads(m.payload) for m in messages(account, "mail")]
    assert [mail["template"] for mail in sent] == ["odczyt.submitted", "odczyt.rejected"]
    words = schemas.result_words(after.reason_code, after.reason)
    assert words.title and words.advice
    for text in (words.title, words.advice, "12CB050038", after.reference, "/odczyty/"):
        assert text in sent[1]["text"]
    own_words = code in (None, "other", "implausible", "brand_new_code")
    assert ("kod 17" in sent[1]["text"]) is own_words
    submit(account, viewer_a, entry(text="429"))


def test_every_reason_code_of_the_contract_has_words_of_its_own(world):
    texts = [schemas.result_words(code, None) for code in CODES]
    assert len({words.title for words in texts}) == len({words.advice for words in texts}) == len(CODES)


def test_a_rejected_reading_of_a_vanished_account_is_rejected_in_silence(world, viewer_a):
    submit(world, viewer_a)
    (reading,) = readings(world)
    apply(world, result(reading, "rejected", "implausible"))
    assert readings(world)[0].status == "rejected" and len(messages(world, "mail")) == 1


@pytest.mark.feature("P25")
def test_a_withdrawal_that_came_too_late_lets_the_reading_live(account, viewer_a, put):
    submit(account, viewer_a)
    (reading,) = readings(account)
    with account.database.unit_of_work() as session:
        service.withdraw_reading(session, viewer_a, reading.id)
    for _ in range(2):
        apply(account, result(reading, "rejected", "too_late", kind="reading.withdrawn"))
    assert readings(account)[0].status == "withdrawn"
    assert [json.loads(m.payload)["template"] for m in messages(account, "mail")][1:] == ["odczyt.not_withdrawn"]
    put.reading("R1-99", M1, TODAY, 430, status="accepted", reading_method="customer", message_id=reading.message_id)
    jobs.follow_copy(account)
    (after,) = readings(account)
    assert (after.status, after.reason_code) == ("accepted", None)


def test_an_accepted_withdrawal_changes_nothing_more(world, viewer_a):
    submit(world, viewer_a)
    (reading,) = readings(world)
    with world.database.unit_of_work() as session:
        service.withdraw_reading(session, viewer_a, reading.id)
    apply(world, result(reading, "applied", kind="reading.withdrawn"))
    apply(world, result(reading, "applied"))
    assert readings(world)[0].status == "withdrawn"


# The copy


@pytest.mark.feature("L73", "L74")
def test_the_job_takes_over_what_the_copy_shows(account, viewer_a, put):
    submit(account, viewer_a, entry(M1, "430"), entry(M2, "41"))
    first, second = readings(account)
    for id_, row in (("R1-98", first), ("R2-98", second)):
        put.reading(id_, row.meter_id, TODAY, row.reading_value, status="accepted", message_id=row.message_id)
    assert jobs.follow_copy(account) == "2"
    assert [row.status for row in readings(account)] == ["accepted", "accepted"]
    assert jobs.follow_copy(account) is None
    put.change("ebok_readings", "R1-98", status="settled", invoice_number="R. 2026/000777")
    put.change("ebok_readings", "R2-98", status="rejected", reason="Na zdjęciu jest 40.")
    assert jobs.follow_copy(account) == "2"
    first, second = readings(account)
    assert (first.status, first.invoice_number) == ("settled", "R. 2026/000777")
    assert (second.status, second.reason) == ("rejected", "Na zdjęciu jest 40.")
    assert "Na zdjęciu jest 40." in json.loads(messages(account, "mail")[-1].payload)["text"]


def test_the_job_works_in_batches(make_runtime, modules, world, viewer_a, put):
    submit(world, viewer_a, entry(M1, "430"), entry(M2, "41"))
    for number, row in enumerate(readings(world)):
        put.reading(f"N-{number}", row.meter_id, TODAY, row.reading_value, status="accepted", message_id=row.message_id)
    small = make_runtime(modules=modules, environ={"EBOK_ODCZYT__FOLLOW_BATCH": "1"})
    assert small.module_settings["ebok_odczyt"].follow_batch == 1
    assert jobs.follow_copy(small) == "2"


def test_a_pending_reading_counts_once_whether_copied_or_not(world, viewer_a, put):
    """The copy may already carry our reading: it is known once, by its message."""
    submit(world, viewer_a)
    (reading,) = readings(world)
    put.reading("R1-99", M1, TODAY, 430, status="pending", reading_method="customer", message_id=reading.message_id)
    with world.database.snapshot() as session:
        every = service.meters_of(session, viewer_a)
        (known,) = service.known_of(session, viewer_a, [r for r in every if r.id == M1], every)
    assert [s.read_on for s in known.states].count(TODAY) == 1
    assert known.waiting == ((reading.id, reading.reference, TODAY, Decimal(430)),)
    assert known.usual_quarter == 9 and known.last.value == 421


# Reminders


@pytest.mark.feature("P15")
def test_a_reminder_before_the_window_closes_to_whoever_still_owes_a_reading(account, viewer_a, clock):
    _access(account, A)
    _account(account, B, email=None)
    _access(account, B)
    assert jobs.remind(account) is None  # 24 November: the window closes on the 30th, three days are not reached
    clock.set_local(date(2026, 11, 27))
    assert jobs.remind(account) == "1"
    assert jobs.remind(account) == "1" and len(messages(account, "mail")) == 1
    sent = json.loads(messages(account, "mail")[0].payload)
    assert sent["to"] == viewer_a.email and "2 wodomierzy" in sent["text"] and "30 listopada" in sent["text"]
    submit(account, viewer_a, entry(M1, "430"), entry(M2, "41"))
    with account.database.snapshot() as session:
        assert service.reminders_due(session, date(2026, 11, 27)) == []


def test_nobody_is_reminded_whose_access_ended(account, clock):
    _access(account, A, valid_to=date(2026, 11, 26))
    clock.set_local(date(2026, 11, 27))
    assert jobs.remind(account) is None


def test_next_month_begins_a_new_count_of_numbers(world, viewer_a, viewer_b, clock):
    submit(world, viewer_a)
    clock.advance(timedelta(days=30))
    confirmed = entry(FOREIGN, "510", read_on=date(2026, 12, 24))
    submit(world, viewer_b, confirmed)
    assert [row.reference for row in readings(world)] == ["OD-2026-11-0001", "OD-2026-12-0001"]
