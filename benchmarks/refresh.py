"""S1 to S4 of performance.md: the refresh against a bare pipe between two databases, both in one run and by turns.

The limits do no more than move the rows: on PostgreSQL a binary COPY from the source into tables like the copy's, whose
indexes are built afterwards; on SQLite `executemany` from a cursor on the source, indexes afterwards. Compared are CPU
seconds, the program's and the database servers' together, since other work on the machine bends the clock; the clock's
figures are printed beside them, without a verdict. `python -m benchmarks.refresh --rows 200000` runs it alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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

from .processes import cpu_seconds
from .report import Line, ratio_line, table

ROWS = 200_000
FULL = 1_000_000
ROWS_OF_PERSONAS, ROWS_A_CUSTOMER = 87_000, 376
ROUNDS = 3
VIEWS = tuple(view for view in contract.CORE_VIEWS if view.bulk)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the source and the portal are, how a bare pipe is laid between them, and whose CPU counts beside ours."""

    source: str
    portal: Callable[[], str]
    pipe: Callable[[str], int]
    server: int | None = None


def lines(rows: int = ROWS, rounds: int = ROUNDS) -> Iterator[Line]:
    """Measure and yield the lines; with 200 000 rows about three minutes on a quiet machine."""
    with tempfile.TemporaryDirectory(prefix="ebok-bench-") as folder:
        with postgres.cluster(autovacuum="on", shared_buffers="256MB", max_wal_size="2GB") as server:
            yield from _postgresql(server, rows, rounds)
        yield from _sqlite(Path(folder), rows, rounds)


def run(database_url: str | None = None, *, rows: int = ROWS, rounds: int = ROUNDS) -> list[tuple[Any, ...]]:
    """The lines as `(id, what, ours, limit, ratio)`. `database_url` names a PostgreSQL server to use instead of a
    temporary cluster; its CPU can't be seen, so only the clock's figures mean something there.
    """
    if database_url is None:
        found = lines(rows, rounds)
    else:
        found = _postgresql(postgres.Server(url=database_url.rpartition("/")[0]), rows, rounds)
    return [(line.id, line.what, line.ours, line.limit, line.ratio) for line in found]


def _postgresql(server: postgres.Server, rows: int, rounds: int) -> Iterator[Line]:
    names = _names()
    source = server.create("ebok_bench_source")
    inside = source.replace("postgresql:", "postgresql+psycopg:")
    _generate(inside, rows)

    def fresh() -> str:
        name = next(names)
        server.drop(name)
        return server.create(name)

    place = Place(
        source=source, portal=fresh, pipe=lambda target: _copy_pipe(source, target), server=_postmaster(server)
    )
    first, pipe, memory, portal = _first_loads(place, rounds)
    yield from _against("S1", f"first load of {first.rows} rows, PostgreSQL", first, pipe, least=0.7)
    yield _memory("S1", memory)
    same = _best(lambda: _refresh(place, portal, full=True), rounds)
    yield from _against("S2", "full compare, nothing changed", same, pipe, least=0.8)
    yield Line("S2", "rows written by it", str(same.changed), "0", None, "0", same.changed == 0)
    numbers = iter(range(1, 100))

    def changed(*, full: bool) -> Took:
        _change(inside, 0.01, next(numbers))
        return _refresh(place, portal, full=full)

    few = _best(lambda: changed(full=False), rounds)
    what = f"1 % changed, {few.changed} rows, by change number"
    yield Line("S3", what, f"{few.cpu:.2f} s CPU, {few.seconds:.2f} s", "", None, "≤ 1 s", few.cpu <= 1)
    compared = _best(lambda: changed(full=True), rounds)
    what = f"1 % changed, {compared.changed} rows, by full compare"
    yield ratio_line("S3", what, compared.cpu, same.cpu, "s CPU", most=1.5)
    server.drop("ebok_bench_source")


def _sqlite(folder: Path, rows: int, rounds: int) -> Iterator[Line]:
    source = folder / "source.db"
    _generate(f"sqlite:///{source}", rows)
    names = _names()

    def fresh() -> str:
        return f"sqlite:///{folder / next(names) / 'ebok.db'}"

    place = Place(source=f"sqlite:///{source}", portal=fresh, pipe=lambda target: _executemany(source, target))
    first, pipe, memory, _portal = _first_loads(place, rounds)
    yield from _against("S4", f"first load of {first.rows} rows, SQLite", first, pipe, least=0.6)
    yield _memory("S4", memory)


def _against(key: str, what: str, ours: Took, limit: Took, *, least: float) -> Iterator[Line]:
    yield ratio_line(key, what, ours.rows / ours.cpu / 1000, limit.rows / limit.cpu / 1000, "k rows/CPU s", least=least)
    yield ratio_line(
        key, f"{what}, by the clock", ours.rows / ours.seconds / 1000, limit.rows / limit.seconds / 1000, "k rows/s"
    )


def _memory(key: str, mebibytes: float) -> Line:
    what = "peak memory of the load over the start"
    return Line(key, what, f"{mebibytes:.0f} MiB", "", None, "≤ 100 MiB", mebibytes <= 100)


def _postmaster(server: postgres.Server) -> int | None:
    """The process id of a server on this machine."""
    with psycopg.connect(server.url_of("postgres")) as connection:
        folder = connection.execute("SHOW data_directory").fetchone()
    file = Path(folder[0] if folder else "", "postmaster.pid")
    return int(file.read_text().split()[0]) if file.is_file() else None


@dataclass(frozen=True)
class Took:
    """One measured load: rows moved, rows of the copy that changed, seconds by the clock, CPU seconds of all."""

    rows: int
    changed: int
    seconds: float
    cpu: float


def _first_loads(place: Place, rounds: int) -> tuple[Took, Took, float, str]:
    """The best first load, the best pipe, the load's memory, and the last portal's address.

    By turns, since the machine's mood changes.
    """
    ours: list[Took] = []
    theirs: list[Took] = []
    memory = 0.0
    portal = ""
    for _round in range(rounds):
        target = place.portal()
        _prepare(target, place.source)
        theirs.append(_timed(place, lambda target=target: (place.pipe(target), 0)))
        portal = place.portal()
        _prepare(portal, place.source)
        took, grown = _in_child(place, portal)
        ours.append(took)
        memory = max(memory, grown)
    return min(ours, key=_cpu), min(theirs, key=_cpu), memory, portal


def _in_child(place: Place, portal: str) -> tuple[Took, float]:
    """A first load in a process of its own, whose memory nothing else has swollen."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (portal, place.source, place.server))


def _measured(portal: str, source: str, server: int | None) -> tuple[Took, float]:
    place = Place(source=source, portal=str, pipe=len, server=server)
    before = _mebibytes("VmRSS")
    took = _refresh(place, portal)
    return took, _mebibytes("VmHWM") - before


def _mebibytes(what: str) -> float:
    """This process's memory now (`VmRSS`) or at its highest (`VmHWM`)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


def _best(measure: Callable[[], Took], rounds: int) -> Took:
    return min((measure() for _round in range(rounds)), key=_cpu)


def _refresh(place: Place, portal: str, *, full: bool = False) -> Took:
    runtime = _runtime(portal)

    def work() -> tuple[int, int]:
        report = refresh.refresh(runtime, full=full)
        assert report.problem is None, report.problem
        return report.rows_read, report.rows_changed

    took = _timed(place, work)
    runtime.database.dispose()
    return took


def _timed(place: Place, work: Callable[[], tuple[int, int]]) -> Took:
    server = _settled(place.server)
    started, own = time.perf_counter(), time.process_time()
    rows, changed = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - own
    return Took(rows, changed, seconds, cpu + _settled(place.server) - server)


def _settled(server: int | None) -> float:
    """The server's CPU seconds, once two looks agree: a backend that is just ending is missed by a single one."""
    before, now = -1.0, cpu_seconds(server) if server else 0.0
    for _look in range(20):
        if now == before:
            break
        time.sleep(0.05)
        before, now = now, cpu_seconds(server) if server else 0.0
    return now


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


def _change(url: str, share: float, round_: int) -> None:
    """Give a share of the rows of three views other words under new change numbers; money and references stay."""
    engine = office.open_engine(url)
    step = round(1 / share)
    with engine.begin() as connection:
        for view, column in (("ebok_readings", "reason"), ("ebok_invoice_lines", "unit"), ("ebok_ledger", "method")):
            last = connection.exec_driver_sql(f"SELECT max(change_no) FROM {view}").scalar_one()
            connection.exec_driver_sql(
                f"UPDATE {view} SET {column} = 'x{round_}', change_no = change_no + {last} "
                f"WHERE change_no - change_no / {step} * {step} = {round_}"
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


def _cpu(took: Took) -> float:
    return took.cpu


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--full", action="store_true", help=f"{FULL} rows")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(arguments)
    found = []
    for line in lines(FULL if chosen.full else chosen.rows, chosen.rounds):
        sys.stderr.write(f"  {line.id} {line.what}: {line.ours}\n")
        found.append(line)
    sys.stdout.write(table(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
