"""The database: one way to read, one way to write, exact numbers, Polish order; on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pysqlite3.dbapi2 as sqlite
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from ebok_core.db import (
    Amount,
    Database,
    Instant,
    Price,
    Volume,
    after_commit,
    assert_no_open_write,
    pl_sort,
    search_key,
    uuid7,
)
from ebok_core.db.engine import WAL_IS_SAFE_FROM
from ebok_core.errors import ConfigurationError, DatabaseUnavailable
from ebok_core.runtime_settings.models import RuntimeSetting

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
THINGS = sa.Table(
    "core_test_thing",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(40)),
    sa.Column("amount", Amount),
    sa.Column("volume", Volume),
    sa.Column("price", Price),
    sa.Column("at", Instant),
)


def setting(key, **more):
    return RuntimeSetting(**{"key": key, "values": "{}", "version": 1, "changed_at": NOON, **more})


def keys(database):
    with database.snapshot() as session:
        return list(session.scalars(sa.select(RuntimeSetting.key).order_by(RuntimeSetting.key)))


@pytest.fixture
def things(database):
    with database.unit_of_work() as session:
        THINGS.create(session.connection())
    return THINGS


def test_a_unit_of_work_is_committed_at_its_end(database):
    with database.unit_of_work() as session:
        session.add(setting("a"))
    assert keys(database) == ["a"]


def test_a_unit_of_work_that_raises_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.unit_of_work() as session:
        session.add(setting("a"))
        session.flush()
        raise ZeroDivisionError
    assert keys(database) == []


def test_what_waits_for_the_commit_runs_after_it_once(database):
    seen = []

    def look():
        seen.append(keys(database))

    with database.unit_of_work() as session:
        after_commit(session, look)
        after_commit(session, look)
        session.add(setting("a"))
    assert seen == [["a"]]


def test_what_waits_for_a_commit_that_fails_never_runs(database):
    seen = []
    with pytest.raises(ZeroDivisionError), database.unit_of_work() as session:
        after_commit(session, lambda: seen.append(1))
        raise ZeroDivisionError
    assert seen == []


def test_a_callback_that_raises_undoes_nothing(database):
    def fail():
        raise ZeroDivisionError

    with database.unit_of_work() as session:
        after_commit(session, fail)
        session.add(setting("a"))
    assert keys(database) == ["a"]


def test_nothing_slow_runs_inside_a_unit_of_work(database):
    with pytest.raises(RuntimeError, match="a mail inside an open unit of work"), database.unit_of_work():
        assert_no_open_write("a mail")
    assert_no_open_write("a mail")


def test_a_snapshot_sees_one_state(database):
    with database.snapshot() as reading:
        assert reading.scalars(sa.select(RuntimeSetting.key)).all() == []
        with database.unit_of_work() as writing:
            writing.add(setting("a"))
        assert reading.scalars(sa.select(RuntimeSetting.key)).all() == []
    assert keys(database) == ["a"]


def test_a_snapshot_writes_nothing(database):
    with database.snapshot() as session:
        try:
            session.add(setting("a"))
            session.flush()
        except sa.exc.DBAPIError:
            pass
    assert keys(database) == []


def test_no_page_writes_the_copy(database):
    with pytest.raises(sa.exc.DBAPIError), database.unit_of_work() as session:
        session.execute(sa.text("DELETE FROM tytan.meters"))
        # PostgreSQL keeps the two apart by the schema's owner in production; here the file's mode does.
        if not database.is_sqlite:
            raise sa.exc.DBAPIError("DELETE", {}, Exception("only the file can forbid it here"))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_writer_waits_while_the_copy_is_refreshed(database):
    """G3: with the copy attached read-write, BEGIN IMMEDIATE would take its lock too and fail here."""
    with database.refresher.begin() as refreshing:
        refreshing.execute(sa.text("DELETE FROM meters"))
        with database.unit_of_work() as session:
            session.add(setting("a"))
    assert keys(database) == ["a"]


def test_writers_take_turns_and_none_is_lost(database):
    with database.unit_of_work() as session:
        session.add(setting("a", version=0))

    def add():
        for _ in range(10):
            with database.unit_of_work() as session:
                row = session.get(RuntimeSetting, "a", with_for_update=True)
                row.version += 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.snapshot() as session:
        assert session.get(RuntimeSetting, "a").version == 40


def test_the_engine_runs_with_the_settings_that_keep_the_promises(database):
    report = database.settings_report()
    if database.is_sqlite:
        version = tuple(int(part) for part in report.pop("sqlite_version").split("."))
        journal = "wal" if version >= WAL_IS_SAFE_FROM else "truncate"
        assert report == {"journal_mode": journal, "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"}
    else:
        del report["server_version"]
        assert report == {"synchronous_commit": "on", "statement_timeout": "15s", "lock_timeout": "5s"}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_lock_that_lasts_is_told_plainly(database, monkeypatch):
    monkeypatch.setattr("ebok_core.db.engine.BEGIN_LIMIT_S", 0)
    with database.writer.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA busy_timeout=10")
    other = sqlite.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(DatabaseUnavailable, match="Niczego nie zapisano"), database.unit_of_work() as session:
            session.connection()
    finally:
        other.close()
    with database.unit_of_work() as session:
        session.add(setting("a"))
    assert keys(database) == ["a"]


def test_a_database_that_is_away_is_told_plainly():
    with pytest.raises(ConfigurationError, match="can't be reached .* Check EBOK_DATABASE_URL") as raised:
        Database("postgresql://u:hunter2@127.0.0.1:1/x").ping()
    assert "hunter2" not in str(raised.value)


def test_no_address_is_told_plainly():
    with pytest.raises(ConfigurationError, match="EBOK_DATABASE_URL"):
        Database("ebok.db")


AMOUNTS = st.decimals(-(10**11), 10**11, places=2)


@given(AMOUNTS)
def test_an_amount_comes_back_as_it_went(value):
    kind, dialect = Amount(), sa.dialects.registry.load("sqlite")()
    assert kind.process_result_value(kind.process_bind_param(value, dialect), dialect) == value


@pytest.mark.parametrize(("kind", "value"), [(Amount, "0.005"), (Volume, "0.0005"), (Price, "0.00005")])
def test_a_fraction_below_the_smallest_part_is_refused(kind, value):
    with pytest.raises(ValueError, match="decimals"):
        kind().process_bind_param(Decimal(value), None)


@pytest.mark.parametrize("kind", [Amount, Volume, Price])
def test_a_float_is_no_amount(kind):
    with pytest.raises(ValueError, match="float"):
        kind().process_bind_param(0.1, None)


def test_exact_numbers_and_instants_pass_through_the_database(database, things):
    row = {
        "id": 1,
        "name": "x",
        "amount": Decimal("-92233720368547.07"),
        "volume": Decimal("12.345"),
        "price": Decimal("5.4321"),
        "at": datetime(2026, 10, 25, 0, 30, 0, 123000, tzinfo=UTC),
    }
    with database.unit_of_work() as session:
        session.execute(things.insert(), row)
    with database.snapshot() as session:
        assert dict(session.execute(sa.select(things)).mappings().one()) == row


def test_instants_are_compared_in_time(database, things):
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)
    with database.unit_of_work() as session:
        session.execute(things.insert(), [{"id": 1, "at": late}, {"id": 2, "at": early}])
        assert session.scalars(sa.select(things.c.id).where(things.c.at < late)).all() == [2]


def test_an_instant_needs_its_zone():
    with pytest.raises(ValueError, match="zone"):
        Instant().process_bind_param(datetime(2026, 1, 1), None)


def test_polish_order(database, things):
    words = ["łąka", "lato", "Zima", "źródło", "żaba", "ćma", "cena", "Lato", "2 koty", "10 psów"]
    with database.unit_of_work() as session:
        session.execute(things.insert(), [{"id": i, "name": word} for i, word in enumerate(words)])
    with database.snapshot() as session:
        found = session.scalars(sa.select(things.c.name).order_by(pl_sort(things.c.name))).all()
    assert [w.lower() for w in found] == [
        "10 psów", "2 koty", "cena", "ćma", "lato", "lato", "łąka", "zima", "źródło", "żaba",
    ]  # fmt: skip


def test_search_finds_without_accents_and_signs():
    assert search_key("ul. Źródlana 5/7") == search_key("UL ZRODLANA 57") == "ulzrodlana57"


def test_ids_carry_their_time_and_differ():
    ids = [uuid7() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(uuid.UUID(i).version == 7 and uuid.UUID(i).variant == uuid.RFC_4122 for i in ids)
    first, last = (int(i.replace("-", "")[:12], 16) for i in (ids[0], ids[-1]))
    assert 0 <= last - first < 60_000
