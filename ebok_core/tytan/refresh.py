"""The refresh: read TYTAN, stage, check, publish. Full, by change number, or of one customer (reliability.md §6).

A run that was killed anywhere is repeated from the old watermark. A run that a gate refuses changes nothing and leaves
a sentence for the panel.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog

from ebok_core import clock
from ebok_core.contracts.tytan import TytanSource
from ebok_core.db import Database
from ebok_core.db.engine import COPY_SCHEMA
from ebok_core.errors import EbokError, Refused
from ebok_core.i18n import gettext as _

from . import comparison, publish, staging
from .engines import TytanUnavailable
from .lock import alone
from .report import CHANGES, CUSTOMER, FULL, Report
from .run import Run

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

PATIENCE_S = 20.0
"""Seconds that a clerk's refresh of one customer waits for the run that is under way."""


def refresh(runtime: Runtime, *, full: bool = False) -> Report:
    """Bring the copy up to date by change numbers, or with `full` by comparing every row.

    What stands in the way is a sentence in the report and in the copy's state, not an error. Raises
    `ConfigurationError` while no address is given and `Refused` (`refresh_running`) while another run is at work.
    """
    return _run(runtime, FULL if full else CHANGES)


def refresh_customer(runtime: Runtime, customer_code: str) -> Report:
    """Bring one customer's rows up to date, at a clerk's wish (L161); the copy's age stays."""
    return _run(runtime, CUSTOMER, customer_code)


def _run(runtime: Runtime, kind: str, customer_code: str | None = None) -> Report:
    started = clock.monotonic()
    at = clock.now_utc()
    with alone(runtime.database, wait_s=PATIENCE_S if kind == CUSTOMER else 0):
        source: TytanSource | None = None
        try:
            source = runtime.tytan_source()
            with source.snapshot() as snapshot, _connection(runtime.database) as connection:
                run = Run(runtime, snapshot, connection, kind, at)
                report = run.refresh(customer_code)
        except (TytanUnavailable, Refused) as error:
            problem = _problem(source, error)
            _remember_problem(runtime.database, kind, at, problem, reachable=not isinstance(error, TytanUnavailable))
            log.warning("refresh.refused", kind=kind, problem=problem)
            return Report(kind=kind, problem=problem, seconds=clock.monotonic() - started)
    log.info("refresh.done", kind=kind, read=report.rows_read, changed=report.rows_changed)
    return replace(report, seconds=clock.monotonic() - started)


def _problem(source: TytanSource | None, error: EbokError) -> str:
    """The sentence for the panel: what the contract misses, if that is why TYTAN could not be read."""
    if isinstance(error, TytanUnavailable) and source is not None:
        try:
            differences = source.check()
        except EbokError:
            differences = []
        if differences:
            return comparison.summary(differences)
    if isinstance(error, TytanUnavailable):
        return _("TYTAN's database does not answer: %(reason)s", reason=error)
    return str(error)


def _remember_problem(database: Database, kind: str, at: datetime, problem: str, *, reachable: bool) -> None:
    values = {"attempted_at": at, "problem": problem, "reachable": reachable}
    if kind == FULL and reachable:
        values["compare_problem"] = problem
    with database.refresher.begin() as connection:
        publish.remember_run(connection, **values)


@contextmanager
def _connection(database: Database) -> Iterator[sa.Connection]:
    """A connection of its own with room for staging, which goes with it."""
    with database.refresher.connect() as connection:
        connection.detach()
        if database.is_sqlite:
            with _staging_file(database, connection):
                yield connection.execution_options(schema_translate_map=_SQLITE_SCHEMAS, preserve_rowcount=True)
            return
        for setting in _POSTGRESQL_SETTINGS:
            connection.exec_driver_sql(setting)
        connection.commit()
        yield connection.execution_options(schema_translate_map=_POSTGRESQL_SCHEMAS, preserve_rowcount=True)


# The refresher's SQLite connection has the copy as its main database.
_SQLITE_SCHEMAS = {COPY_SCHEMA: None, staging.SCHEMA: staging.SCHEMA}
_POSTGRESQL_SCHEMAS = {staging.SCHEMA: "pg_temp"}
_POSTGRESQL_SETTINGS = (
    "SET work_mem = '64MB'",
    "SET maintenance_work_mem = '128MB'",
    # A crash may lose the last moments of a copy that is read again anyway.
    "SET synchronous_commit = off",
    # Joins of whole tables need a rough idea of them only.
    "SET default_statistics_target = 10",
)


@contextmanager
def _staging_file(database: Database, connection: sa.Connection) -> Iterator[None]:
    """A second SQLite file for the staged rows: the driver would keep temporary tables in memory."""
    path = database.copy_path.with_name("tytan-staging.db")
    path.unlink(missing_ok=True)
    raw: Any = connection.connection.dbapi_connection
    raw.execute(f"ATTACH 'file:{path}' AS {staging.SCHEMA}")
    for pragma in (f"{staging.SCHEMA}.journal_mode=MEMORY", f"{staging.SCHEMA}.synchronous=OFF", "cache_size=-8192"):
        raw.execute(f"PRAGMA {pragma}").fetchall()
    try:
        yield
    finally:
        connection.invalidate()
        path.unlink(missing_ok=True)
