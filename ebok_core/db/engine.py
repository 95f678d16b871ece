"""Engines and the two ways in: `snapshot()` to read, `unit_of_work()` to write. Settings by reliability.md G1-G3."""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
import structlog
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from ebok_core.errors import ConfigurationError, DatabaseUnavailable, StorageFull

from .sorting import polish_order
from .work import open_write, run_callbacks

log = structlog.get_logger(__name__)

# Below this version a checkpoint can race with a log restart and corrupt the file (reliability.md G2).
WAL_IS_SAFE_FROM = (3, 51, 3)
BUSY_TIMEOUT_MS = 5_000
BEGIN_TRIES, BEGIN_LIMIT_S = 5, 8.0
COPY_SCHEMA = "tytan"
_POSTGRESQL_SESSION = (
    "-c timezone=UTC -c synchronous_commit=on -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s "
    "-c statement_timeout=15s "
    # Every statement looks its rows up by keys: planning it anew for each value costs more than running it.
    "-c plan_cache_mode=force_generic_plan"
)
# A snapshot by the server's own defaults: nothing to set for each transaction.
_POSTGRESQL_SNAPSHOT = "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"


class Database:
    """The portal's database and the copy of TYTAN's views beside it.

    SQLite: two files, the copy attached read-only under the name `tytan`; PostgreSQL: two schemas. `refresher` is the
    one engine that may write the copy; no page uses it.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = sa.make_url(url)
        except sa.exc.ArgumentError as error:
            raise ConfigurationError(
                "EBOK_DATABASE_URL is no database address: write sqlite:///file or postgresql://…"
            ) from error
        # What every session of this database carries in `session.info`: keys that stand in no table.
        self.info: dict[str, Any] = {}
        # What else holds connections for this database (the job queue) and is closed with it.
        self.closers: list[Callable[[], None]] = []
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.path = Path(str(self.url.database)).absolute()
            self.copy_path = self.path.with_name("tytan.db")
            self._ensure_files()
            self.writer = self._sqlite("BEGIN IMMEDIATE", attach=True)
            self.reader = self._sqlite("BEGIN", attach=True)
            self.refresher = self._sqlite("BEGIN IMMEDIATE", attach=False)
        else:
            self.writer = self._postgresql(_POSTGRESQL_SESSION)
            self.reader = self._postgresql(f"{_POSTGRESQL_SESSION} {_POSTGRESQL_SNAPSHOT}")
            self.refresher = self._postgresql("-c timezone=UTC -c lock_timeout=60s", pool_size=2)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """The one way to write: a session whose transaction is committed at the end, or rolled back whole.

        SQLite begins with `BEGIN IMMEDIATE` and waits for its turn; PostgreSQL is READ COMMITTED, and the caller locks
        rows. What `after_commit` gathered runs after the commit. Raises `DatabaseUnavailable` (nothing was stored)
        and `StorageFull`.
        """
        with self._session(self.writer) as session:
            with open_write(), _translated(self.is_sqlite):
                try:
                    yield session
                    session.commit()
                except BaseException:
                    _roll_back(session)
                    raise
            run_callbacks(session)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A read-only connection in which every statement sees one state. Raises `DatabaseUnavailable`."""
        with _translated(self.is_sqlite), self.reader.connect() as connection:
            try:
                yield connection
                # The server lets nothing be written here, and after a rollback psycopg forgets its prepared statements.
                _roll_back(connection) if self.is_sqlite else connection.commit()
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """The same as a session, for entities. Raises `DatabaseUnavailable`."""
        with self.reading() as connection:
            yield self.session_over(connection)

    def session_over(self, connection: sa.Connection) -> Session:
        """A session that reads in a connection's snapshot."""
        return Session(bind=connection, expire_on_commit=False, autoflush=False, info=self.info)

    def ping(self) -> None:
        """Read once. Raises `ConfigurationError` with a plain sentence when the database can't be reached."""
        try:
            with self.reader.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        except DBAPIError as error:
            where = self.url.render_as_string(hide_password=True)
            reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
            raise ConfigurationError(
                f"The database {where} can't be reached ({reason}). Check EBOK_DATABASE_URL, and that the server runs."
            ) from error

    def settings_report(self) -> dict[str, str]:
        """What the engine really runs with, for `ebok doctor` and the test of G2."""
        with self.reader.connect() as connection:
            if not self.is_sqlite:
                names = ("server_version", "synchronous_commit", "statement_timeout", "lock_timeout")
                return {n: str(connection.exec_driver_sql(f"SHOW {n}").scalar()) for n in names}
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            found = {n: str(connection.exec_driver_sql(f"PRAGMA {n}").scalar()) for n in names}
            return {"sqlite_version": sqlite.sqlite_version, **found}

    def dispose(self) -> None:
        """Close every pooled connection."""
        for close in self.closers:
            close()
        for engine in (self.writer, self.reader, self.refresher):
            engine.dispose()

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        with Session(bind=engine, expire_on_commit=False, info=self.info) as session:
            yield session

    def _ensure_files(self) -> None:
        """Both files must exist before one is attached read-only; a folder that can't be written is told plainly."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for path in (self.path, self.copy_path):
                path.touch(mode=0o600)
                with open(path, "r+b"):
                    pass
        except OSError as error:
            raise ConfigurationError(
                f"{error.filename or self.path} can't be written ({error.strerror}): give the folder to this user, "
                "or choose another with EBOK_DATA_DIR"
            ) from error

    def _sqlite(self, begin: str, *, attach: bool) -> Engine:
        path = self.path if attach else self.copy_path
        engine = sa.create_engine(
            f"sqlite:///file:{path}?uri=true",
            module=sqlite,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
            pool_size=8,
            max_overflow=24,
            query_cache_size=1200,
            hide_parameters=True,
        )
        if not attach:
            engine = engine.execution_options(schema_translate_map={COPY_SCHEMA: None})

        @event.listens_for(engine, "connect")
        def connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # first of all: else the driver opens transactions by itself
            connection.create_collation("polish", polish_order)
            journal = "WAL" if sqlite.sqlite_version_info >= WAL_IS_SAFE_FROM else "TRUNCATE"
            for pragma in (
                f"busy_timeout={BUSY_TIMEOUT_MS}",
                f"journal_mode={journal}",
                f"synchronous={'FULL' if attach else 'NORMAL'}",
                "foreign_keys=ON",
                "trusted_schema=OFF",
            ):
                connection.execute(f"PRAGMA {pragma}")
            if attach:
                # A read-write attachment would take the copy's lock with every BEGIN IMMEDIATE (G3).
                connection.execute(f"ATTACH 'file:{self.copy_path}?mode=ro' AS {COPY_SCHEMA}")

        @event.listens_for(engine, "begin")
        def begin_transaction(connection: sa.Connection) -> None:
            if begin == "BEGIN":
                connection.exec_driver_sql(begin)
            else:
                _begin_patiently(connection, begin)

        return engine

    def _postgresql(self, options: str, pool_size: int = 8) -> Engine:
        engine = sa.create_engine(
            self.url.set(drivername="postgresql+psycopg"),
            connect_args={"options": options, "connect_timeout": 5},
            pool_size=pool_size,
            max_overflow=8,
            query_cache_size=1200,
            hide_parameters=True,
        )
        event.listen(engine, "checkout", _is_alive)
        return engine


def _is_alive(connection: Any, _record: Any, _proxy: Any) -> None:
    """Before a pooled connection is used: a server that hung up has left something to read, a living one is silent.

    That costs no round trip, unlike a ping. Raises `InvalidatePoolError`, and the pool connects anew.
    """
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
        is_silent = not connection.closed and not poll.poll(0)
    except Exception:  # a closed connection has no socket
        is_silent = False
    if not is_silent:
        raise sa.exc.InvalidatePoolError("the server has closed this connection")


def _begin_patiently(connection: sa.Connection, begin: str) -> None:
    """SQLite has no fairness between writers: a lock at BEGIN is tried again, nothing has happened yet (G1)."""
    started = time.monotonic()
    for attempt in range(1, BEGIN_TRIES + 1):
        try:
            connection.exec_driver_sql(begin)
            return
        except OperationalError as error:
            if not _is_locked(error) or attempt == BEGIN_TRIES or time.monotonic() - started > BEGIN_LIMIT_S:
                raise
            time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 - spreads retries, guards nothing


@contextmanager
def _translated(is_sqlite: bool) -> Iterator[None]:
    """Turn the driver's words into our two errors; everything else passes."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        plain = plain_error(error, is_sqlite)
        if plain is not None:
            raise plain from error
        raise


def plain_error(error: DBAPIError, is_sqlite: bool) -> DatabaseUnavailable | StorageFull | None:
    """The driver's words as one of our two errors, None for every other fault."""
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    text, code = str(error.orig), getattr(error.orig, "sqlstate", None)
    if "disk is full" in text or code in ("53100", "53200"):
        return StorageFull("Nie ma już miejsca na dysku. Niczego nie zapisano.")
    lost = error.connection_invalidated or (code is None and not is_sqlite)
    if _is_locked(error) or lost or code in _UNAVAILABLE:
        return DatabaseUnavailable("Baza danych jest chwilowo zajęta. Niczego nie zapisano, spróbuj za chwilę.")
    return None


# serialization failure, deadlock, lock timeout, query cancelled, shutdowns, connection failures, too many connections
_UNAVAILABLE = frozenset(
    {"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "08000", "08001", "08003", "08006", "53300"}
)


def _is_locked(error: DBAPIError) -> bool:
    return any(word in str(error.orig) for word in ("database is locked", "database table is locked", "busy"))


def _roll_back(opened: Session | sa.Connection) -> None:
    """SQLite has rolled back by itself after SQLITE_FULL, and a lost connection has nothing to roll back."""
    try:
        opened.rollback()
    except DBAPIError:
        opened.invalidate()
