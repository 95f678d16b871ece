"""The audit chain: written with the change or not at all, and every tampering is named (security.md §10)."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError

from ebok_core import Viewer, audit
from ebok_core.audit import commands, jobs, rules
from ebok_core.audit.models import AuditEvent
from ebok_core.errors import ConfigurationError, EbokError

ANNA = Viewer(
    account_id="a-1",
    kind="customer",
    login="anna",
    display_name="Anna",
    permissions=frozenset(),
    customer_codes=("1-00096",),
    customer_code="1-00096",
)


def record(runtime, count=1, **details):
    for n in range(count):
        with runtime.database.unit_of_work() as session:
            audit.record(
                session,
                "odczyt.reading.submitted",
                actor=ANNA,
                object_type="reading",
                object_id=f"r-{n}",
                **{"after": {"value": Decimal("421"), "on": date(2026, 11, 24)}, **details},
            )


def verdict(runtime, **options):
    with runtime.database.snapshot() as session:
        return audit.verify(session, **options)


def forge(runtime, *statements, **values):
    """Do what an attacker with the database does: take the triggers away, then write."""
    with runtime.database.unit_of_work() as session:
        if runtime.database.is_sqlite:
            session.execute(sa.text("DROP TRIGGER core_audit_event_no_update"))
            session.execute(sa.text("DROP TRIGGER core_audit_event_no_delete"))
        else:
            session.execute(sa.text("ALTER TABLE core_audit_event DISABLE TRIGGER ALL"))
        for statement in statements:
            session.execute(sa.text(statement), values)


def test_S58_a_good_chain_is_good(runtime, clock):
    assert verdict(runtime) == audit.Verdict(0, 0)
    record(runtime, 5)
    assert verdict(runtime) == audit.Verdict(5, 5)
    assert verdict(runtime, last=2) == audit.Verdict(2, 5)


def test_the_event_says_who_what_where_and_in_whose_name(runtime, clock):
    meta = audit.RequestMeta(ip="192.0.2.1", user_agent="Firefox", request_id="B7K2-0916", session_hash="s" * 64)
    with audit.use_request(meta):
        record(runtime, reason="line\r\nbreak \u202e" + "x" * 600)
    with runtime.database.snapshot() as session:
        event = session.execute(sa.select(AuditEvent.__table__)).one()
    assert (event.seq, event.actor, event.on_behalf_of, event.at) == (1, "a-1", "1-00096", clock.now_utc())
    assert (event.ip, event.request_id, event.session_hash) == ("192.0.2.1", "B7K2-0916", "s" * 64)
    assert event.after == '{"on":"2026-11-24","value":"421"}'
    assert event.user_agent_hash and "Firefox" not in event.user_agent_hash
    assert event.reason is not None and event.reason.startswith("line  break  x") and len(event.reason) == 500


def test_S58_nothing_changes_without_its_event(runtime, clock):
    """The event is part of the unit of work: rolled back with it, numbers stay without gaps."""
    record(runtime)
    with pytest.raises(ZeroDivisionError), runtime.database.unit_of_work() as session:
        audit.record(session, "core.x", actor=audit.SYSTEM, object_type="x", object_id="1")
        raise ZeroDivisionError
    record(runtime)
    assert verdict(runtime) == audit.Verdict(2, 2)


def test_S58_writers_in_parallel_make_one_chain(runtime):
    threads = [threading.Thread(target=record, args=(runtime, 5)) for _ in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert verdict(runtime) == audit.Verdict(30, 30)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE core_audit_event SET action = 'x' WHERE seq = 1", "DELETE FROM core_audit_event WHERE seq = 1"],
)
def test_S58_the_database_refuses_to_change_or_delete(runtime, clock, statement):
    record(runtime)
    with pytest.raises(DBAPIError, match="append-only"), runtime.database.unit_of_work() as session:
        session.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("attack", "seq", "words"),
    [
        ("UPDATE core_audit_event SET reason = 'other' WHERE seq = 3", 3, "was changed"),
        ("UPDATE core_audit_event SET actor = 'b-2' WHERE seq = 5", 5, "was changed"),
        ("DELETE FROM core_audit_event WHERE seq = 2", 2, "missing"),
        ("DELETE FROM core_audit_event WHERE seq = 1", 1, "missing"),
        ("DELETE FROM core_audit_event WHERE seq = 5", 5, "the head says 5"),
        ("UPDATE core_audit_event SET key_id = 'ffff' WHERE seq = 4", 4, "sealed with the key ffff"),
        (
            "UPDATE core_audit_event SET seq = -seq WHERE seq IN (2, 3); "
            "UPDATE core_audit_event SET seq = 5 + seq WHERE seq < 0",
            2,
            "does not continue",
        ),
    ],
    ids=["edit", "edit last", "delete", "delete first", "cut tail", "key", "reorder"],
)
def test_S58_tampering_is_named(runtime, clock, attack, seq, words):
    record(runtime, 5, reason="r")
    forge(runtime, *attack.split("; "))
    fault = verdict(runtime).fault
    assert fault is not None and fault.seq == seq
    assert words in fault.text


def test_S58_cut_tail_with_its_head_is_shown_by_an_anchor(runtime, clock):
    record(runtime, 5)
    with runtime.database.snapshot() as session:
        _, seq, sealed = audit.anchor(session)
    with runtime.database.snapshot() as session:
        before = session.execute(sa.select(AuditEvent.hash).where(AuditEvent.seq == 3)).scalar_one()
    forge(
        runtime,
        "DELETE FROM core_audit_event WHERE seq > 3",
        "UPDATE core_audit_head SET seq = 3, hash = :h",
        h=before,
    )
    assert verdict(runtime).fault is None, "a chain alone can't show it"
    fault = verdict(runtime, anchors=[(seq, sealed)]).fault
    assert fault is not None and (fault.seq, fault.text) == (5, "an anchor names it, and it is gone")


def test_S58_full_rewrite_with_the_key_is_shown_by_an_anchor(runtime, clock):
    record(runtime, 3, reason="true")
    with runtime.database.snapshot() as session:
        _, seq, sealed = audit.anchor(session)
    forge(
        runtime,
        "DELETE FROM core_audit_event",
        "UPDATE core_audit_head SET seq = 0, hash = :h",
        h=rules.GENESIS,
    )
    record(runtime, 3, reason="false")
    assert verdict(runtime).fault is None
    fault = verdict(runtime, anchors=[(seq, sealed)]).fault
    assert fault is not None and fault.text == "differs from its anchor"


def test_keys_rotate(runtime, make_runtime, clock):
    record(runtime, 2)
    rotated = make_runtime(audit_key="b" * 40, audit_key_fallbacks=["a" * 40])
    record(rotated, 2)
    assert verdict(rotated) == audit.Verdict(4, 4)
    lost = make_runtime(audit_key="b" * 40)
    assert "EBOK_AUDIT_KEY_FALLBACKS" in verdict(lost).fault.text


def test_personal_values_are_hashed(runtime, clock):
    with runtime.database.unit_of_work() as session:
        one, same = audit.personal(session, "anna@example.pl"), audit.personal(session, "anna@example.pl")
        other = audit.personal(session, "ola@example.pl")
        assert audit.personal(session, None) is None
    assert one == same != other
    assert "anna" not in one


def test_without_a_key_nothing_is_recorded(runtime):
    runtime.database.info.clear()
    with pytest.raises(ConfigurationError, match="audit key"), runtime.database.unit_of_work() as session:
        audit.record(session, "core.x", actor=audit.SYSTEM, object_type="x", object_id="1")


def test_the_key_is_in_no_repr(runtime):
    assert "a" * 40 not in repr(runtime.database.info)


def test_verify_and_anchor_by_command(runtime, clock, monkeypatch):
    monkeypatch.setattr(commands.runtimes, "build", lambda: runtime)
    record(runtime, 2)
    anchor = CliRunner().invoke(commands.audit, ["anchor"]).output.strip()
    assert anchor.startswith("2026-11-24 2:")
    good = CliRunner().invoke(commands.audit, ["verify", "--anchor", anchor.split()[1]])
    assert (good.exit_code, good.output) == (0, "ok: 2 events, the last is 2\n")
    forge(runtime, "UPDATE core_audit_event SET object_id = 'other' WHERE seq = 2")
    bad = CliRunner().invoke(commands.audit, ["verify"])
    assert bad.exit_code == 1
    assert "BROKEN at event 2: was changed" in bad.output


def test_nightly_walk(runtime, clock):
    record(runtime, 5)
    assert jobs.verify_chain(runtime) == "Sprawdzono 5 zapisów"
    forge(runtime, "UPDATE core_audit_event SET object_id = 'other' WHERE seq = 2")
    with pytest.raises(EbokError, match="zapisie nr 2"):
        jobs.verify_chain(runtime)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": None}, '{"a":null,"b":1}'),
        ({"when": datetime(2026, 11, 24, 9, tzinfo=UTC)}, '{"when":"2026-11-24T09:00:00.000+00:00"}'),
        ({"roles": {"b", "a"}}, '{"roles":["a","b"]}'),
        ({"text": "\u2028\ud800\0"}, '{"text":"\\u2028\\ud800\\u0000"}'),
    ],
)
def test_canonical_values(value, text):
    assert rules.as_json(value) == text


def test_a_float_is_no_value():
    with pytest.raises(ValueError, match="float"):
        rules.as_json({"amount": 1.5})
