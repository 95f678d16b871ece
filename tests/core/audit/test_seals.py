"""The daily seal (N03): a row, a line in a file, a mail; a cut tail and a rewritten chain are found by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from marshmallow import ValidationError
from sqlalchemy.exc import DBAPIError

from ebok_core import audit, runtime_settings
from ebok_core.audit import commands, jobs, offline, rules, seals, watch
from ebok_core.audit.models import AuditEvent
from ebok_core.audit.settings import AuditConfig, AuditConfigSchema
from ebok_core.errors import EbokError
from ebok_core.outbox.models import Message

TRIGGERS = ("core_audit_event_no_update", "core_audit_event_no_delete")
SEAL_TRIGGERS = ("core_audit_seal_no_update", "core_audit_seal_no_delete")


def record(runtime, count=1, **details):
    for n in range(count):
        with runtime.database.unit_of_work() as session:
            audit.record(session, "core.x.done", actor="a-1", object_type="x", object_id=f"x-{n}", **details)


def forge(runtime, *statements, **values):
    """Do what an attacker with the database does: take the triggers away, then write."""
    with runtime.database.unit_of_work() as session:
        if runtime.database.is_sqlite:
            for name in (*TRIGGERS, *SEAL_TRIGGERS):
                session.execute(sa.text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            session.execute(sa.text("ALTER TABLE core_audit_event DISABLE TRIGGER ALL"))
            session.execute(sa.text("ALTER TABLE core_audit_seal DISABLE TRIGGER ALL"))
        for statement in statements:
            session.execute(sa.text(statement), values)


def hash_of(runtime, seq):
    with runtime.database.snapshot() as session:
        return session.execute(sa.select(AuditEvent.hash).where(AuditEvent.seq == seq)).scalar_one()


def cut_after(runtime, seq, *more):
    """Delete the tail and set the head back, as somebody who knows how the chain is made."""
    forge(
        runtime,
        f"DELETE FROM core_audit_event WHERE seq > {seq}",
        f"UPDATE core_audit_head SET seq = {seq}, hash = :h",
        *more,
        h=hash_of(runtime, seq) if seq else rules.GENESIS,
    )


def verdict(runtime):
    with runtime.database.snapshot() as session:
        return seals.verify(session, seals.file_of(runtime.settings))


@pytest.fixture
def sealed(runtime, clock):
    """Five events, sealed on two days."""
    record(runtime, 3)
    clock.advance(days=1)
    jobs.seal_day(runtime)
    record(runtime, 2)
    clock.advance(days=1)
    jobs.seal_day(runtime)
    return runtime


def test_a_day_is_sealed_once_and_says_how_far_the_chain_went(sealed):
    with sealed.database.snapshot() as session:
        first, second = seals.every(session)
    assert (first.day.isoformat(), first.seq, first.events) == ("2026-11-24", 3, 3)
    assert (second.day.isoformat(), second.seq, second.events) == ("2026-11-25", 5, 2)
    assert second.prev_hash == first.hash and second.head_hash == hash_of(sealed, 5)
    jobs.seal_day(sealed)
    assert verdict(sealed) == audit.Verdict(5, 5)
    lines = seals.file_of(sealed.settings).read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [3, 5]


def test_a_day_without_an_event_has_its_seal_too(runtime, clock):
    assert "Zapieczętowano do zapisu nr 0" in jobs.seal_day(runtime)
    assert verdict(runtime) == audit.Verdict(0, 0)


def test_the_file_is_its_owner_s_and_is_completed_when_it_was_away(sealed):
    path = seals.file_of(sealed.settings)
    assert path.stat().st_mode & 0o077 == 0
    whole = path.read_text()
    path.unlink()
    jobs.seal_day(sealed)
    assert path.read_text() == whole


def test_the_seal_is_mailed_once_to_each_keeper(runtime, clock):
    with runtime.database.unit_of_work() as session:
        keepers = AuditConfig(keepers="iod@example.pl\nksiegowosc@example.pl\n")
        runtime_settings.save(session, AuditConfigSchema, keepers, keys=runtime.settings.encryption_keys)
    record(runtime, 2)
    clock.advance(days=1)
    for _ in range(2):
        jobs.seal_day(runtime)
    with runtime.database.snapshot() as session:
        payloads = [json.loads(p) for p in session.scalars(sa.select(Message.payload))]
    assert sorted(p["to"] for p in payloads) == ["iod@example.pl", "ksiegowosc@example.pl"]
    assert all(hash_of(runtime, 2) in p["text"] and "2026-11-24" in p["subject"] for p in payloads)


@pytest.mark.parametrize(
    "statement", ["UPDATE core_audit_seal SET seq = 1", "DELETE FROM core_audit_seal"], ids=["change", "delete"]
)
def test_the_database_refuses_to_change_or_delete_a_seal(sealed, statement):
    with pytest.raises(DBAPIError, match="append-only"), sealed.database.unit_of_work() as session:
        session.execute(sa.text(statement))


def test_S58_a_cut_tail_is_found_by_the_seal_in_the_database(sealed):
    cut_after(sealed, 4)
    fault = verdict(sealed).fault
    assert fault is not None and (fault.seq, fault.text) == (5, "an anchor names it, and it is gone")


def test_S58_a_tail_that_was_cut_with_its_seals_is_found_by_the_file(sealed):
    cut_after(sealed, 3, "DELETE FROM core_audit_seal WHERE seq > 3")
    with sealed.database.snapshot() as session:
        assert seals.verify(session).fault is None, "the database alone can't show it"
    fault = verdict(sealed).fault
    assert fault is not None and (fault.seq, fault.text) == (5, "the seal of 2026-11-25 is gone")


def test_S58_everything_rewritten_with_the_key_is_found_by_the_file(sealed, clock):
    cut_after(sealed, 0, "DELETE FROM core_audit_seal")
    record(sealed, 5, reason="invented")
    with sealed.database.unit_of_work() as session:
        assert seals.make(session) is not None
    fault = verdict(sealed).fault
    assert fault is not None and "is gone" in fault.text


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        ("UPDATE core_audit_seal SET seq = 4 WHERE seq = 5", "the seal of 2026-11-25 was changed"),
        ("UPDATE core_audit_seal SET head_hash = prev_hash WHERE seq = 3", "the seal of 2026-11-24 was changed"),
        ("DELETE FROM core_audit_seal WHERE seq = 3", "the seal before that of 2026-11-25 is missing"),
        ("UPDATE core_audit_seal SET key_id = 'ffff' WHERE seq = 5", "made with the key ffff"),
    ],
    ids=["number", "hash", "missing", "key"],
)
def test_a_seal_that_was_tampered_with_is_named(sealed, attack, words):
    forge(sealed, attack)
    with sealed.database.snapshot() as session:
        fault = seals.fault_of(seals.every(session), audit.service.keyring(session))
    assert fault is not None and words in fault.text
    assert verdict(sealed).fault is not None


def test_a_changed_line_of_the_file_is_found(sealed):
    path = seals.file_of(sealed.settings)
    path.write_text(path.read_text().replace('"seq":5', '"seq":4'))
    assert "was changed" in verdict(sealed).fault.text
    path.write_text("rubbish\n")
    assert "line 1 is no seal" in verdict(sealed).fault.text


def test_a_seal_made_with_a_former_key_holds(sealed, make_runtime, clock):
    rotated = make_runtime(audit_key="b" * 40, audit_key_fallbacks=["a" * 40])
    record(rotated, 1)
    clock.advance(days=1)
    jobs.seal_day(rotated)
    assert verdict(rotated) == audit.Verdict(6, 6)


# The watch


@pytest.mark.feature("N03")
def test_an_altered_old_row_is_named_within_a_minute_and_on_the_command_line(sealed, clock, monkeypatch):
    assert watch.look(sealed) is None
    forge(sealed, "UPDATE core_audit_event SET reason = 'other' WHERE seq = 2")
    clock.advance(seconds=30)
    fault = watch.look(sealed)
    assert fault is not None and (fault.seq, fault.text) == (2, "was changed")
    with sealed.database.snapshot() as session:
        shown = watch.shown(session)
    assert (shown.fault_seq, shown.fault_at) == (2, clock.now_utc())
    monkeypatch.setattr(commands.runtimes, "build", lambda: sealed)
    answer = CliRunner().invoke(commands.audit, ["verify"])
    assert answer.exit_code == 1 and "BROKEN at event 2: was changed" in answer.output


def test_the_job_fails_once_and_the_known_fault_stays_until_a_whole_walk_finds_none(sealed, clock):
    before = hash_of(sealed, 4)
    forge(sealed, "UPDATE core_audit_event SET hash = prev_hash WHERE seq = 4")
    with pytest.raises(EbokError, match="zapisie nr 4"):
        jobs.watch_chain(sealed)
    assert jobs.watch_chain(sealed) is None
    forge(sealed, "UPDATE core_audit_event SET hash = :h WHERE seq = 4", h=before)
    assert jobs.watch_chain(sealed) is None
    with sealed.database.snapshot() as session:
        assert watch.shown(session).fault_seq == 4, "nobody takes an alarm back by putting the row right"
    assert jobs.verify_chain(sealed) == "Sprawdzono 5 zapisów"
    with sealed.database.snapshot() as session:
        assert watch.shown(session).fault is None


def test_a_cut_tail_is_noticed_before_there_is_a_seal(runtime, clock):
    record(runtime, 5)
    assert watch.look(runtime) is None
    cut_after(runtime, 3)
    fault = watch.look(runtime)
    assert fault is not None and (fault.seq, fault.text) == (5, "the watch saw it, and it is gone")


def test_the_round_goes_over_a_long_chain_piece_by_piece(runtime, clock, monkeypatch):
    monkeypatch.setattr(watch, "TAIL", 2)
    monkeypatch.setattr(watch, "ROUND", 4)
    record(runtime, 10)
    assert watch.look(runtime) is None  # events 1-4, and the last two
    forge(runtime, "UPDATE core_audit_event SET actor = 'b-2' WHERE seq = 7")
    fault = watch.look(runtime)  # events 5-8
    assert fault is not None and fault.seq == 7


def test_the_round_begins_again_after_the_end(runtime, clock, monkeypatch):
    monkeypatch.setattr(watch, "TAIL", 1)
    monkeypatch.setattr(watch, "ROUND", 4)
    record(runtime, 6)
    assert [watch.look(runtime) for _ in range(2)] == [None, None]
    forge(runtime, "UPDATE core_audit_event SET actor = 'b-2' WHERE seq = 1")
    fault = watch.look(runtime)
    assert fault is not None and fault.seq == 1


# Away from the portal


def export(runtime, folder, monkeypatch):
    monkeypatch.setattr(commands.runtimes, "build", lambda: runtime)
    file = folder / "dziennik.jsonl"
    answer = CliRunner().invoke(commands.audit, ["export", str(file)])
    assert answer.exit_code == 0, answer.output
    key = folder / "klucz.env"
    key.write_text(f"EBOK_SECRET_KEY=x\nEBOK_AUDIT_KEY={runtime.settings.audit_key}\n")
    return file, key


@pytest.fixture
def taken_away(sealed, tmp_path, monkeypatch):
    """The export with the script beside it, and how to run the script as a stranger's machine would."""
    file, key = export(sealed, tmp_path, monkeypatch)

    def run(*options):
        command = [sys.executable, "-I", "-S", str(tmp_path / "verify_audit.py"), str(file), *options]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=30)  # noqa: S603
        return done.returncode, done.stdout

    return file, key, run


@pytest.mark.feature("N03")
def test_the_script_alone_verifies_an_export_and_names_the_bad_row(taken_away):
    file, key, run = taken_away
    assert run("--key-file", str(key)) == (0, "Dziennik jest cały. Zapisy: 5, pieczęcie: 2, z kluczem.\n")
    assert file.stat().st_mode & 0o077 == 0
    file.write_text(file.read_text().replace('"object_id":"x-1"', '"object_id":"x-9"', 1))
    assert run("--key-file", str(key)) == (1, "NARUSZONY: zapis nr 2: treść zmieniono\n")
    code, said = run()
    assert code == 0 and "klucza nie podano" in said, "without the key it says what it could not check"


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ('"seq":3,', "brakuje zapisu nr 3"),
        ('"kind":"event"', "nagłówek wskazuje inny koniec"),
        ('"kind":"head"', "nagłówek wskazuje inny koniec"),
    ],
    ids=["one", "all", "head"],
)
def test_the_script_finds_what_is_missing(taken_away, gone, words):
    file, key, run = taken_away
    lines = [line for line in file.read_text().splitlines() if gone not in line or '"kind":"seal"' in line]
    file.write_text("\n".join(lines) + "\n")
    code, said = run("--key-file", str(key))
    assert code == 1
    assert words in said or "nie zgadza się z pieczęcią" in said


def test_the_script_compares_with_anchors_and_the_file_of_seals(taken_away, sealed):
    _file, key, run = taken_away
    assert run("--anchor", f"5:{hash_of(sealed, 5)}", "--seals", str(seals.file_of(sealed.settings)))[0] == 0
    code, said = run("--key-file", str(key), "--anchor", f"5:{'0' * 64}")
    assert (code, said) == (1, "NARUSZONY: zapis nr 5 różni się od kotwicy\n")
    assert "zniknął" in run("--anchor", f"9:{'0' * 64}")[1]
    assert run("--key-file", "/nie/ma")[0] == 2


def test_the_script_needs_nothing_but_the_standard_library():
    assert "ebok_core" not in Path(str(offline.__file__)).read_text()


def test_an_export_never_writes_over_a_file(taken_away, sealed):
    file, _key, _run = taken_away
    assert CliRunner().invoke(commands.audit, ["export", str(file)]).exit_code != 0


def test_verify_says_how_far_it_is_sealed(sealed, monkeypatch):
    monkeypatch.setattr(commands.runtimes, "build", lambda: sealed)
    answer = CliRunner().invoke(commands.audit, ["verify"])
    assert answer.output == f"ok: 5 events, the last is 5\nsealed: 2026-11-25 5:{hash_of(sealed, 5)}\n"


@pytest.mark.parametrize("text", ["nie adres", "a@b.pl c@d.pl e@f.pl g@h.pl i@j.pl k@l.pl"])
def test_the_settings_refuse_what_is_no_list_of_addresses(text):
    with pytest.raises(ValidationError):
        AuditConfigSchema().load({"keepers": text})
