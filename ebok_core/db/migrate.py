"""One Alembic history and one version table per module: upgrade, status, SQL for the DBA, purge (anchors.md 3h)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ebok_core.contracts.module import MigrationSource
from ebok_core.errors import ConfigurationError, EbokError

from .engine import Database

MIGRATIONS = Path(__file__).parent / "migrations"
# An arbitrary number, the same on every node, so that two nodes that start together migrate one after the other.
_ADVISORY_LOCK = 0x65424F4B


@dataclass(frozen=True, kw_only=True)
class Status:
    """Where a module's history stands: the revision in the database and the newest one on disk."""

    module: str
    current: str | None
    head: str | None

    @property
    def is_behind(self) -> bool:
        """Whether `ebok db upgrade` has something to do."""
        return self.current != self.head


def config_for(source: MigrationSource, **attributes: Any) -> Config:
    """Alembic's configuration for one history; `attributes` carry the connection or the dialect."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(source.versions))
    config.attributes.update(short=source.short, **attributes)
    return config


def upgrade(database: Database, sources: Iterable[MigrationSource], only: str | None = None) -> list[Status]:
    """Bring each history to its head, the core first; a module upgrades whole or not at all.

    Raises `EbokError` that names the module whose migration failed; earlier modules stay upgraded.
    """
    done = []
    for source in sources:
        if only not in (None, source.module):
            continue
        try:
            with _alone(database) as connection:
                command.upgrade(config_for(source, connection=connection), "head")
        except sa.exc.SQLAlchemyError as error:
            raise EbokError(f"The migration of {source.module} failed and was rolled back: {error}") from error
        done.append(status_of(database, source))
    return done


def status_of(database: Database, source: MigrationSource) -> Status:
    """Compare the version table with the files."""
    script = ScriptDirectory.from_config(config_for(source))
    with database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": f"{source.short}_alembic_version"})
        return Status(module=source.module, current=context.get_current_revision(), head=script.get_current_head())


def check_current(database: Database, sources: Iterable[MigrationSource]) -> None:
    """Raise `ConfigurationError` when a module is behind its head: the application refuses to serve."""
    behind = [s.module for s in (status_of(database, source) for source in sources) if s.is_behind]
    if behind:
        raise ConfigurationError(f"The tables of {', '.join(behind)} are not up to date: run `ebok db upgrade`")


def sql(sources: Iterable[MigrationSource], dialect: str, only: str | None = None) -> str:
    """The migrations as SQL for a database administrator, one script per module."""
    output = io.StringIO()
    for source in sources:
        if only in (None, source.module):
            output.write(f"-- {source.module}\n")
            config = config_for(source, dialect=dialect)
            config.output_buffer = output
            with redirect_stdout(output):
                command.upgrade(config, "head", sql=True)
    return output.getvalue()


def purge(database: Database, source: MigrationSource) -> list[str]:
    """Drop every table of a module, its version table last; returns their names. The core is refused."""
    if source.short == "core":
        raise EbokError("The core's tables can't be purged")
    return purge_prefix(database, source.short)


def purge_prefix(database: Database, short: str) -> list[str]:
    """Drop every table that begins with the short name: also of a module whose package is gone."""
    with _alone(database) as connection:
        metadata = sa.MetaData()
        names = [n for n in sa.inspect(connection).get_table_names() if n.startswith(f"{short}_")]
        metadata.reflect(connection, only=names)
        metadata.drop_all(connection)
    return sorted(names)


def orphans(database: Database, sources: Iterable[MigrationSource]) -> list[str]:
    """Short names of version tables whose module is not installed: their tables, and personal data, are still there."""
    known = {source.short for source in sources}
    with database.reader.connect() as connection:
        names = sa.inspect(connection).get_table_names()
    suffix = "_alembic_version"
    return sorted(n.removesuffix(suffix) for n in names if n.endswith(suffix) and n.removesuffix(suffix) not in known)


@contextmanager
def _alone(database: Database) -> Iterator[sa.Connection]:
    """One transaction that no other node shares: an advisory lock on PostgreSQL, BEGIN IMMEDIATE on SQLite.

    SQLite checks foreign keys while batch mode rebuilds a table, so they are off for the transaction and checked whole
    before it ends.
    """
    engine = database.writer if database.is_sqlite else database.refresher
    with engine.connect() as connection:
        if database.is_sqlite:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                        raise EbokError("The migration would break a foreign key")
            finally:
                raw.execute("PRAGMA foreign_keys=ON")
        else:
            with connection.begin():
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
                yield connection
