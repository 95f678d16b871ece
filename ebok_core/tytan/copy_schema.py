"""The copy's tables as they should be: made when they are missing, made anew when a view's columns changed.

The copy holds nothing of its own, so a table that changed is dropped, and the next refresh fills it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from ebok_core.contracts.tytan import CopyTable
from ebok_core.db import Database
from ebok_core.db.engine import COPY_SCHEMA

from . import copy, state
from .lock import alone

_LOCK_WAIT_S = 60.0
# The name under which the fingerprint of the state's own tables is kept: no view has it.
_STATE = ""
_FINGERPRINT = sa.select(state.meta.c.fingerprint).where(state.meta.c.name == sa.bindparam("name"))


def ensure(database: Database, tables: Iterable[CopyTable]) -> list[str]:
    """Create what is missing, with indexes, and recreate what changed; returns the names of the recreated tables.

    `ebok db upgrade` calls it after the migrations. A recreated table's watermark goes, so the next refresh reads its
    view whole. Raises `Refused` while a refresh runs for longer than a minute.
    """
    wanted = [copy.copy_table(view) for view in tables]
    with alone(database, wait_s=_LOCK_WAIT_S), database.refresher.begin() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {COPY_SCHEMA}")
        _ensure_state(connection)
        known = dict(connection.execute(sa.select(state.meta.c.name, state.meta.c.fingerprint)).all())
        _drop_leftovers(connection, known.keys() - {_STATE, *(table.name for table in wanted)})
        changed = []
        for table in wanted:
            if known.get(table.name) != fingerprint(table, connection.dialect):
                _recreate(connection, table)
                changed.append(table.name)
        create_indexes(connection, wanted)
    return changed


def fingerprint(table: sa.Table, dialect: sa.Dialect) -> str:
    """A hash of the table's definition in this database's words."""
    return hashlib.sha256(str(CreateTable(table).compile(dialect=dialect)).encode()).hexdigest()


def create_indexes(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Create the keys and indexes that are missing; a first load that was killed may have left some out.

    Raises SQLAlchemy's `IntegrityError` when the rows of a table repeat a key.
    """
    for table in tables:
        if connection.dialect.name == "postgresql" and not _has_key(connection, table):
            columns = ", ".join(f'"{column.name}"' for column in table.primary_key)
            _alter(connection, table, f'ADD CONSTRAINT "{table.primary_key.name}" PRIMARY KEY ({columns})')
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index, if_not_exists=True))


def drop_indexes(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Drop the indexes: an empty table is filled faster without them. SQLite can't part with a key."""
    for table in tables:
        for index in table.indexes:
            connection.execute(sa.schema.DropIndex(index, if_exists=True))
        if connection.dialect.name == "postgresql":
            _alter(connection, table, f'DROP CONSTRAINT IF EXISTS "{table.primary_key.name}"')


def _has_key(connection: sa.Connection, table: sa.Table) -> bool:
    found = sa.text("SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = CAST(:name AS regclass)")
    return bool(connection.execute(found, {"name": table.fullname}).scalar())


def _alter(connection: sa.Connection, table: sa.Table, what: str) -> None:
    # Not by SQLAlchemy's AddConstraint: the table, which all share, would be created without its key from then on.
    connection.exec_driver_sql(f"ALTER TABLE {table.fullname} {what}")


def _ensure_state(connection: sa.Connection) -> None:
    """The state's own tables; where an older release left other columns, all starts over."""
    state.metadata.create_all(connection)
    tables = state.metadata.sorted_tables
    whole = hashlib.sha256("".join(fingerprint(t, connection.dialect) for t in tables).encode()).hexdigest()
    known = connection.execute(_FINGERPRINT, {"name": _STATE}).scalar()
    if known == whole:
        return
    if known is not None:
        state.metadata.drop_all(connection)
        state.metadata.create_all(connection)
    _remember(connection, _STATE, whole)


def _remember(connection: sa.Connection, name: str, print_: str) -> None:
    connection.execute(state.meta.delete().where(state.meta.c.name == name))
    connection.execute(state.meta.insert(), {"name": name, "fingerprint": print_})


def _drop_leftovers(connection: sa.Connection, names: set[str]) -> None:
    """Copy tables of modules that are no longer installed: TYTAN's data, which nothing here may keep."""
    for name in sorted(names):
        sa.Table(name, sa.MetaData(schema=COPY_SCHEMA)).drop(connection, checkfirst=True)
        connection.execute(state.meta.delete().where(state.meta.c.name == name))


def _recreate(connection: sa.Connection, table: sa.Table) -> None:
    view: CopyTable = table.info["view"]
    table.drop(connection, checkfirst=True)
    connection.execute(CreateTable(table))
    _remember(connection, table.name, fingerprint(table, connection.dialect))
    connection.execute(state.views.delete().where(state.views.c.view == view.view))
