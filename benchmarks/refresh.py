"""S1 to S4 of performance.md: the refresh against a bare pipe between two databases, both in one run and by turns.

The limits do no more than move the rows: on PostgreSQL a binary COPY from the source into tables like the copy's, whose
indexes are built afterwards; on SQLite `executemany` from a cursor on the source. `run()` prints nothing and returns
`(id, what, ours, limit, ratio)`; `python -m benchmarks.refresh --rows 200000` prints the table.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
from ebok_core import runtime as runtimes
from ebok_core import runtime_settings
from ebok_core.contracts.tytan import CopyTable, Kind
from ebok_core.db import migrate
from ebok_core.runtime import Runtime
from ebok_core.settings import CoreSettings
from ebok_core.standin import database as office
from ebok_core.standin.generator import generate
from ebok_core.testing import postgres
from ebok_core.tytan import contract, copy, copy_schema, refresh
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema

ROWS = 200_000
FULL = 1_000_000
ROWS_OF_PERSONAS, ROWS_A_CUSTOMER = 87_000, 376
ROUNDS = 3
VIEWS = tuple(view for view in contract.CORE_VIEWS if view.bulk)
Line = tuple[str, str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one kind of database keeps the source and the portal, and how a bare pipe is laid between them."""

    source: str
    portal: Callable[[], str]
    pipe: Callable[[str], int]


def run(database_url: str | None = None, *, rows: int = ROWS, rounds: int = ROUNDS) -> list[Line]:
    """Measure S1 to S4 with about `rows` rows. `database_url` names a PostgreSQL server that may be used; None starts
    a temporary cluster.
    """
    with tempfile.TemporaryDirectory(prefix="ebok-bench-") as folder:
        lines = []
        with _server(database_url) as server:
            lines += _postgresql(server, rows, rounds)
        return lines + _sqlite(Path(folder), rows, rounds)


def _postgresql(server: postgres.Server, rows: int, rounds: int) -> list[Line]:
    names = _names()
    source = server.create("ebok_bench_source")
    _generate(source.replace("postgresql:", "postgresql+psycopg:"), rows)

    def fresh() -> str:
        name = next(names)
        server.drop(name)
        return server.create(name)

    place = Place(source=source, portal=fresh, pipe=lambda target: _copy_pipe(source, target))
    first, pipe, memory, portal = _first_loads(place, rounds)
    same = _best(lambda: _refresh(portal, source, full=True), rounds)
    count = first.rows
    _change(source.replace("postgresql:", "postgresql+psycopg:"), 0.01)
    few = _refresh(portal, source)
    _change(source.replace("postgresql:", "postgresql+psycopg:"), 0.01)
    compared = _refresh(portal, source, full=True)
    server.drop("ebok_bench_source")
    return [
        ("S1", f"first load of {count} rows, PostgreSQL", _speed(first), _speed(pipe), _ratio(first, pipe)),
        ("S1", "its peak memory over the start", f"{memory:.0f} MiB", "100 MiB", f"{memory / 100:.2f}"),
        ("S2", "full compare, nothing changed", _speed(same), _speed(pipe), _ratio(same, pipe)),
        ("S2", "rows written by it", str(same.changed), "0", "–"),
        ("S3", f"{few.changed} rows changed, by number", f"{few.seconds:.2f} s", "1 s", f"{few.seconds:.2f}"),
        (
            "S3",
            f"{compared.changed} rows changed, by full compare",
            _speed(compared),
            _speed(same),
            _times(compared, same),
        ),
    ]


def _sqlite(folder: Path, rows: int, rounds: int) -> list[Line]:
    source = folder / "source.db"
    _generate(f"sqlite:///{source}", rows)
    names = _names()

    def fresh() -> str:
        return f"sqlite:///{folder / next(names) / 'ebok.db'}"

    place = Place(source=f"sqlite:///{source}", portal=fresh, pipe=lambda target: _executemany(source, target))
    first, pipe, memory, _portal = _first_loads(place, rounds)
    return [
        ("S4", f"first load of {first.rows} rows, SQLite", _speed(first), _speed(pipe), _ratio(first, pipe)),
        ("S4", "its peak memory over the start", f"{memory:.0f} MiB", "100 MiB", f"{memory / 100:.2f}"),
    ]


@dataclass(frozen=True)
class Took:
    """One measured load: rows moved, rows of the copy that changed, seconds."""

    rows: int
    changed: int
    seconds: float


def _first_loads(place: Place, rounds: int) -> tuple[Took, Took, float, str]:
    """The best first load, the best pipe, the load's memory, and the last portal's address. By turns, since the
    machine's mood changes."""
    ours: list[Took] = []
    theirs: list[Took] = []
    memory = 0.0
    portal = ""
    for _round in range(rounds):
        target = place.portal()
        _prepare(target, place.source)
        started = time.perf_counter()
        rows = place.pipe(target)
        theirs.append(Took(rows, rows, time.perf_counter() - started))
        portal = place.portal()
        _prepare(portal, place.source)
        took, grown = _in_child(portal, place.source)
        ours.append(took)
        memory = max(memory, grown)
    return min(ours, key=_seconds), min(theirs, key=_seconds), memory, portal


def _in_child(portal: str, source: str) -> tuple[Took, float]:
    """A first load in a process of its own, whose memory nothing else has swollen."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (portal, source))


def _measured(portal: str, source: str) -> tuple[Took, float]:
    runtime = _runtime(portal)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = _refresh_of(runtime, full=False)
    return took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def _best(measure: Callable[[], Took], rounds: int) -> Took:
    return min((measure() for _round in range(rounds)), key=_seconds)


def _refresh(portal: str, source: str, *, full: bool = False) -> Took:
    return _refresh_of(_runtime(portal), full=full)


def _refresh_of(runtime: Runtime, *, full: bool) -> Took:
    started = time.perf_counter()
    report = refresh.refresh(runtime, full=full)
    seconds = time.perf_counter() - started
    assert report.problem is None, report.problem
    runtime.database.dispose()
    return Took(report.rows_read, report.rows_changed, seconds)


def _runtime(portal: str) -> Runtime:
    settings = CoreSettings(
        data_dir=Path(tempfile.gettempdir()),
        database_url=portal,
        secret_key="s" * 40,
        audit_key="a" * 40,
        encryption_keys=["YmVuY2gta2V5LWJlbmNoLWtleS1iZW5jaC1rZXktYjE="],
        log_level="ERROR",
    )
    return runtimes.build(modules=[], core_settings=settings, environ={})


def _prepare(portal: str, source: str) -> None:
    runtime = _runtime(portal)
    migrate.upgrade(runtime.database, runtime.portal.migrations)
    copy_schema.ensure(runtime.database, runtime.portal.copy_tables)
    with runtime.database.unit_of_work() as session:
        runtime_settings.save(
            session, TytanConfigSchema, TytanConfig(address=source), keys=runtime.settings.encryption_keys
        )
    runtime.database.dispose()


def _generate(url: str, rows: int) -> None:
    engine = office.open_engine(url)
    generate(engine, customers=max(20, (rows - ROWS_OF_PERSONAS) // ROWS_A_CUSTOMER), seed=1, as_of=date(2026, 11, 24))
    engine.dispose()


def _change(url: str, share: float) -> None:
    """Let a share of the rows of every view get the next change numbers; money and references stay as they are."""
    engine = office.open_engine(url)
    step = round(1 / share)
    with engine.begin() as connection:
        for view, column in (("ebok_readings", "reason"), ("ebok_invoice_lines", "unit"), ("ebok_ledger", "method")):
            last = connection.exec_driver_sql(f"SELECT max(change_no) FROM {view}").scalar_one()
            connection.exec_driver_sql(
                f"UPDATE {view} SET {column} = substr(coalesce({column}, '') || 'x', 1, 20), "
                f"change_no = change_no + {last} WHERE change_no / {step} * {step} = change_no"
            )
    engine.dispose()


# The limits.


def _copy_pipe(source: str, target: str) -> int:
    """Binary COPY out of the source into the copy's tables, keys kept and indexes built at the end."""
    rows = 0
    with psycopg.connect(source) as reading, psycopg.connect(target) as writing:
        writing.execute("SET maintenance_work_mem = '128MB'")
        writing.execute("SET synchronous_commit = off")
        for name in _indexes():
            writing.execute(f"DROP INDEX tytan.{name}")
        for view in VIEWS:
            with reading.cursor() as out, writing.cursor() as back:
                select = f"COPY ({_select(view)}) TO STDOUT (FORMAT binary)"
                insert = f"COPY tytan.{view.name} FROM STDIN (FORMAT binary)"
                with out.copy(select) as reader, back.copy(insert) as writer:
                    for block in reader:
                        writer.write(block)
                rows += back.rowcount
        for index in _indexes().values():
            writing.execute(str(sa.schema.CreateIndex(index).compile(dialect=sa.dialects.postgresql.dialect())))
    return rows


def _executemany(source: Path, target: str) -> int:
    """`executemany` from a cursor on the source into the copy's tables, keys kept and indexes built at the end."""
    path = Path(target.removeprefix("sqlite:///")).with_name("tytan.db")
    rows = 0
    reading, writing = sqlite.connect(str(source)), sqlite.connect(str(path))
    writing.isolation_level = None
    writing.execute("PRAGMA synchronous=NORMAL")
    writing.execute("BEGIN IMMEDIATE")
    for name in _indexes():
        writing.execute(f"DROP INDEX {name}")
    for view in VIEWS:
        places = ", ".join("?" * len(copy.copy_table(view).columns))
        done = writing.executemany(f"INSERT INTO {view.name} VALUES ({places})", reading.execute(_select(view)))
        rows += done.rowcount
    for index in _indexes().values():
        statement = str(sa.schema.CreateIndex(index).compile(dialect=sa.dialects.sqlite.dialect()))
        writing.execute(statement.replace("tytan.", ""))
    writing.execute("COMMIT")
    reading.close()
    writing.close()
    return rows


def _indexes() -> dict[str, sa.Index]:
    return {str(index.name): index for view in VIEWS for index in copy.copy_table(view).indexes}


_CASTS = {
    Kind.MONEY: "CAST(round(v.{} * 100) AS BIGINT)",
    Kind.VOLUME: "CAST(round(v.{} * 1000) AS BIGINT)",
    Kind.PRICE: "CAST(round(v.{} * 10000) AS BIGINT)",
    Kind.FLAG: "(v.{} = 1)",
}


def _select(view: CopyTable) -> str:
    """The view's rows in the copy's columns; what only a program can make (search texts, HMACs) is left empty."""
    kinds = {column.name: column.kind for column in view.columns}
    join = ""
    parts = []
    for column in copy.copy_table(view).columns:
        if column.name in kinds:
            parts.append(_CASTS.get(kinds[column.name], "v.{}").format(column.name))
        elif column.name == "customer_code":
            name, parent = view.customer
            key = next(v for v in VIEWS if v.view == parent).key[0]
            join = f" JOIN {parent} p ON p.{key} = v.{name}"
            parts.append("p.customer_code")
        else:
            parts.append("v.change_no" if column.name == "change_no" else "CAST('' AS VARCHAR)")
    return f"SELECT {', '.join(parts)} FROM {view.view} v{join}"


def _names() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"ebok_bench_{number}"


@contextmanager
def _server(url: str | None) -> Iterator[postgres.Server]:
    if url:
        yield postgres.Server(url=url.rpartition("/")[0])
        return
    with postgres.cluster(autovacuum="on", shared_buffers="256MB", max_wal_size="2GB") as server:
        yield server


def _seconds(took: Took) -> float:
    return took.seconds


def _speed(took: Took) -> str:
    return f"{took.rows / took.seconds:,.0f} rows/s"


def _ratio(ours: Took, limit: Took) -> str:
    return f"{(ours.rows / ours.seconds) / (limit.rows / limit.seconds):.2f}"


def _times(ours: Took, limit: Took) -> str:
    return f"{ours.seconds / limit.seconds:.2f}"


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--full", action="store_true", help=f"{FULL} rows")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--database-url", help="A PostgreSQL server to use; without it a temporary cluster is started")
    chosen: Any = parser.parse_args(arguments)
    lines = run(chosen.database_url, rows=FULL if chosen.full else chosen.rows, rounds=chosen.rounds)
    for line in lines:
        print(" | ".join(f"{cell:<40}" if n == 1 else f"{cell:>18}" for n, cell in enumerate(line)))


if __name__ == "__main__":
    main(sys.argv[1:])
