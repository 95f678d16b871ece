"""The refresh: what changes reaches the copy, what is broken stays out, what must hold before anything is published."""

from __future__ import annotations

from contextvars import Context
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from ebok_core.errors import ConfigurationError, Refused
from ebok_core.tytan import copy, refresh, source, state
from ebok_core.tytan.lock import alone

from .conftest import customer_row, invoice_row, ledger_row, line_row, meter_row, point_row, reading_row

FUTURE = datetime(2199, 1, 1, tzinfo=UTC)
BALANCES = sa.select(copy.customers.c.code, copy.customers.c.balance).order_by(copy.customers.c.code)
ALL = [
    *("customers", "contracts", "service_points", "meters", "readings"),
    *("invoices", "invoice_lines", "ledger", "payment_allocations"),
]


def balances(portal):
    with portal.database.snapshot() as session:
        return dict(session.execute(BALANCES).all())


def held(portal):
    with portal.database.snapshot() as session:
        return {row.customer_code: row.reason for row in state.all_held_back(session)}


def quarantine(portal):
    with portal.database.snapshot() as session:
        return {(row.view, row.key, row.rule) for row in state.quarantined(session)}


def keys(portal, table, column):
    with portal.database.snapshot() as session:
        return set(session.execute(sa.select(copy.metadata.tables[f"tytan.{table}"].c[column])).scalars())


def good(report):
    assert report.problem is None, report.problem
    return report


@pytest.fixture
def filled(portal):
    """A portal after its first refresh."""
    good(refresh.refresh(portal))
    return portal


@pytest.mark.feature("L02")
def test_the_first_refresh_fills_the_copy(portal, tytan):
    report = good(refresh.refresh(portal))
    assert report.rows_read == report.rows_changed == 3 * 12
    assert balances(portal) == {code: Decimal("60.00") for code in ("1-00001", "1-00002", "1-00003")}
    with portal.database.snapshot() as session:
        line = session.execute(sa.select(copy.invoice_lines)).first()
        assert (line.unit_price_net, line.quantity, line.gross) == (Decimal("4.1234"), Decimal("12.345"), Decimal("80"))
        meter = session.execute(sa.select(copy.meters)).first()
        assert (meter.customer_code, meter.active, meter.search_text) == ("1-00001", True, "12cb050038  4031")
        assert state.copy_state(session).as_of == report.as_of


@pytest.mark.feature("L02")
def test_a_new_invoice_shows_up_after_the_next_refresh(filled, tytan):
    tytan.bill("1-00002", "R. 2026/000009", "12.34", balance="72.34")
    report = good(refresh.refresh(filled))
    assert report.rows_changed == 4
    assert balances(filled)["1-00002"] == Decimal("72.34")
    assert "R. 2026/000009" in keys(filled, "invoices", "number")


@pytest.mark.parametrize("full", [False, True], ids=["changes", "full"])
def test_nothing_changed_writes_no_row(filled, tytan, full, statements):
    tytan.put("ebok_customers", **customer_row("1-00001", balance="60.00"))  # the number moves, the contents do not
    before = written(filled)
    report = good(refresh.refresh(filled, full=full))
    assert (report.rows_changed, report.rows_read) == (0, 36)
    assert written(filled) == before


def written(portal):
    """How often rows of the copy's tables were ever written, by the database's own account."""
    if portal.database.is_sqlite:
        with portal.database.snapshot() as session:
            return [session.execute(sa.select(copy.metadata.tables[f"tytan.{name}"])).all() for name in ALL]
    with portal.database.refresher.connect() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        systems = [f"(SELECT sum(xmin::text::bigint) FROM tytan.{name})" for name in ALL]
        return connection.exec_driver_sql(f"SELECT {', '.join(systems)}").one()


@pytest.mark.parametrize("full", [False, True], ids=["changes", "full"])
def test_a_changed_row_is_written_alone(filled, tytan, full):
    tytan.put("ebok_readings", **reading_row("r-403-2-1", "1-00002", "403-2", "101.000"))
    assert good(refresh.refresh(filled, full=full)).rows_changed == 1
    assert good(refresh.refresh(filled, full=full)).rows_changed == 0


def test_a_tombstone_takes_the_row_away(filled, tytan):
    tytan.remove("ebok_readings", id="r-403-1-2")
    assert good(refresh.refresh(filled)).rows_changed == 1
    assert "r-403-1-2" not in keys(filled, "readings", "id")


def test_a_deletion_without_a_trace_is_found_by_the_full_compare(filled, tytan):
    tytan.delete("ebok_readings", id="r-403-1-1")
    assert good(refresh.refresh(filled)).rows_changed == 0
    assert good(refresh.refresh(filled, full=True)).rows_changed == 1
    assert "r-403-1-1" not in keys(filled, "readings", "id")


def test_a_late_commit_below_the_watermark_is_found_by_the_overlap(filled, tytan):
    tytan.put("ebok_readings", **reading_row("late", "1-00001", "403-1", "113.000", change_no=2))
    assert good(refresh.refresh(filled)).rows_changed == 1


def test_a_removed_invoice_takes_its_lines_along(filled, tytan):
    tytan.remove("ebok_invoices", number="R. 2026/000001")
    tytan.remove("ebok_ledger", id="l-R. 2026/000001")
    tytan.put("ebok_ledger", **ledger_row("p-R. 2026/000001", "1-00001", "payment", "-40.00", "-40.00", None))
    tytan.put("ebok_customers", **customer_row("1-00001", balance="-40.00"))
    good(refresh.refresh(filled))
    assert held(filled) == {}
    assert "R. 2026/000001" not in keys(filled, "invoice_lines", "invoice_number")
    assert good(refresh.refresh(filled, full=True)).rows_changed == 0


def test_a_removed_customer_takes_everything_along(filled, tytan):
    tytan.remove("ebok_customers", code="1-00003")
    good(refresh.refresh(filled))
    for table in ALL[1:-1]:
        assert not [
            k for k in keys(filled, table, copy.metadata.tables[f"tytan.{table}"].info["customer"]) if k == "1-00003"
        ]


def test_a_meter_follows_its_point_to_another_customer(filled, tytan, rows):
    tytan.put("ebok_service_points", **point_row("403-1", "1-00002"))
    good(refresh.refresh(filled))
    assert rows("SELECT customer_code FROM tytan.meters WHERE id = 'm-403-1'") == [("1-00002",)]
    assert good(refresh.refresh(filled, full=True)).rows_changed == 0


def test_an_empty_copy_is_filled_again_after_it_was_thrown_away(filled, tytan):
    with filled.database.refresher.begin() as connection:
        for table in copy.metadata.sorted_tables:
            connection.execute(table.delete())
    assert good(refresh.refresh(filled)).rows_changed == 36


# One customer (L161)


def test_one_customer_is_refreshed_alone(filled, tytan):
    tytan.bill("1-00001", "R. 2026/000008", "10.00", balance="70.00")
    tytan.bill("1-00002", "R. 2026/000009", "12.34", balance="72.34")
    tytan.delete("ebok_readings", id="r-403-1-1")
    with filled.database.snapshot() as session:
        before = state.copy_state(session).as_of
    report = good(refresh.refresh_customer(filled, "1-00001"))
    assert report.rows_changed == 5
    assert balances(filled) == {"1-00001": 70, "1-00002": 60, "1-00003": 60}
    with filled.database.snapshot() as session:
        assert state.copy_state(session).as_of == before
    assert good(refresh.refresh(filled)).rows_changed == 4


def test_a_customer_nobody_knows_changes_nothing(filled):
    assert good(refresh.refresh_customer(filled, "9-99999")).rows_changed == 0


# The customer's gates


def test_a_balance_that_does_not_add_up_holds_the_customer_back(filled, tytan):
    tytan.put("ebok_customers", **customer_row("1-00001", balance="61.00", name="Nowa nazwa"))
    tytan.put("ebok_customers", **customer_row("1-00002", balance="60.00", name="Inna nazwa"))
    report = good(refresh.refresh(filled))
    assert held(filled) == {"1-00001": "balance"}
    assert (report.customers_held_back, report.rows_changed) == (1, 1)
    assert balances(filled)["1-00001"] == 60


def test_a_customer_comes_free_by_themselves_when_tytan_is_right_again(filled, tytan):
    tytan.put("ebok_customers", **customer_row("1-00001", balance="61.00"))
    good(refresh.refresh(filled))
    with filled.database.snapshot() as session:
        since = state.held_back(session, "1-00001").since
    for _ in range(2_000):  # the overlap moves on, the row is far below the watermark
        tytan.next("ebok_customers")
    tytan.put("ebok_customers", **customer_row("1-00002", balance="60.00"))
    good(refresh.refresh(filled))
    with filled.database.snapshot() as session:
        assert state.held_back(session, "1-00001").since == since
    tytan.put("ebok_ledger", **ledger_row("fee", "1-00001", "interest", "1.00", "1.00", None))
    good(refresh.refresh(filled))
    assert held(filled) == {}
    assert balances(filled)["1-00001"] == 61


def test_an_invoice_that_is_not_its_lines_holds_the_customer_back(filled, tytan):
    tytan.put("ebok_invoice_lines", **line_row("R. 2026/000002", 2, "19.99"))
    good(refresh.refresh(filled))
    assert held(filled) == {"1-00002": "invoice_total"}


def test_an_invoice_without_lines_passes(filled, tytan):
    tytan.put("ebok_invoices", **invoice_row("NO/1", "1-00001", gross="5.00", to_pay="0.00", kind="interest_note"))
    good(refresh.refresh(filled))
    assert held(filled) == {}


def test_a_reading_of_an_unknown_meter_holds_the_customer_back(filled, tytan):
    tytan.put("ebok_readings", **reading_row("odd", "1-00001", "403-1", "1.000", meter_id="nowhere"))
    good(refresh.refresh(filled))
    assert held(filled) == {"1-00001": "reference ebok_readings.meter_id"}


def test_a_meter_that_readings_still_point_to_is_not_removed(filled, tytan):
    tytan.remove("ebok_meters", id="m-403-1")
    good(refresh.refresh(filled))
    assert held(filled) == {"1-00001": "reference ebok_readings.meter_id"}
    assert "m-403-1" in keys(filled, "meters", "id")


def test_customers_between_whom_rows_move_are_held_back_together(filled, tytan):
    tytan.put("ebok_service_points", **point_row("403-1", "1-00002"))
    tytan.put("ebok_customers", **customer_row("1-00001", balance="61.00"))
    tytan.put("ebok_customers", **customer_row("1-00003", balance="60.00", name="Nowa nazwa"))
    report = good(refresh.refresh(filled))
    assert held(filled) == {"1-00001": "balance", "1-00002": "linked"}
    assert report.rows_changed == 1


def test_a_first_load_leaves_out_who_does_not_add_up(portal, tytan):
    tytan.put("ebok_customers", **customer_row("1-00002", balance="0.00"))
    report = good(refresh.refresh(portal))
    assert held(portal) == {"1-00002": "balance"}
    assert set(balances(portal)) == {"1-00001", "1-00003"}
    assert report.rows_changed == 24
    assert "403-2" not in keys(portal, "service_points", "code")
    assert good(refresh.refresh(portal, full=True)).rows_changed == 0


# The quarantine


@pytest.mark.promise
@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
def test_R29_a_broken_row_harms_only_itself(portal, tytan, first):
    if not first:
        good(refresh.refresh(portal))
    tytan.loosen("ebok_readings")
    tytan.add("ebok_readings", **reading_row("r-new", "1-00001", "403-1", "NaN"))
    tytan.add("ebok_readings", **reading_row("r-good", "1-00001", "403-1", "114.000"))
    good(refresh.refresh(portal))
    assert quarantine(portal) == {("ebok_readings", "r-new", "number")}
    assert keys(portal, "readings", "id") >= {"r-good", "r-403-1-1", "r-403-2-1"}
    assert "r-new" not in keys(portal, "readings", "id")


@pytest.mark.promise
def test_R29_the_copy_keeps_what_it_had_of_a_row_that_broke(filled, tytan):
    tytan.put("ebok_readings", **reading_row("r-403-1-1", "1-00001", "403-1", "-5.000"))
    good(refresh.refresh(filled))
    good(refresh.refresh(filled, full=True))
    assert quarantine(filled) == {("ebok_readings", "r-403-1-1", "negative")}
    assert "r-403-1-1" in keys(filled, "readings", "id")
    tytan.put("ebok_readings", **reading_row("r-403-1-1", "1-00001", "403-1", "5.000"))
    good(refresh.refresh(filled))
    assert quarantine(filled) == set()


@pytest.mark.promise
def test_R29_duplicate_keys_keep_out_of_the_copy(portal, tytan):
    tytan.loosen("ebok_readings")
    tytan.add("ebok_readings", **reading_row("twin", "1-00001", "403-1", "113.000"))
    tytan.add("ebok_readings", **reading_row("twin", "1-00001", "403-1", "114.000"))
    report = good(refresh.refresh(portal))
    assert report.rows_changed == 36
    assert quarantine(portal) == {("ebok_readings", "twin", "duplicate_key")}
    good(refresh.refresh(portal, full=True))
    assert quarantine(portal) == {("ebok_readings", "twin", "duplicate_key")}
    assert "twin" not in keys(portal, "readings", "id")


@pytest.mark.promise
@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
def test_R29_rows_of_an_unknown_customer_wait_until_the_customer_comes(portal, tytan, first):
    if not first:
        good(refresh.refresh(portal))
    tytan.put("ebok_service_points", **point_row("404-1", "1-00009"))
    good(refresh.refresh(portal))
    assert quarantine(portal) == {("ebok_service_points", "404-1", "unknown_customer")}
    for _ in range(3_000):
        tytan.next("ebok_service_points")
    tytan.put("ebok_service_points", **point_row("403-1", "1-00001", status="Nieaktywny"))
    tytan.put("ebok_customers", **customer_row("1-00009"))
    tytan.put("ebok_meters", **meter_row("m-404-1", "404-1"))
    good(refresh.refresh(portal))
    assert quarantine(portal) == set()
    assert "404-1" in keys(portal, "service_points", "code")
    assert "m-404-1" in keys(portal, "meters", "id")


@pytest.mark.promise
def test_R29_a_line_without_an_invoice_goes_to_the_quarantine(filled, tytan):
    tytan.put("ebok_invoice_lines", **line_row("R. nowhere", 1, "5.00"))
    good(refresh.refresh(filled))
    assert quarantine(filled) == {("ebok_invoice_lines", "R. nowhere / 1", "dangling")}


def test_the_quarantine_remembers_since_when(filled, tytan, clock):
    tytan.put("ebok_readings", **reading_row("odd", "1-00001", "403-1", "-1.000"))
    good(refresh.refresh(filled))
    began = clock.now_utc()
    clock.advance(hours=1)
    good(refresh.refresh(filled, full=True))
    with filled.database.snapshot() as session:
        row = state.quarantined(session)[0]
        assert (row.since, row.customer_code) == (began, "1-00001")
        assert row.sample.startswith("-9")
        assert state.quarantine_counts(session) == [("ebok_readings", "negative", 1)]


# The run's gates (R30)


def refused(portal, **how):
    report = refresh.refresh(portal, **how)
    assert report.problem is not None
    with portal.database.snapshot() as session:
        assert state.last_run(session).problem == report.problem
    return report.problem


@pytest.mark.promise
def test_R30_an_empty_view_is_refused(filled, tytan):
    tytan.execute("DELETE FROM ebok_readings")
    assert "ebok_readings" in refused(filled, full=True)
    assert len(keys(filled, "readings", "id")) == 6


@pytest.mark.promise
@pytest.mark.parametrize(("gone", "passes"), [(11, True), (12, False)])
def test_R30_more_than_a_tenth_less_is_refused(filled, tytan, gone, passes):
    for number in range(110 - 6):
        tytan.put("ebok_readings", **reading_row(f"x-{number}", "1-00001", "403-1", "1.000"))
    good(refresh.refresh(filled))
    for number in range(gone):
        tytan.delete("ebok_readings", id=f"x-{number}")
    if passes:
        assert good(refresh.refresh(filled, full=True)).rows_changed == gone
    else:
        problem = refused(filled, full=True)
        assert "12" in problem and "110" in problem and "ebok_readings" in problem
        assert len(keys(filled, "readings", "id")) == 110


@pytest.mark.promise
def test_R30_mass_tombstones_are_refused(filled, tytan):
    for number in range(50):
        tytan.put("ebok_readings", **reading_row(f"x-{number}", "1-00001", "403-1", "1.000"))
    good(refresh.refresh(filled))
    for number in range(30):
        tytan.remove("ebok_readings", id=f"x-{number}")
    refused(filled)
    assert len(keys(filled, "readings", "id")) == 56


@pytest.mark.promise
def test_R30_a_clock_that_went_back_is_refused(filled):
    with filled.database.refresher.begin() as connection:
        connection.execute(
            state.state.update().values(source_clock=sa.bindparam("x", FUTURE, state.state.c.as_of.type))
        )
    refused(filled)


@pytest.mark.promise
def test_R30_renumbered_changes_are_noticed(filled, tytan):
    for _ in range(5_000):
        tytan.next("ebok_readings")
    tytan.put("ebok_readings", **reading_row("r-403-1-1", "1-00001", "403-1", "1.000"))
    good(refresh.refresh(filled))
    tytan.execute("UPDATE ebok_readings SET change_no = 1, reading_value = 7 WHERE id = 'r-403-1-1'")
    report = good(refresh.refresh(filled))
    assert report.rows_changed == 1
    assert good(refresh.refresh(filled)).rows_changed == 0


@pytest.mark.promise
@pytest.mark.parametrize("full", [False, True], ids=["changes", "full"])
def test_R30_a_missing_column_is_named(filled, tytan, full):
    tytan.execute("ALTER TABLE ebok_meters RENAME COLUMN role TO rola")
    problem = refused(filled, full=full)
    for word in ("ebok_meters", "role", "VARCHAR(20)", "rola"):
        assert word in problem
    assert "Traceback" not in problem


@pytest.mark.promise
@pytest.mark.parametrize("full", [False, True], ids=["changes", "full"])
def test_R30_a_missing_view_is_named(filled, tytan, full):
    tytan.execute("DROP TABLE ebok_payment_allocations")
    problem = refused(filled, full=full)
    assert "ebok_payment_allocations" in problem
    assert len(balances(filled)) == 3


def test_a_refused_compare_stays_visible_until_one_passes(filled, tytan):
    tytan.execute("DELETE FROM ebok_readings")
    problem = refused(filled, full=True)
    tytan.put("ebok_readings", **reading_row("r-403-1-1", "1-00001", "403-1", "1.000", change_no=1_000_000))
    with filled.database.snapshot() as session:
        assert state.last_run(session).compare_problem == problem
    for number in range(1, 4):
        for n in (1, 2):
            row = reading_row(f"r-403-{number}-{n}", f"1-0000{number}", f"403-{number}", "1.000")
            tytan.put("ebok_readings", **row)
    good(refresh.refresh(filled, full=True))
    with filled.database.snapshot() as session:
        assert state.last_run(session).compare_problem is None


# A stopped TYTAN (N18)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_stopped_tytan_ends_with_a_sentence_and_the_copy_keeps_its_age(filled, tytan, tmp_path):
    path = Path(tytan.url.removeprefix("sqlite:///"))
    with filled.database.snapshot() as session:
        before = state.copy_state(session)
    tytan.engine.dispose()
    hidden = path.rename(path.with_suffix(".away"))
    source.of(filled).close()
    problem = refused(filled)
    assert str(path) in problem or "unable to open" in problem
    with filled.database.snapshot() as session:
        now = state.copy_state(session)
        assert (now.as_of, now.source_reachable, before.source_reachable) == (before.as_of, False, True)
    assert len(balances(filled)) == 3
    hidden.rename(path)
    good(refresh.refresh(filled))
    with filled.database.snapshot() as session:
        assert state.copy_state(session).source_reachable


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_stopped_server_ends_with_a_sentence(portal, configure):
    configure(address="postgresql://ebok@127.0.0.1:1/tytan")
    problem = refused(portal)
    assert "127.0.0.1" in problem


def test_without_an_address_there_is_nothing_to_refresh(runtime, configure):
    configure()
    with pytest.raises(ConfigurationError):
        refresh.refresh(runtime)


def test_two_refreshes_never_run_at_once(filled):
    with alone(filled.database), pytest.raises(Refused) as refusal:
        refresh.refresh(filled)
    assert refusal.value.code == "refresh_running"
    good(refresh.refresh(filled))


def test_the_refresh_never_touches_the_portals_own_database(filled, tytan):
    tytan.bill("1-00001", "R. 2026/000008", "10.00", balance="70.00")
    with filled.database.unit_of_work() as session:
        session.execute(sa.text("UPDATE core_runtime_setting SET version = version"))
        # Somebody holds the portal's write lock for the whole run. A job has a context of its own.
        Context().run(lambda: good(refresh.refresh(filled)))
    assert balances(filled)["1-00001"] == 70


def test_reading_inside_a_unit_of_work_is_refused(filled):
    with filled.database.unit_of_work(), pytest.raises(RuntimeError):
        refresh.refresh(filled)
