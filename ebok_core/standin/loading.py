"""Fills TYTAN's tables fast: executemany on SQLite's own cursor, COPY on PostgreSQL; statements are built once.

Rows are those of `rows.py`: text, whole numbers and None in the order of the contract's columns. The loader adds the
change numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from typing import Any, Protocol

import sqlalchemy as sa

from ebok_core.contracts.tytan import Kind
from ebok_core.standin import database
from ebok_core.standin.rows import VIEW_OF
from ebok_core.tytan.contract import CORE_VIEWS

SCALES: Mapping[Kind, int] = {Kind.MONEY: 100, Kind.PRICE: 10_000}
SORTED_FIRST = frozenset({"ebok_invoices", "ebok_invoice_lines"})
"""Views whose keys a batch brings in no order: sorted rows touch fewer pages of the key's index."""
OWN_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "standin_counter": ("name", "value"),
    "standin_interest": ("document_number", "charged_to"),
}
# Nothing else is in the database while it is filled, and a filling that broke off is thrown away.
_FAST_SQLITE = ("PRAGMA journal_mode=MEMORY", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-65536")
_CAREFUL_SQLITE = ("PRAGMA synchronous=FULL", "PRAGMA cache_size=-2000")


class Target(Protocol):
    """A database that takes rows."""

    def write(self, table: str, rows: list[tuple]) -> None:
        """Add rows to a table, in the order of its columns."""

    def commit(self) -> None:
        """Keep what was written."""


class Loader:
    """Numbers rows view by view and hands them to a target in batches."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.totals: dict[str, int] = {view.view: 0 for view in CORE_VIEWS}

    def add(self, rows: Iterable[tuple]) -> None:
        """Write a batch of rows of any views and keep it."""
        of_view: dict[str, list[tuple]] = {}
        for row in rows:
            of_view.setdefault(VIEW_OF[type(row)], []).append(row)
        for view in self.totals:
            if view in of_view:
                self._write(view, of_view[view])
        self.target.commit()

    def _write(self, view: str, rows: list[tuple]) -> None:
        if view in SORTED_FIRST:
            rows.sort(key=itemgetter(0))  # stable: the lines of an invoice stay in order
        first = self.totals[view] + 1
        self.totals[view] += len(rows)
        self.target.write(view, [(*row, number, 0) for number, row in enumerate(rows, start=first)])

    def finish(self, counters: Iterable[tuple[str, int]]) -> None:
        """Write the office's counters, so that it goes on where the loader stopped."""
        changes = [(database.change_counter(view), total) for view, total in self.totals.items()]
        self.target.write("standin_counter", [*counters, *changes, (database.OFFICE_LOCK, 0)])
        self.target.commit()


@lru_cache(maxsize=65_536)
def decimal_text(number: int, scale: int) -> str:
    """A whole number of hundredths (scale 100) or ten-thousandths as decimal text: 1230 is "12.30"."""
    sign = "-" if number < 0 else ""
    whole, rest = divmod(abs(number), scale)
    return f"{sign}{whole}.{rest:0{len(str(scale)) - 1}d}"


@contextmanager
def target(engine: sa.Engine, schema: str | None = None) -> Iterator[Target]:
    """The fast way into this engine's database, whose tables are there and empty."""
    connection = engine.raw_connection()
    kind = _PostgreSQL if engine.dialect.name == "postgresql" else _SQLite
    try:
        found = kind(connection, schema)
        yield found
        found.close()
    finally:
        connection.close()


def _columns(table: str) -> list[tuple[str, int]]:
    """The columns of a table in the order of its rows, each with the number that its values are to be divided by."""
    if table in OWN_COLUMNS:
        return [(name, 1) for name in OWN_COLUMNS[table]]
    view = next(view for view in CORE_VIEWS if view.view == table)
    return [*((column.name, SCALES.get(column.kind, 1)) for column in view.columns), ("change_no", 1), ("removed", 1)]


def _names(table: str) -> str:
    return ", ".join(name for name, _ in _columns(table))


class _SQLite:
    """`executemany` on the driver's cursor."""

    def __init__(self, connection: Any, schema: str | None) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._prefix = f"{schema}." if schema else ""
        self._statements: dict[str, str] = {}
        for pragma in _FAST_SQLITE:
            self._cursor.execute(pragma).fetchall()

    def write(self, table: str, rows: list[tuple]) -> None:
        """Add rows to a table."""
        if table not in self._statements:
            # Dividing in SQL is a third quicker than binding text, and gives the very same number.
            places = ", ".join("?" if scale == 1 else f"? / {scale}.0" for _, scale in _columns(table))
            # The names come from the contract, not from outside.
            self._statements[table] = f"INSERT INTO {self._prefix}{table} ({_names(table)}) VALUES ({places})"  # noqa: S608
        self._cursor.executemany(self._statements[table], rows)

    def commit(self) -> None:
        """Keep what was written."""
        self._connection.commit()

    def close(self) -> None:
        """Give the connection its usual care back."""
        for pragma in _CAREFUL_SQLITE:
            self._cursor.execute(pragma).fetchall()


class _PostgreSQL:
    """COPY in text form."""

    def __init__(self, connection: Any, schema: str | None) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._prefix = f'"{schema}".' if schema else ""
        self._cursor.execute("SET synchronous_commit = off")

    def write(self, table: str, rows: list[tuple]) -> None:
        """Add rows to a table."""
        scaled = [(place, scale) for place, (_, scale) in enumerate(_columns(table)) if scale != 1]
        with self._cursor.copy(f"COPY {self._prefix}{table} ({_names(table)}) FROM STDIN") as copy:
            for row in rows:
                values = list(row)
                for place, scale in scaled:
                    values[place] = decimal_text(values[place], scale)
                copy.write_row(values)

    def commit(self) -> None:
        """Keep what was written."""
        self._connection.commit()

    def close(self) -> None:
        """Let the next user of the connection wait for the disk again."""
        self._cursor.execute("RESET synchronous_commit")
        self._connection.commit()
