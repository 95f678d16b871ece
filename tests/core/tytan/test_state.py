"""The copy's tables, its age, and what the panel and the terminal say about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from marshmallow import ValidationError

from ebok_core import runtime_settings
from ebok_core.contracts.admin import Level
from ebok_core.contracts.tytan import Column, CopyTable, Kind
from ebok_core.tytan import commands, copy, copy_schema, ddl, jobs, naming, refresh, state, status, trouble
from ebok_core.tytan.contract import CORE_VIEWS, METERS
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema
from ebok_core.tytan.state import Freshness, freshness

from .conftest import customer_row, reading_row

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0, Freshness.FRESH),
        (26, Freshness.FRESH),
        (26.01, Freshness.AGEING),
        (72, Freshness.AGEING),
        (72.01, Freshness.OLD),
        (-1, Freshness.FRESH),
    ],
)
def test_the_copy_is_fresh_then_ageing_then_old(hours, expected):
    assert freshness(NOW - timedelta(hours=hours), NOW) is expected


def test_no_copy_at_all_is_old():
    assert freshness(None, NOW) is Freshness.OLD


def test_the_state_is_one_statement(portal, statements):
    with portal.database.snapshot() as session:
        session.execute(sa.text("SELECT 1"))
        with statements() as seen:
            assert state.copy_state(session).as_of is None
            assert len(seen) == 1
            assert state.held_back(session, "1-00001") is None


# The copy's tables

EXTRA = CopyTable(
    view="ebok_wells",
    name="wells",
    key=("id",),
    columns=(Column(name="id", kind=Kind.TEXT, size=40), Column(name="customer_code", kind=Kind.TEXT, size=20)),
)


def test_tables_are_made_once_and_made_anew_when_their_columns_change(portal, tytan, monkeypatch):
    database = portal.database
    assert refresh.refresh(portal).problem is None
    assert copy_schema.ensure(database, CORE_VIEWS) == []
    table = copy.copy_table(METERS)
    known = copy_schema.fingerprint
    monkeypatch.setattr(
        copy_schema, "fingerprint", lambda t, dialect: known(t, dialect)[::-1] if t is table else known(t, dialect)
    )
    assert copy_schema.ensure(database, CORE_VIEWS) == ["meters"]
    with database.snapshot() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0
        assert session.execute(sa.select(state.views).where(state.views.c.view == "ebok_meters")).first() is None
    report = refresh.refresh(portal)
    assert (report.problem, report.rows_changed) == (None, 3)


def test_a_table_of_a_module_that_is_gone_is_dropped(portal):
    database = portal.database
    assert copy_schema.ensure(database, (*CORE_VIEWS, EXTRA)) == ["wells"]
    assert copy_schema.ensure(database, CORE_VIEWS) == []
    with database.refresher.connect() as connection:
        schema = None if database.is_sqlite else copy.COPY_SCHEMA
        assert "wells" not in sa.inspect(connection).get_table_names(schema=schema)
    copy.metadata.remove(copy.copy_table(EXTRA))


def test_a_missing_index_comes_back(portal):
    tables = [copy.copy_table(view) for view in CORE_VIEWS]
    with portal.database.refresher.begin() as connection:
        copy_schema.drop_indexes(connection, tables)
    copy_schema.ensure(portal.database, CORE_VIEWS)
    schema = None if portal.database.is_sqlite else copy.COPY_SCHEMA
    with portal.database.refresher.connect() as connection:
        found = {i["name"] for i in sa.inspect(connection).get_indexes("readings", schema=schema)}
    assert found == {index.name for index in copy.readings.indexes}


# The settings page (L172)


def test_the_page_refuses_what_can_not_work():
    good = TytanConfigSchema().load({"address": "sqlite:////srv/t.db", "mapping": "", "refresh_seconds": 5})
    assert good == TytanConfig(address="sqlite:////srv/t.db", refresh_seconds=5)
    for values, field in (
        ({"address": "nonsense"}, "address"),
        ({"address": "postgresql://u:secret@h/d"}, "address"),
        ({"mapping": "[x"}, "mapping"),
        ({"refresh_seconds": 4}, "refresh_seconds"),
        ({"refresh_seconds": 3601}, "refresh_seconds"),
    ):
        with pytest.raises(ValidationError) as refusal:
            TytanConfigSchema().load(values)
        assert list(refusal.value.messages) == [field]


def test_the_password_is_kept_encrypted_and_shown_nowhere(runtime, configure):
    configure(address="postgresql://ebok@127.0.0.1:1/t", password="bardzo-tajne")
    with runtime.database.snapshot() as session:
        stored = session.execute(sa.text("SELECT * FROM core_runtime_setting WHERE key = 'core.tytan'")).first()
        assert "bardzo-tajne" not in str(stored)
        config = runtime_settings.get(session, TytanConfigSchema, runtime.settings.encryption_keys)
        assert config.password == "bardzo-tajne" and "bardzo-tajne" not in repr(config)
        row = status.check(session, runtime)
    assert row.level is Level.ERROR and "bardzo-tajne" not in f"{row.text} {row.hint}"


# The status row (L167) and the test button


def status_of(runtime):
    with runtime.database.snapshot() as session:
        return status.database_status(session)


@pytest.mark.feature("L167")
def test_the_status_row_follows_what_happened(portal, tytan, configure):
    assert status_of(portal).level is Level.MISSING
    refresh.refresh(portal)
    row = status_of(portal)
    assert (row.level, row.text, row.hint) == (Level.OK, "Skonfigurowany", "")
    tytan.put("ebok_customers", **customer_row("1-00001", balance="61.00"))
    tytan.put("ebok_readings", **reading_row("odd", "1-00002", "403-2", "-1.000"))
    refresh.refresh(portal)
    assert status_of(portal).hint == "wstrzymano 1 klienta, 1 wiersz w kwarantannie"
    tytan.execute("DROP TABLE ebok_ledger")
    refresh.refresh(portal)
    row = status_of(portal)
    assert row.level is Level.ERROR and "ebok_ledger" in row.hint and "2026" in row.text
    configure()
    row = status_of(portal)
    assert (row.level, row.text) == (Level.DEFAULT, "Nieskonfigurowany")


def test_the_test_button_compares_with_the_contract(portal, tytan, configure):
    def tested():
        with portal.database.snapshot() as session:
            return status.check(session, portal)

    assert tested().level is Level.OK
    tytan.execute("ALTER TABLE ebok_meters RENAME COLUMN role TO rola")
    row = tested()
    assert row.level is Level.ERROR
    heads, found = row.details
    assert heads == ("Widok", "Kolumna", "Kontrakt wymaga", "Jest")
    assert found[:2] == ("ebok_meters", "role") and "rola" in found[3]
    views = list(tytan.metadata.tables)[:12]
    for view in views:
        tytan.execute(f"DROP TABLE {view}")
    assert [line[0] for line in tested().details[1:]].count(views[0]) == 1 and len(tested().details) >= 13
    configure()
    assert tested().level is Level.DEFAULT


# The jobs


def test_the_refresh_is_due_when_its_interval_has_passed(portal, tytan, configure, clock):
    configure(address=tytan.url, refresh_seconds=60)
    assert "36" in jobs.refresh_when_due(portal)
    tytan.bill("1-00001", "R. 9", "1.00", balance="61.00")
    clock.advance(seconds=59)
    assert jobs.refresh_when_due(portal) is None
    clock.advance(seconds=1)
    assert "4" in jobs.refresh_when_due(portal)
    clock.advance(seconds=60)
    assert jobs.refresh_when_due(portal) is None


def test_a_failed_refresh_waits_for_its_turn_like_any_other(portal, configure, tytan, clock):
    configure(address=tytan.url, refresh_seconds=60)
    tytan.execute("DROP TABLE ebok_ledger")
    assert "ebok_ledger" in jobs.refresh_when_due(portal)
    clock.advance(seconds=30)
    assert jobs.refresh_when_due(portal) is None
    clock.advance(seconds=30)
    assert "ebok_ledger" in jobs.refresh_when_due(portal)


def test_the_jobs_do_nothing_without_an_address(runtime, configure):
    configure()
    assert jobs.refresh_when_due(runtime) is None
    assert jobs.full_compare(runtime) is None


def test_the_nightly_compare_finds_what_the_numbers_missed(portal, tytan):
    refresh.refresh(portal)
    tytan.delete("ebok_readings", id="r-403-1-1")
    assert "zmieniono 1 wiersz" in jobs.full_compare(portal)
    with portal.database.snapshot() as session:
        assert state.last_run(session).compared_at is not None


@pytest.mark.promise
def test_R44_no_job_of_the_copy_stands_between_two_and_three_at_night():
    schedules = {job.key: job.schedule for job in jobs.JOBS}
    assert (schedules["core.full_compare"].hour, schedules["core.full_compare"].minute) == (1, 10)
    assert schedules["core.refresh"].interval == timedelta(seconds=5)


# The terminal


@pytest.fixture
def tytan_command(portal, monkeypatch):
    monkeypatch.setattr(commands.runtimes, "build", lambda: portal)
    return lambda *words: CliRunner().invoke(commands.tytan, words, catch_exceptions=False)


def test_the_commands_check_refresh_and_tell(tytan_command, portal, tytan):
    assert tytan_command("check").exit_code == 0
    done = tytan_command("refresh")
    assert (done.exit_code, "36" in done.output) == (0, True)
    tytan.put("ebok_customers", **customer_row("1-00001", balance="61.00"))
    tytan.put("ebok_readings", **reading_row("odd", "1-00002", "403-2", "-1.000"))
    assert tytan_command("refresh", "--customer", "1-00001").exit_code == 0
    assert tytan_command("refresh", "--full").exit_code == 0
    told = tytan_command("status").output
    assert "ebok_readings" in told and "1-00001" in told
    tytan.execute("DROP TABLE ebok_ledger")
    assert tytan_command("refresh").exit_code == 1
    failed = tytan_command("check")
    assert (failed.exit_code, "ebok_ledger" in failed.output) == (1, True)


@pytest.mark.parametrize("dialect", ddl.DIALECTS)
def test_the_ddl_has_every_view_and_column_in_every_dialect(dialect):
    text = ddl.script(CORE_VIEWS, dialect)
    for view in CORE_VIEWS:
        assert f"CREATE VIEW {view.view} AS SELECT" in text
        for column in view.columns:
            assert any(f" AS {quoted.format(column.name)}" in text for quoted in ("{}", '"{}"', "[{}]", "`{}`"))
    assert text.count("CREATE TABLE") == 2
    assert text.count("PRIMARY KEY") == 2
    assert "None" not in text


def test_the_ddl_comes_from_the_command(tytan_command):
    done = tytan_command("ddl", "--dialect", "firebird")
    assert done.output == ddl.script(CORE_VIEWS, "firebird")


def test_a_report_tells_its_run_in_a_sentence():
    report = refresh.Report(kind="changes", rows_read=5, rows_changed=2)
    assert report.sentence() == "przeczytano 5 wierszy, zmieniono 2 wiersze"
    assert replace(report, problem="Nie.").sentence() == "Nie."


# What a driver says, and the field it is said beside (L172)


@pytest.mark.parametrize(
    ("reason", "field", "words"),
    [
        ('could not translate host name "tytan.exmaple.pl" to address', "address", "Nie ma serwera o tej nazwie"),
        ("connection to server at 127.0.0.1, port 1 failed: Connection refused", "address", "nie odpowiada żadna baza"),
        ("connection to server at 10.255.255.1 failed: timeout expired", "address", "nie odpowiada na czas"),
        ('FATAL: password authentication failed for user "ebok"', "password", "nie wpuszcza tego konta"),
        ("(18456, b\"Login failed for user 'ebok'.\")", "password", "nie wpuszcza tego konta"),
        ("ORA-01017: invalid username/password; logon denied", "password", "nie wpuszcza tego konta"),
        ('FATAL: database "tytna" does not exist', "address", "nie ma bazy o tej nazwie"),
        ("Nie ma pliku /srv/t.db", "address", "nie ma pliku o tej nazwie"),
        ("SSL error: certificate verify failed", "address", "certyfikat"),
        ("the moon is full", "address", "the moon is full"),
    ],
)
def test_a_driver_s_words_become_a_sentence_beside_a_field(reason, field, words):
    found = trouble.of(reason)
    assert found.field == field and words in found.text


def test_trying_out_tests_what_is_typed_and_keeps_the_stored_password(portal, tytan, configure):
    configure(address="postgresql://ebok@127.0.0.1:1/t", password="bardzo-tajne")
    row = status.try_out(TytanConfig(address=tytan.url), portal)
    assert row.level is Level.OK
    row = status.try_out(TytanConfig(address="postgresql://ebok@127.0.0.1:1/t"), portal)
    assert (row.level, row.field) == (Level.ERROR, "address") and "bardzo-tajne" not in row.hint
    row = status.try_out(TytanConfig(address="nieznana://x/y"), portal)
    assert row.field == "address" and "nieznana" in row.hint
    row = status.try_out(TytanConfig(address=tytan.url, mapping='[ebok_customer]\ntable = "X"'), portal)
    assert row.field == "mapping" and "ebok_customers" in row.hint
    assert status.try_out(TytanConfig(), portal).field == "address"


def test_the_mapping_s_whole_text_says_what_the_settings_say(portal):
    own = naming.parse('[ebok_customers]\ntable = "V_KLIENCI"\ncolumns = { code = "KOD" }')
    text = naming.template(own, portal.portal.copy_tables)
    assert naming.parse(text).tables == own.tables and naming.parse(text).columns["ebok_customers"] == {"code": "KOD"}
    whole = text.replace("\n# ", "\n")
    everything = naming.parse(whole)
    naming.check(everything, portal.portal.copy_tables)
    assert everything.columns["ebok_inbox"]["message_id"] == "message_id"
