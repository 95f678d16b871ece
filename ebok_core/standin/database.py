"""TYTAN's database as the stand-in sees it: tables, engine, transactions, counters. SQLite and PostgreSQL.

The tables are the contract's; beside them the back office keeps two of its own (`standin_…`) and a few indexes, as any
billing system would.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from ebok_core.errors import ConfigurationError
from ebok_core.tytan import contract

# Below this version a checkpoint can race with a log restart and corrupt the file (reliability.md G2).
WAL_IS_SAFE_FROM = (3, 51, 3)
BUSY_TIMEOUT_MS = 10_000
OFFICE_LOCK = "office"
"""The counter whose row one transaction at a time holds on PostgreSQL: what BEGIN IMMEDIATE is on SQLite."""

_INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (contract.CONTRACTS.view, ("customer_code",)),
    (contract.SERVICE_POINTS.view, ("customer_code",)),
    (contract.METERS.view, ("point_code",)),
    (contract.READINGS.view, ("meter_id", "read_on")),
    (contract.INVOICES.view, ("customer_code",)),
    (contract.LEDGER.view, ("customer_code",)),
    (contract.PAYMENT_ALLOCATIONS.view, ("document_number",)),
)


@dataclass(frozen=True)
class Tables:
    """The tables of one schema, by name."""

    metadata: sa.MetaData
    schema: str | None

    def __getitem__(self, name: str) -> sa.Table:
        return self.metadata.tables[f"{self.schema}.{name}" if self.schema else name]


@lru_cache(maxsize=8)
def tables(schema: str | None = None) -> Tables:
    """The contract's tables and the office's own, built once for each schema."""
    metadata = contract.source_metadata(schema=schema)
    found = Tables(metadata, schema)
    sa.Table(
        "standin_counter",
        metadata,
        sa.Column("name", sa.Unicode(60), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    sa.Table(
        "standin_interest",
        metadata,
        sa.Column("document_number", sa.Unicode(40), primary_key=True),
        sa.Column("charged_to", sa.Date, nullable=False),
    )
    for view, columns in _INDEXES:
        sa.Index(f"ix_{view}_{'_'.join(columns)}", *(found[view].c[column] for column in columns))
    readings, ledger = found[contract.READINGS.view], found[contract.LEDGER.view]
    _partial_index(readings.c.point_code, is_accepted(readings), "accepted")
    _partial_index(readings.c.message_id, readings.c.message_id.is_not(None), "message_id")
    _partial_index(ledger.c.due_on, is_owed(ledger), "owed")
    return found


def _partial_index(column: sa.Column, where: sa.ColumnElement[bool], name: str) -> None:
    sa.Index(f"ix_{column.table.name}_{name}", column, sqlite_where=where, postgresql_where=where)


def is_accepted(readings: sa.FromClause) -> sa.ColumnElement[bool]:
    """Readings that wait to be settled; written so that both databases see that the index of these rows will do."""
    return readings.c.status == sa.literal_column("'accepted'")


def is_owed(ledger: sa.FromClause) -> sa.ColumnElement[bool]:
    """Entries with something to pay; written so that both databases see that the index of these rows will do."""
    return ledger.c.to_pay > sa.literal_column("0")


def create_tables(connection: sa.Connection, schema: str | None = None) -> None:
    """Create the tables without their indexes, which are quicker to build over rows that are there."""
    if schema and connection.dialect.name == "postgresql":
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    for table in tables(schema).metadata.sorted_tables:
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))


def create_indexes(connection: sa.Connection, schema: str | None = None) -> None:
    """Create the contract's indexes and the office's own."""
    for table in tables(schema).metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda found: str(found.name)):
            connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def create(engine: sa.Engine, schema: str | None = None) -> None:
    """Create an empty TYTAN, for tests that bring their own rows; `generate` makes a filled one."""
    with engine.begin() as connection:
        create_tables(connection, schema)
        create_indexes(connection, schema)
        connection.execute(tables(schema)["standin_counter"].insert(), {"name": OFFICE_LOCK, "value": 0})
    use_write_ahead_log(engine)


def open_engine(url: str) -> sa.Engine:
    """An engine for the office's own use. SQLite comes from pysqlite3 where it is there, and writes ahead (WAL).

    Raises `ConfigurationError` for another database than SQLite or PostgreSQL.
    """
    try:
        backend = sa.make_url(url).get_backend_name()
    except sa.exc.ArgumentError as error:
        raise ConfigurationError("This is no database address: write sqlite:///file or postgresql://…") from error
    if backend == "postgresql":
        return sa.create_engine(url, pool_pre_ping=True)
    if backend != "sqlite":
        raise ConfigurationError("The stand-in back office runs on SQLite and PostgreSQL only.")
    engine = sa.create_engine(url, module=sqlite_module(), connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    use_write_ahead_log(engine)
    return engine


def sqlite_module() -> Any:
    """The SQLite driver: pysqlite3 with its own newer library, else Python's."""
    try:
        import pysqlite3.dbapi2 as module
    except ImportError:
        import sqlite3 as module
    return module


def use_write_ahead_log(engine: sa.Engine) -> None:
    """Let readers read while the office writes, where the library's WAL is safe; the file remembers it."""
    if engine.dialect.name == "sqlite" and engine.dialect.dbapi.sqlite_version_info >= WAL_IS_SAFE_FROM:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")


class Work:
    """One transaction of the back office. Every row that it touches gets the next change number of its view."""

    def __init__(self, connection: sa.Connection, schema: str | None) -> None:
        self.connection = connection
        self.tables = tables(schema)

    def rows(self, statement: sa.Select) -> list[sa.RowMapping]:
        """The rows of a query."""
        return list(self.connection.execute(statement).mappings())

    def first(self, statement: sa.Select) -> sa.RowMapping | None:
        """The first row of a query, or None."""
        return self.connection.execute(statement).mappings().first()

    def get(self, view: str, **key: object) -> sa.RowMapping | None:
        """A row of a view by its key, or None; tombstones are not there."""
        table = self.tables[view]
        return self.first(sa.select(table).filter_by(**key).where(table.c.removed == 0))

    def next_number(self, counter: str) -> int:
        """The next number of a counter: 1, 2, 3 …; a rolled-back transaction gives it back."""
        table = self.tables["standin_counter"]
        step = table.update().where(table.c.name == counter).values(value=table.c.value + 1).returning(table.c.value)
        number = self.connection.execute(step).scalar_one_or_none()
        if number is None:
            number = 1
            self.connection.execute(table.insert(), {"name": counter, "value": number})
        return number

    def next_change_no(self, view: str) -> int:
        """The next change number of a view; since one transaction writes at a time, commits keep the order."""
        return self.next_number(change_counter(view))

    def insert(self, view: str, **values: object) -> None:
        """Add a row to a view."""
        self.connection.execute(self.tables[view].insert(), {**values, "change_no": self.next_change_no(view)})

    def update(self, view: str, key: dict[str, object], **values: object) -> None:
        """Change a row of a view; it must be there."""
        change = self.tables[view].update().filter_by(**key).values(**values, change_no=self.next_change_no(view))
        if self.connection.execute(change).rowcount != 1:
            raise LookupError(f"{view} has no row {key}")


def change_counter(view: str) -> str:
    """The name of a view's counter of changes."""
    return f"change {view}"


@contextmanager
def work(engine: sa.Engine, schema: str | None = None) -> Iterator[Work]:
    """A transaction that writes, alone: committed at the end, or rolled back whole.

    SQLite begins with BEGIN IMMEDIATE and waits for its turn; on PostgreSQL the office's counter row is locked, so that
    two offices on one database take turns as well.
    """
    if engine.dialect.name == "sqlite":
        with _immediate(engine) as connection:
            yield Work(connection, schema)
        return
    with engine.begin() as connection:
        counter = tables(schema)["standin_counter"]
        connection.execute(sa.select(counter.c.value).where(counter.c.name == OFFICE_LOCK).with_for_update())
        yield Work(connection, schema)


@contextmanager
def _immediate(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Whoever made the engine may have an event that begins a plain transaction; ours must hold the lock.
        if connection.connection.driver_connection.in_transaction:
            connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
