"""TYTAN's side over any SQLAlchemy dialect: the contract's tables under the names that the utility gave them."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ebok_core import runtime_settings
from ebok_core.contracts.tytan import CopyTable, Delivery, Envelope, Outcome, ViewDifference
from ebok_core.db import assert_no_open_write

from . import comparison, delivery, dialects, engines, naming
from .contract import INBOX, INBOX_COLUMNS, RESULT_COLUMNS, RESULTS, source_type
from .engines import TytanUnavailable, reason
from .settings import TytanConfig, TytanConfigSchema

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

CHUNK = 500
"""Rows at a time. Measured: the values of 500 rows stay in the processor's cache from the driver to the copy; with
10 000, reading and cleaning took twice the time."""


class Chunk(Sequence[Mapping[str, Any]]):
    """Rows of a view as the driver gave them: `tuples` in the order of `names`; as a sequence, mappings."""

    def __init__(self, names: tuple[str, ...], tuples: Sequence[Sequence[Any]]) -> None:
        self.names = names
        self.tuples = tuples

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Chunk:
        """The rows of a source of another make."""
        names = tuple(rows[0]) if rows else ()
        return cls(names, [tuple(row[name] for name in names) for row in rows])

    def __len__(self) -> int:
        return len(self.tuples)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Chunk(self.names, self.tuples[index])
        return dict(zip(self.names, self.tuples[index], strict=True))


class DatabaseSource:
    """The contract on a database. Nothing is read or sent while an e-BOK write transaction is open (G4).

    Values come as the driver gives them; the validation knows every form. Raises `TytanUnavailable` when the database
    does not answer and `ConfigurationError` when the settings can't work.
    """

    def __init__(self, config: TytanConfig, views: Iterable[CopyTable]) -> None:
        self.views = {view.view: view for view in views}
        self.names = naming.parse(config.mapping)
        naming.check(self.names, self.views.values())
        self._reading = engines.make(config, writes=False)
        self._writing = engines.make(config, writes=True)
        self._facts = dialects.of(self._reading.dialect.name)
        self._metadata = sa.MetaData(schema=config.schema_name.strip() or None)
        self._selects: dict[tuple[str, bool, bool], sa.Select[Any]] = {}
        self._probed = threading.Event()
        self._held: sa.Connection | None = None

    @contextmanager
    def snapshot(self) -> Iterator[DatabaseSource]:
        """The source on one connection: what is read inside is one state, where the dialect can give it."""
        self._try_letters()
        with self._connected(self._reading) as connection:
            inside = copy.copy(self)
            inside._held = connection
            yield inside

    def check(self) -> list[ViewDifference]:
        """Compare the live database with the contract; an empty list means that they agree."""
        with self._connection() as connection, _translated():
            engines.probe(connection)
            return comparison.differences(connection, self.names, self._metadata.schema, self.views.values())

    def now(self) -> datetime:
        """The database's clock, in UTC: the age of the copy counts from it."""
        with self._connection() as connection, _translated():
            return as_instant(connection.exec_driver_sql(self._facts.now).scalar_one())

    def rows(
        self, table: CopyTable, *, after: int | None = None, customer_code: str | None = None, chunk: int = CHUNK
    ) -> Iterator[Chunk]:
        """Rows of a view in chunks: all, those changed above `after`, or those of one customer.

        Where the customer is known by a parent row, the rows carry `customer_code`, null without a living parent.
        """
        assert_no_open_write("reading TYTAN")
        statement = self._select(table, after is not None, customer_code is not None)
        values = {"after": after, "customer_code": customer_code}
        values = {name: value for name, value in values.items() if value is not None}
        with self._connection() as connection, _translated():
            with connection.execute(statement, values, execution_options={"yield_per": chunk}) as result:
                names = tuple(result.keys())
                # The driver's own tuples: without types there is nothing that a row of SQLAlchemy would do for them.
                while rows := result.cursor_strategy.fetchmany(result, result.cursor, chunk):
                    yield Chunk(names, rows)

    def one(self, table: CopyTable, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """One row of a view by its key, with its BLOBs: what is never copied in bulk is fetched so."""
        assert_no_open_write("reading TYTAN")
        view = self._table(table.view, [c.name for c in (*table.columns, naming.CHANGE_NO, naming.REMOVED)])
        statement = sa.select(*(view.c[c.name].label(c.name) for c in table.columns)).where(
            view.c.removed == 0, *(view.c[name] == value for name, value in key.items())
        )
        with self._connection() as connection, _translated():
            row = connection.execute(statement).mappings().first()
            return dict(row) if row else None

    def results(self, after: int) -> Iterator[Mapping[str, Any]]:
        """Rows of `ebok_results` with a change number above `after`, in its order; `status_at` is aware, in UTC."""
        assert_no_open_write("reading TYTAN")
        names = [c.name for c in RESULT_COLUMNS] + [naming.CHANGE_NO.name]
        table = self._table(RESULTS, names)
        above = table.c.change_no > sa.bindparam("after", type_=sa.BigInteger)
        statement = sa.select(*(table.c[n].label(n) for n in names)).where(above).order_by(table.c.change_no)
        with self._connection() as connection, _translated():
            for row in connection.execute(statement, {"after": after}).mappings():
                yield {**row, "status_at": as_instant(row["status_at"]), "change_no": int(row["change_no"])}

    def put(self, envelopes: Sequence[Envelope]) -> Delivery:
        """Insert a run of messages into `ebok_inbox` in one transaction of TYTAN's, in order."""
        assert_no_open_write("delivering to TYTAN")
        inbox = self._table(INBOX, [])
        try:
            self._try_letters()
            with self._connected(self._writing) as connection:
                return delivery.deliver(connection, inbox, envelopes, self._facts.busy)
        except TytanUnavailable as error:
            return Delivery(outcome=Outcome.UNREACHABLE, code=type(error.__cause__ or error).__name__)

    def close(self, *, ours: bool = True) -> None:
        """Close every pooled connection, or with `ours=False` forget them: another process still uses them."""
        self._reading.dispose(close=ours)
        self._writing.dispose(close=ours)

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        if self._held is not None:
            yield self._held
            return
        self._try_letters()
        with self._connected(self._reading) as connection:
            yield connection

    @contextmanager
    def _connected(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        """A connection of a pool. Raises `TytanUnavailable` when there is none."""
        assert_no_open_write("connecting to TYTAN")
        try:
            connection = engine.connect()
        except (DBAPIError, sa.exc.TimeoutError, OSError) as error:
            raise TytanUnavailable(reason(error)) from error
        with connection:
            yield connection

    def _try_letters(self) -> None:
        """Let the database give the Polish letters back, once for each source."""
        if not self._probed.is_set():
            with self._connected(self._reading) as connection, _translated():
                engines.probe(connection)
            self._probed.set()

    def _table(self, view: str, columns: Iterable[str]) -> sa.Table:
        """A table of the contract under its real name; columns without a type, so that values pass as they are."""
        name = self.names.table(view)
        schema = self._metadata.schema
        known = self._metadata.tables.get(f"{schema}.{name}" if schema else name)
        if known is not None:
            return known
        if view == INBOX:
            typed = [sa.Column(self.names.column(view, c.name), source_type(c), key=c.name) for c in INBOX_COLUMNS]
            return sa.Table(name, self._metadata, *typed)
        untyped = [sa.Column(self.names.column(view, c), sa.types.NullType(), key=c) for c in columns]
        return sa.Table(name, self._metadata, *untyped)

    def _select(self, view: CopyTable, by_change: bool, by_customer: bool) -> sa.Select[Any]:
        key = (view.view, by_change, by_customer)
        if key not in self._selects:
            self._selects[key] = self._built(view, by_change, by_customer)
        return self._selects[key]

    def _built(self, view: CopyTable, by_change: bool, by_customer: bool) -> sa.Select[Any]:
        columns = [c.name for c in (*view.columns, naming.CHANGE_NO, naming.REMOVED)]
        table = self._table(view.view, columns).alias()
        customer, joined = self._customer(view, table, table)
        statement = sa.select(*(table.c[name].label(name) for name in columns)).select_from(joined)
        if not isinstance(view.customer, str):
            statement = statement.add_columns(customer.label("customer_code"))
        if by_change:
            statement = statement.where(table.c.change_no > sa.bindparam("after", type_=sa.BigInteger))
        if by_customer:
            statement = statement.where(customer == sa.bindparam("customer_code", type_=sa.Unicode(20)))
        return statement

    def _customer(
        self, view: CopyTable, table: sa.FromClause, joined: sa.FromClause
    ) -> tuple[sa.ColumnElement[Any], sa.FromClause]:
        """The column that knows the customer, and the joins that lead to it through living parents."""
        if isinstance(view.customer, str):
            return table.c[view.customer], joined
        column, parent_name = view.customer
        parent = self.views[parent_name]
        columns = [c.name for c in (*parent.columns, naming.CHANGE_NO, naming.REMOVED)]
        above = self._table(parent.view, columns).alias()
        meets = sa.and_(above.c[parent.key[0]] == table.c[column], above.c.removed == 0)
        return self._customer(parent, above, joined.outerjoin(above, meets))


def as_instant(value: Any) -> datetime:
    """An instant of the contract (UTC) as an aware datetime, from a driver's datetime or text."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise TytanUnavailable(reason(error)) from error


class _Kept(NamedTuple):
    process: int
    config: TytanConfig
    views: tuple[CopyTable, ...]
    source: DatabaseSource


# One source an address, kept while the settings stay: jobs come every few seconds, connecting each time is slow.

_lock = threading.Lock()
_known: dict[tuple[str, str], _Kept] = {}


def config_of(runtime: Runtime) -> TytanConfig:
    """The page's settings as they are now, with the password."""
    with runtime.database.snapshot() as session:
        config: TytanConfig = runtime_settings.get(session, TytanConfigSchema, runtime.settings.encryption_keys)
    return config


def of(runtime: Runtime) -> DatabaseSource | None:
    """TYTAN's side as the settings say now, or None while no address is given."""
    config = config_of(runtime)
    return of_config(config, runtime.portal.copy_tables) if config.address.strip() else None


def of_config(config: TytanConfig, views: tuple[CopyTable, ...]) -> DatabaseSource:
    """The process's one source for an address; one that was made for other settings is closed."""
    place = (config.address, config.schema_name)
    with _lock:
        kept = _known.get(place)
        if kept is not None and (kept.process, kept.config, kept.views) == (os.getpid(), config, views):
            return kept.source
        made = DatabaseSource(config, views)
        _known[place] = _Kept(os.getpid(), config, views, made)
    if kept is not None:
        # After a fork the connections still belong to the parent.
        kept.source.close(ours=kept.process == os.getpid())
    return made
