"""Staging: changed rows wait in temporary tables until they are checked; what differs from the copy is worked out here.

A staged row's `mark` says what it is. The change tables hold the keys of rows that will be written or dropped, with the
customer who has the row then and the one who has it now. On PostgreSQL they are temporary tables, on SQLite they live
in a file that is thrown away: a refresh that was killed leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import psycopg.errors
import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from ebok_core.contracts.tytan import CopyTable

from . import copy
from .rules import REFERENCES

LIVE, GONE, SPARED = 0, 1, 2
"""A staged row to be in the copy; a tombstone; a row in the quarantine, of which the copy keeps what it has."""
WRITE, DROP = 1, -1

SCHEMA = "staging"
_temporary = sa.MetaData(schema=SCHEMA)
touched = sa.Table(
    "touched_customer",
    _temporary,
    sa.Column("code", sa.String(20), primary_key=True),
    sa.Column("batch", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(200)),
)
"""Customers of whom something changes; with a reason they are held back."""
complete = sa.Table("complete_customer", _temporary, sa.Column("code", sa.String(20), primary_key=True))
"""Customers whose rows are all staged, so that a row which is not staged is gone."""

# COPY's csv form with parts that validated texts can't hold, so that nothing in them needs an escape.
_FIELD, _QUOTE, _NULL = "\x1f", "\x1e", "\x1d"


class DuplicateKeys(Exception):
    """The source has one key twice, and rows go straight into the copy's tables."""


@dataclass(frozen=True, eq=False)
class Room:
    """A view with its three tables: the copy's, the staged rows, the changes."""

    view: CopyTable
    copy: sa.Table
    stage: sa.Table
    change: sa.Table

    @property
    def customer(self) -> str:
        """The column that holds the customer's code."""
        return str(self.copy.info["customer"])

    @property
    def columns(self) -> list[str]:
        """The copy's columns, in order."""
        return [column.name for column in self.copy.columns]

    @property
    def compared(self) -> list[str]:
        """The columns in which a row may differ: a new change number alone is no change."""
        return [name for name in self.columns if name not in (*self.view.key, "change_no")]

    @property
    def joined(self) -> list[str]:
        """The columns by which the refresh joins and chooses, in any of the three tables."""
        references = [column for view, column, _parent in REFERENCES if view == self.view.view]
        return list(dict.fromkeys([*self.view.key, self.customer, *references, "mark", "op", "customer", "former"]))

    def same_key(self, left: sa.FromClause, right: sa.FromClause) -> sa.ColumnElement[bool]:
        """The condition that two rows of this view are one."""
        return sa.and_(*(left.c[name] == right.c[name] for name in self.view.key))

    def key_of(self, table: sa.FromClause) -> list[sa.ColumnElement[Any]]:
        """The key's columns of a table."""
        return [table.c[name] for name in self.view.key]


@dataclass
class Loaded:
    """What became of a view's rows: how many were read and cleaned, the greatest change number, the faults."""

    read: int = 0
    rows: int = 0
    highest: int | None = None
    faults: list[Any] = field(default_factory=list)
    good: set[str] = field(default_factory=set)


@lru_cache(maxsize=64)
def room(view: CopyTable) -> Room:
    """The tables of a view, made once."""
    table = copy.copy_table(view)
    staged = [sa.Column(column.name, column.type) for column in table.columns]
    keys = [sa.Column(name, table.c[name].type) for name in view.key]
    return Room(
        view=view,
        copy=table,
        stage=sa.Table(
            f"stage_{view.name}",
            _temporary,
            *staged,
            sa.Column("mark", sa.SmallInteger, nullable=False),
        ),
        change=sa.Table(
            f"change_{view.name}",
            _temporary,
            *keys,
            sa.Column("op", sa.SmallInteger, nullable=False),
            sa.Column("customer", sa.String(20)),
            sa.Column("former", sa.String(20)),
        ),
    )


def create(connection: sa.Connection, rooms: Iterable[Room]) -> None:
    """Make the temporary tables of a run."""
    for table in (touched, complete, *(t for r in rooms for t in (r.stage, r.change))):
        connection.execute(CreateTable(table))


def settle(connection: sa.Connection, room: Room, *tables: sa.Table) -> None:
    """Make filled tables quick to join: indexes on SQLite, statistics on PostgreSQL."""
    for table in tables:
        if connection.dialect.name == "postgresql":
            analyze(connection, table, room.joined)
            continue
        connection.execute(CreateIndex(_detached(table, "key", room.view.key), if_not_exists=True))
        if table is room.change:
            connection.execute(CreateIndex(_detached(table, "customer", ("customer",)), if_not_exists=True))


def analyze(connection: sa.Connection, table: sa.Table, columns: Iterable[str] = ()) -> None:
    """Tell PostgreSQL's planner what a table holds, or some of its columns; SQLite needs no telling.

    Looking at every column of a large table costs as much as filling it; for the others autovacuum comes by itself.
    """
    if connection.dialect.name == "postgresql":
        names = [name for name in columns or table.c.keys() if name in table.c]
        connection.exec_driver_sql(f"ANALYZE {_full_name(connection, table)} ({', '.join(_quoted(names))})")


def _full_name(connection: sa.Connection, table: sa.Table) -> str:
    """A table's name in this connection's schemas."""
    schema = connection.schema_for_object(table)
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(schema)}.{quote(table.name)}" if schema else quote(table.name)


def _detached(table: sa.Table, name: str, columns: Sequence[str]) -> sa.Index:
    """An index for one statement; the table, which all runs share, must not remember it."""
    index = sa.Index(f"ix_{table.name}_{name}", *(table.c[column] for column in columns))
    table.indexes.discard(index)
    return index


Write = Callable[[Sequence[Sequence[Any]], Sequence[bool]], None]


@contextmanager
def writing(connection: sa.Connection, table: sa.Table, columns: Sequence[str]) -> Iterator[Write]:
    """A function that takes columns and which of them are plain text: COPY on PostgreSQL, executemany on SQLite.

    Raises `DuplicateKeys` when the table has a key and a row comes twice.
    """
    way = _copy if connection.dialect.name == "postgresql" else _executemany
    name = _full_name(connection, table)
    cursor = connection.connection.cursor()
    connection.exec_driver_sql("SELECT 1")  # begins the transaction by the engine's own rules
    try:
        with way(cursor, name, columns) as write:
            yield write
    except (psycopg.errors.UniqueViolation, sqlite.IntegrityError) as error:
        raise DuplicateKeys(table.name) from error
    finally:
        cursor.close()


@contextmanager
def _copy(cursor: Any, table: str, columns: Sequence[str]) -> Iterator[Write]:
    options = f"FORMAT csv, DELIMITER '{_FIELD}', QUOTE '{_QUOTE}', NULL '{_NULL}'"
    with cursor.copy(f"COPY {table} ({', '.join(_quoted(columns))}) FROM STDIN ({options})") as copying:

        def write(values: Sequence[Sequence[Any]], plain: Sequence[bool]) -> None:
            texts = [v if is_text else _texts(v) for v, is_text in zip(values, plain, strict=True)]
            copying.write("\n".join(map(_FIELD.join, zip(*texts, strict=True))) + "\n")

        yield write


def _texts(values: Sequence[Any]) -> Sequence[str]:
    """A column as COPY takes it."""
    if values[0] is None and values.count(None) == len(values):
        return [_NULL] * len(values)
    return [_NULL if value is None else value if type(value) is str else str(value) for value in values]


@contextmanager
def _executemany(cursor: Any, table: str, columns: Sequence[str]) -> Iterator[Write]:
    places = ", ".join("?" * len(columns))
    # The names come from the contract and the modules' declarations, not from outside.
    statement = f"INSERT INTO {table} ({', '.join(_quoted(columns))}) VALUES ({places})"  # noqa: S608

    def write(values: Sequence[Sequence[Any]], plain: Sequence[bool]) -> None:
        cursor.executemany(statement, zip(*values, strict=True))

    yield write


def _quoted(names: Sequence[str]) -> list[str]:
    return [f'"{name}"' for name in names]


# What differs from the copy.


def find_changes(connection: sa.Connection, room: Room, *, whole: bool) -> tuple[int, int]:
    """Fill the change table: staged rows that differ from the copy, tombstones, and what is gone.

    `whole`: every row of the view is staged, so that a row which is not is gone; else only rows of the customers in
    `complete_customer` are. Returns how many rows will be written and how many dropped.
    """
    stage, there = room.stage, room.copy
    key = room.view.key[0]
    differs = sa.or_(there.c[key].is_(None), _distinct(room, there, stage))
    written = sa.and_(stage.c.mark == LIVE, differs)
    dropped = sa.select(*room.key_of(there), sa.literal(DROP), there.c[room.customer], there.c[room.customer])
    both = stage.join(there, room.same_key(there, stage))
    _add(connection, room, dropped.select_from(both).where(stage.c.mark == GONE))
    if whole:
        keys = [sa.func.coalesce(a, b) for a, b in zip(room.key_of(stage), room.key_of(there), strict=True)]
        missing = stage.c[key].is_(None)
        now = sa.case((missing, there.c[room.customer]), else_=stage.c[room.customer])
        found = sa.select(*keys, sa.case((missing, DROP), else_=WRITE), now, there.c[room.customer])
        joined = stage.join(there, room.same_key(there, stage), full=True)
        _add(connection, room, found.select_from(joined).where(sa.or_(missing, written)))
    else:
        new = sa.select(*room.key_of(stage), sa.literal(WRITE), stage.c[room.customer], there.c[room.customer])
        joined = stage.outerjoin(there, room.same_key(there, stage))
        _add(connection, room, new.select_from(joined).where(written))
        theirs = there.c[room.customer].in_(sa.select(complete.c.code))
        missing = ~sa.exists().where(room.same_key(there, stage)).correlate(there)
        _add(connection, room, dropped.where(theirs, missing))
    counted = sa.select(room.change.c.op, sa.func.count()).group_by(room.change.c.op)
    found = dict(connection.execute(counted).all())
    written, gone = found.get(WRITE, 0), found.get(DROP, 0)
    if written or gone:
        settle(connection, room, room.change)
    return written, gone


def follow_parents(connection: sa.Connection, room: Room, parent: Room) -> int:
    """Rows that find their customer through a parent follow it: to another customer, or out of the copy.

    Returns how many.
    """
    column = room.view.customer[0]
    key = parent.view.key[0]
    there, above = room.copy, parent.change
    met = there.join(above, above.c[key] == there.c[column])
    unchanged = ~sa.exists().where(room.same_key(room.change, there)).correlate(there)
    moved = sa.and_(above.c.op == WRITE, above.c.customer != above.c.former, unchanged)
    columns = [above.c.customer if name == room.customer else there.c[name] for name in room.columns]
    rows = sa.select(*columns, sa.literal(LIVE)).select_from(met).where(moved)
    connection.execute(room.stage.insert().from_select([*room.columns, "mark"], rows))
    keys = sa.select(*room.key_of(there), sa.literal(WRITE), above.c.customer, there.c[room.customer])
    followed = _add(connection, room, keys.select_from(met).where(moved))
    gone = sa.select(*room.key_of(there), sa.literal(DROP), there.c[room.customer], there.c[room.customer])
    return followed + _add(connection, room, gone.select_from(met).where(above.c.op == DROP, unchanged))


def follow_customers(connection: sa.Connection, room: Room, customers: Room) -> int:
    """A customer who is gone takes all rows along that nobody else has taken over. Returns how many."""
    there, above = room.copy, customers.change
    met = there.join(above, above.c[customers.view.key[0]] == there.c[room.customer])
    unchanged = ~sa.exists().where(room.same_key(room.change, there)).correlate(there)
    gone = sa.select(*room.key_of(there), sa.literal(DROP), there.c[room.customer], there.c[room.customer])
    return _add(connection, room, gone.select_from(met).where(above.c.op == DROP, unchanged))


def _distinct(room: Room, left: sa.FromClause, right: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether two rows of one key differ in anything that is compared; nulls count as equal."""
    return sa.or_(*(left.c[name].is_distinct_from(right.c[name]) for name in room.compared))


def _add(connection: sa.Connection, room: Room, rows: sa.Select[Any]) -> int:
    names = [*room.view.key, "op", "customer", "former"]
    return connection.execute(room.change.insert().from_select(names, rows)).rowcount


def is_empty(connection: sa.Connection, table: sa.Table) -> bool:
    """Whether a table has no row."""
    return connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is None
