"""R28: a refresh killed anywhere leaves every customer whole, and the next run completes it."""

from __future__ import annotations

import os
import signal

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from ebok_core import runtime as runtimes
from ebok_core.tytan import copy, copy_schema, publish, refresh, source, state

from .wholeness import is_what_tytan_says, torn

EVERY = {"sqlite": 6, "postgresql": 13}
"""Each such statement of the refresh is a fault point in this run; the campaign takes every one."""


def killed_at(portal, tytan, point):
    """Refresh in a process that is killed before its statement number `point`; False when it lived to the end."""
    portal.database.dispose()
    tytan.engine.dispose()
    child = os.fork()
    if child == 0:
        _refresh_and_die(portal, point)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def _refresh_and_die(portal, point):
    try:
        seen = 0

        @event.listens_for(sa.Engine, "before_cursor_execute")
        def count(*_arguments):
            nonlocal seen
            seen += 1
            if seen == point:
                os.kill(os.getpid(), signal.SIGKILL)

        runtime = runtimes.build(modules=[], core_settings=portal.settings, environ={})
        os._exit(0 if refresh.refresh(runtime).problem is None else 3)
    except BaseException:
        os._exit(4)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(publish, "SQLITE_BATCH", 5)


@pytest.mark.promise
@pytest.mark.slow
def test_R28_a_refresh_killed_anywhere_is_completed_by_the_next(portal, tytan, backend):
    assert refresh.refresh(portal).problem is None
    point, number, kills = 1, 10, 0
    alive = True
    while alive:
        number += 1
        for index, code in enumerate(("1-00001", "1-00002", "1-00003")):
            balance = 60 + (number - 10) * (index + 1)
            tytan.bill(code, f"R. 2026/{number}{index}", f"{index + 1}.00", balance=f"{balance}.00")
        alive = killed_at(portal, tytan, point)
        kills += alive
        with portal.database.snapshot() as session:
            assert torn(session) == [], f"killed before statement {point}"
        report = refresh.refresh(portal)
        assert report.problem is None
        assert report.customers_held_back == 0
        assert is_what_tytan_says(portal, tytan.engine), f"killed before statement {point}"
        point += EVERY[backend]
    assert kills > 8


@pytest.mark.promise
@pytest.mark.slow
def test_R28_a_first_load_killed_anywhere_is_completed_by_the_next(portal, tytan, backend):
    point, kills = 1, 0
    while killed_at(portal, tytan, point):
        kills += 1
        with portal.database.snapshot() as session:
            assert torn(session) == []
            assert session.execute(sa.select(sa.func.count()).select_from(copy.customers)).scalar() in (0, 3)
        assert refresh.refresh(portal).problem is None
        assert is_what_tytan_says(portal, tytan.engine), f"killed before statement {point}"
        assert _indexes(portal) == {str(i.name) for t in _tables(portal) for i in t.indexes}
        assert _keys(portal) == [[column.name for column in t.primary_key] for t in _tables(portal)]
        _empty(portal)
        point += EVERY[backend]
    assert kills > 8


def test_a_clerks_refresh_after_a_killed_first_load_finds_the_keys_it_needs(portal, tytan):
    with portal.database.refresher.begin() as connection:
        copy_schema.drop_indexes(connection, _tables(portal))
    report = refresh.refresh_customer(portal, "1-00002")
    assert (report.problem, report.rows_changed) == (None, 12)
    assert _keys(portal) == [[column.name for column in t.primary_key] for t in _tables(portal)]
    assert refresh.refresh(portal).problem is None
    assert is_what_tytan_says(portal, tytan.engine)


def _tables(portal):
    return [copy.copy_table(view) for view in portal.portal.copy_tables if view.bulk]


def _indexes(portal):
    with portal.database.refresher.connect() as connection:
        schema = None if portal.database.is_sqlite else copy.COPY_SCHEMA
        inspector = sa.inspect(connection)
        return {i["name"] for t in _tables(portal) for i in inspector.get_indexes(t.name, schema=schema)}


def _keys(portal):
    with portal.database.refresher.connect() as connection:
        schema = None if portal.database.is_sqlite else copy.COPY_SCHEMA
        inspector = sa.inspect(connection)
        return [inspector.get_pk_constraint(t.name, schema=schema)["constrained_columns"] for t in _tables(portal)]


def _empty(portal):
    source.of(portal).close()
    with portal.database.refresher.begin() as connection:
        for table in (*_tables(portal), state.views, state.state):
            connection.execute(table.delete())
