"""TYTAN's side on a real database: reading, comparing with the contract, delivering, and what the names may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ebok_core.contracts.tytan import Envelope, Outcome
from ebok_core.errors import ConfigurationError
from ebok_core.i18n import use_locale
from ebok_core.tytan import comparison, contract, ddl, engines, naming, source
from ebok_core.tytan.engines import TytanUnavailable
from ebok_core.tytan.settings import TytanConfig

VIEWS = contract.CORE_VIEWS


def joined(url, **values):
    return source.DatabaseSource(TytanConfig(address=url, **values), VIEWS)


@pytest.fixture
def tytan_source(tytan):
    made = joined(tytan.url)
    yield made
    made.close()


def envelope(number: int, **changes) -> Envelope:
    made = Envelope(
        message_id=f"0190-{number:031}",
        kind="reading.submitted",
        version=1,
        customer_code="1-00001",
        stream_key="c:1-00001",
        seq=number,
        payload='{"value":"12.345"}',
        payload_sha256=f"{number:064}",
        accepted_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
    )
    return replace(made, **changes)


def inbox(tytan):
    table = tytan.metadata.tables["ebok_inbox"]
    with tytan.engine.connect() as connection:
        return {row.message_id: row for row in connection.execute(sa.select(table))}


# Reading


def test_rows_come_in_chunks_and_all_of_them(tytan_source):
    chunks = list(tytan_source.rows(contract.READINGS, chunk=4))
    assert [len(chunk) for chunk in chunks] == [4, 2]
    assert {row["id"] for chunk in chunks for row in chunk} == {f"r-403-{n}-{i}" for n in (1, 2, 3) for i in (1, 2)}


def test_rows_above_a_number_and_rows_of_a_customer(tytan_source):
    changed = [row for chunk in tytan_source.rows(contract.READINGS, after=4) for row in chunk]
    assert {row["id"] for row in changed} == {"r-403-3-1", "r-403-3-2"}
    lines = [row for chunk in tytan_source.rows(contract.INVOICE_LINES, customer_code="1-00002") for row in chunk]
    assert {(row["invoice_number"], row["customer_code"]) for row in lines} == {("R. 2026/000002", "1-00002")}


def test_a_row_whose_parent_is_gone_has_no_customer(tytan, tytan_source):
    tytan.remove("ebok_service_points", code="403-1")
    rows = [row for chunk in tytan_source.rows(contract.METERS) for row in chunk]
    assert {row["id"]: row["customer_code"] for row in rows}["m-403-1"] is None


def test_what_is_read_in_a_snapshot_is_one_state(tytan, tytan_source):
    with tytan_source.snapshot() as inside:
        next(inside.rows(contract.CUSTOMERS))
        tytan.bill("1-00001", "R. 9", "1.00", balance="61.00")
        assert len([row for chunk in inside.rows(contract.INVOICES) for row in chunk]) == 3
    assert len([row for chunk in tytan_source.rows(contract.INVOICES) for row in chunk]) == 4


def test_a_file_is_fetched_by_its_key(tytan, tytan_source):
    files = tytan.metadata.tables["ebok_invoice_files"]
    with tytan.engine.begin() as connection:
        connection.execute(
            files.insert(),
            {"invoice_number": "R. 1", "kind": "fa3", "content": b"<Faktura/>", "sha256": "0" * 64, "change_no": 1},
        )
    found = tytan_source.one(contract.INVOICE_FILES, {"invoice_number": "R. 1", "kind": "fa3"})
    assert bytes(found["content"]) == b"<Faktura/>"
    assert tytan_source.one(contract.INVOICE_FILES, {"invoice_number": "R. 1", "kind": "pdf"}) is None


def test_the_clock_is_the_databases_own_in_utc(tytan_source):
    assert abs(tytan_source.now() - datetime.now(UTC)) < timedelta(seconds=30)


def test_results_come_in_order_with_aware_instants(tytan, tytan_source):
    for number in (2, 1):
        tytan.put("ebok_results", message_id=f"m{number}", status="accepted", status_at="2026-11-24 06:15:00")
    rows = list(tytan_source.results(0))
    assert [row["message_id"] for row in rows] == ["m2", "m1"]
    assert rows[0]["status_at"] == datetime(2026, 11, 24, 6, 15, tzinfo=UTC)
    assert [row["message_id"] for row in tytan_source.results(1)] == ["m1"]


# The contract


def test_a_database_as_the_contract_says_has_no_difference(tytan_source):
    assert tytan_source.check() == []


def test_views_will_do_as_well_as_tables(databases, backend):
    url = databases.empty(backend)
    empty = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with empty.begin() as connection:
        for statement in ddl.script(VIEWS, backend).split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    empty.dispose()
    made = joined(url)
    assert made.check() == []
    assert list(made.rows(contract.METERS)) == []
    assert made.put([envelope(1)]).outcome is Outcome.DELIVERED
    made.close()
    databases.drop(url)


BREAKS = [
    ("DROP TABLE ebok_ledger", "ebok_ledger", None, "ebok_ledger"),
    ("DROP TABLE ebok_results", "ebok_results", None, "ebok_results"),
    ("ALTER TABLE ebok_invoices RENAME COLUMN gross TO brutto", "ebok_invoices", "gross", "gross"),
    ("ALTER TABLE ebok_inbox RENAME COLUMN seq TO sequence", "ebok_inbox", "seq", "sequence"),
    ("ALTER TABLE ebok_readings RENAME COLUMN change_no TO changed", "ebok_readings", "change_no", "changed"),
]


@pytest.mark.parametrize(("statement", "view", "column", "found"), BREAKS)
def test_each_difference_names_view_column_expected_and_found(tytan, tytan_source, statement, view, column, found):
    tytan.execute(statement)
    [difference] = tytan_source.check()
    assert (difference.view, difference.column) == (view, column)
    assert found in difference.found
    sentence = comparison.sentence(difference)
    assert view in sentence and difference.expected in sentence and difference.found in sentence


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("column", "kind", "view"),
    [
        ("due_on", "TEXT", "ebok_ledger"),
        ("title", "INTEGER", "ebok_ledger"),
        ("to_pay", "DOUBLE PRECISION", "ebok_ledger"),
    ],
)
def test_a_column_of_another_type_is_a_difference(tytan, tytan_source, column, kind, view):
    tytan.execute(f"ALTER TABLE {view} DROP COLUMN {column}")
    tytan.execute(f"ALTER TABLE {view} ADD COLUMN {column} {kind}")
    [difference] = tytan_source.check()
    assert (difference.view, difference.column, difference.found) == (view, column, kind)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_view_that_may_not_be_read_is_a_difference(tytan, postgres_server):
    tytan.execute("DROP ROLE IF EXISTS ebok_stranger")
    tytan.execute("CREATE ROLE ebok_stranger LOGIN")
    tytan.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO ebok_stranger")
    tytan.execute("REVOKE SELECT ON ebok_meters FROM ebok_stranger")
    made = joined(tytan.url.replace("ebok@", "ebok_stranger@"))
    [difference] = made.check()
    assert (difference.view, difference.column) == ("ebok_meters", None)
    assert "permission denied" in difference.found
    made.close()
    tytan.execute("DROP OWNED BY ebok_stranger")
    tytan.execute("DROP ROLE ebok_stranger")


def test_an_inbox_without_a_key_is_a_difference(tytan, tytan_source):
    tytan.loosen("ebok_inbox")
    [difference] = [d for d in tytan_source.check() if d.column == "message_id"]
    assert difference.view == "ebok_inbox"


# Names of the utility's own

MAPPING = """
[ebok_readings]
table = "ODCZYTY"
columns = { reading_value = "STAN", change_no = "NR_ZMIANY" }
[ebok_inbox]
columns = { payload = "TRESC" }
"""


def test_names_are_mapped_for_reading_checking_and_delivering(tytan):
    tytan.execute('ALTER TABLE ebok_readings RENAME TO "ODCZYTY"')
    tytan.execute('ALTER TABLE "ODCZYTY" RENAME COLUMN reading_value TO "STAN"')
    tytan.execute('ALTER TABLE "ODCZYTY" RENAME COLUMN change_no TO "NR_ZMIANY"')
    tytan.execute('ALTER TABLE ebok_inbox RENAME COLUMN payload TO "TRESC"')
    made = joined(tytan.url, mapping=MAPPING)
    assert made.check() == []
    rows = [row for chunk in made.rows(contract.READINGS, after=5) for row in chunk]
    assert [(row["id"], float(row["reading_value"])) for row in rows] == [("r-403-3-2", 112.345)]
    assert made.put([envelope(1)]).outcome is Outcome.DELIVERED
    made.close()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_the_views_may_stand_in_a_schema_of_their_own(tytan):
    tytan.execute("CREATE SCHEMA ebok")
    for name in tytan.metadata.tables:
        tytan.execute(f"ALTER TABLE {name} SET SCHEMA ebok")
    made = joined(tytan.url, schema_name="ebok")
    assert made.check() == []
    assert sum(map(len, made.rows(contract.METERS, customer_code="1-00001"))) == 1
    made.close()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[ebok_customers", "TOML"),
        ('[ebok_customers]\nname = "X"', "ebok_customers"),
        ("[ebok_customers]\ntable = 5", "ebok_customers"),
        ('[ebok_customers]\ncolumns = "X"', "ebok_customers.columns"),
        ("[ebok_customers]\ncolumns = { code = 5 }", "ebok_customers.code"),
        ('[ebok_custmers]\ntable = "X"', "ebok_customers"),
        ('[ebok_customers]\ncolumns = { cod = "X" }', "code"),
        ('[clients]\ntable = "X"', "clients"),
    ],
)
def test_a_mapping_that_can_not_work_is_named(text, word):
    with pytest.raises(ConfigurationError, match=word):
        naming.check(naming.parse(text), VIEWS)


# Connecting


def test_a_missing_file_is_not_made(tmp_path):
    path = tmp_path / "nowhere.db"
    with pytest.raises(TytanUnavailable, match=r"nowhere\.db"):
        joined(f"sqlite:///{path}")
    assert not path.exists()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_reading_side_can_not_write(tytan, tytan_source):
    with tytan_source.snapshot() as inside, pytest.raises(sa.exc.OperationalError, match="readonly|read-only"):
        inside._held.exec_driver_sql("DELETE FROM ebok_readings")


@pytest.mark.parametrize(
    ("address", "word"), [("nonsense", "address"), ("mssql+nodriver://x/y", "nodriver"), ("oracle://u@h/x", "oracle")]
)
def test_an_address_that_can_not_work_is_told_plainly(address, word):
    with use_locale("en"), pytest.raises(ConfigurationError, match=word):
        joined(address)


def test_polish_letters_are_tried_before_anything_is_read(tytan, monkeypatch):
    class Answer:
        def scalar(self):
            return "Zaż?łć g?ślą jaźń"

    class Connection:
        def execute(self, statement):
            return Answer()

    with pytest.raises(ConfigurationError, match=r"Zaż\?łć"):
        engines.probe(Connection())
    asked = []
    monkeypatch.setattr(engines, "probe", lambda connection: asked.append(connection))
    made = joined(tytan.url)
    for _ in range(3):
        made.now()
    assert len(asked) == 1
    made.close()


def test_nothing_of_tytan_is_touched_inside_a_unit_of_work(runtime, tytan_source):
    with runtime.database.unit_of_work():
        for touch in (
            lambda: next(tytan_source.rows(contract.METERS)),
            lambda: next(tytan_source.results(0)),
            lambda: tytan_source.put([envelope(1)]),
            lambda: tytan_source.one(contract.METERS, {"id": "x"}),
            lambda: tytan_source.now(),
        ):
            with pytest.raises(RuntimeError, match="unit of work"):
                touch()


# Delivering


def test_a_run_is_delivered_in_one_transaction(tytan, tytan_source, clock):
    assert tytan_source.put([envelope(1), envelope(2)]).outcome is Outcome.DELIVERED
    row = inbox(tytan)[envelope(2).message_id]
    assert (row.seq, row.kind, row.payload) == (2, "reading.submitted", '{"value":"12.345"}')
    assert (row.accepted_at, row.delivered_at) == (datetime(2026, 11, 24, 8, 0), datetime(2026, 11, 24, 8, 0))


def test_a_second_delivery_is_a_delivery(tytan, tytan_source):
    tytan_source.put([envelope(1)])
    assert tytan_source.put([envelope(1)]).outcome is Outcome.DELIVERED
    assert tytan_source.put([envelope(1), envelope(2), envelope(3)]).outcome is Outcome.DELIVERED
    assert len(inbox(tytan)) == 3


def test_another_payload_under_a_known_id_is_a_conflict_and_nothing_is_written(tytan, tytan_source):
    tytan_source.put([envelope(1)])
    done = tytan_source.put([envelope(2), envelope(1, payload="{}", payload_sha256="f" * 64)])
    assert done.outcome is Outcome.CONFLICT
    assert {row.payload for row in inbox(tytan).values()} == {'{"value":"12.345"}'}
    assert len(inbox(tytan)) == 1


def test_another_constraint_is_permanent(tytan, tytan_source):
    assert tytan_source.put([envelope(1, kind=None)]).outcome is Outcome.PERMANENT
    tytan.execute("DROP TABLE ebok_inbox")
    assert tytan_source.put([envelope(1)]).outcome is Outcome.PERMANENT


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_locked_file_is_busy(tytan, tytan_source, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 20)
    quick = joined(tytan.url)
    raw = tytan.engine.raw_connection()
    raw.execute("BEGIN IMMEDIATE")
    assert quick.put([envelope(1)]).outcome is Outcome.BUSY
    raw.rollback()
    raw.close()
    assert quick.put([envelope(1)]).outcome is Outcome.DELIVERED
    quick.close()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_locked_table_is_busy(tytan, monkeypatch):
    monkeypatch.setattr(engines, "PUT_S", 1)
    quick = joined(tytan.url + "?options=-c%20lock_timeout%3D50")
    with tytan.engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE ebok_inbox IN EXCLUSIVE MODE")
        assert quick.put([envelope(1)]).outcome in (Outcome.BUSY, Outcome.AMBIGUOUS)
    assert quick.put([envelope(1)]).outcome is Outcome.DELIVERED
    quick.close()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_server_that_is_not_there_is_unreachable(tytan_source):
    away = joined("postgresql://ebok@127.0.0.1:1/tytan")
    assert away.put([envelope(1)]).outcome is Outcome.UNREACHABLE
    with pytest.raises(TytanUnavailable):
        away.check()
    away.close()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_connection_that_is_lost_during_commit_is_ambiguous(tytan_source, monkeypatch):
    def lost(connection):
        raise sa.exc.OperationalError("COMMIT", {}, ConnectionError("gone"), connection_invalidated=True)

    monkeypatch.setattr(sa.Connection, "commit", lost)
    assert tytan_source.put([envelope(1)]).outcome is Outcome.AMBIGUOUS


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_connection_that_is_cut_while_inserting_is_ambiguous_and_heals(tytan, tytan_source):
    @sa.event.listens_for(tytan_source._writing, "before_cursor_execute")
    def cut(connection, cursor, statement, *_rest):
        if statement.startswith("INSERT") and not cut.done:
            cut.done = True
            pid = connection.connection.dbapi_connection.info.backend_pid
            tytan.execute(f"SELECT pg_terminate_backend({pid})")

    cut.done = False
    assert tytan_source.put([envelope(1)]).outcome is Outcome.AMBIGUOUS
    assert tytan_source.put([envelope(1)]).outcome is Outcome.DELIVERED
    assert len(inbox(tytan)) == 1


# One source an address


def test_the_source_is_kept_while_the_settings_stay(portal, configure, tytan):
    first = source.of(portal)
    assert source.of(portal) is first
    configure(address=tytan.url, mapping='[ebok_meters]\ntable = "WODOMIERZE"')
    second = source.of(portal)
    assert second is not first
    assert second.names.table("ebok_meters") == "WODOMIERZE"
    configure(address="")
    assert source.of(portal) is None


def test_a_source_of_another_make_is_read_too():
    chunk = source.Chunk.of([{"a": 1, "b": 2}, {"b": 4, "a": 3}])
    assert (chunk.names, list(chunk.tuples)) == (("a", "b"), [(1, 2), (3, 4)])
    assert chunk[1] == {"a": 3, "b": 4} and len(chunk[:1]) == 1
    assert len(source.Chunk.of([])) == 0
