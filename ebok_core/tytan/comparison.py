"""Compare a live database with the contract: every view and column, what was expected and what was found."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ebok_core.contracts.tytan import Column, CopyTable, Kind, ViewDifference
from ebok_core.i18n import gettext as _
from ebok_core.i18n import ngettext

from .contract import INBOX, INBOX_COLUMNS, RESULT_COLUMNS, RESULTS, in_order, source_type
from .engines import reason
from .naming import CHANGE_NO, REMOVED, Naming

_NUMBERS: tuple[Any, ...] = (sa.Numeric, sa.Integer, sa.Boolean)
_TIMES: tuple[Any, ...] = (sa.Date, sa.DateTime)
# What a database may call a column of a kind. A float holds no exact money, hence no `Float` here.
_FITS: dict[Kind, tuple[Any, ...]] = {
    Kind.TEXT: (sa.String, sa.Uuid),
    Kind.DATE: _TIMES,
    Kind.INSTANT: (sa.DateTime,),
    Kind.INT: _NUMBERS,
    Kind.FLAG: _NUMBERS,
    Kind.MONEY: _NUMBERS,
    Kind.VOLUME: _NUMBERS,
    Kind.PRICE: _NUMBERS,
    Kind.BLOB: (sa.LargeBinary,),
}


def differences(
    connection: sa.Connection, names: Naming, schema: str | None, views: Iterable[CopyTable]
) -> list[ViewDifference]:
    """Every difference, in the contract's order. Reads the catalogue and no rows; works for views and tables alike."""
    inspector = sa.inspect(connection)
    found: list[ViewDifference] = []
    for view, columns in _expected(views):
        name = names.table(view)
        if not inspector.has_table(name, schema=schema):
            found.append(_difference(view, None, _("a view or a table"), _("nothing of the name %(name)s", name=name)))
            continue
        found += _columns(inspector, names, schema, view, columns)
        found += _readable(connection, sa.table(name, schema=schema), view)
    if not any(d.view == INBOX for d in found):
        found += _inbox_key(inspector, names, schema)
    return found


def sentence(difference: ViewDifference) -> str:
    """One difference as a sentence for the panel and the terminal."""
    values = {"expected": difference.expected, "found": difference.found}
    if difference.column is None:
        return _("%(view)s: expected %(expected)s, found %(found)s", view=difference.view, **values)
    return _(
        "%(view)s, column %(column)s: expected %(expected)s, found %(found)s",
        view=difference.view,
        column=difference.column,
        **values,
    )


def summary(differences: Sequence[ViewDifference]) -> str:
    """The first difference as a sentence, and how many more there are."""
    first = _("TYTAN's views differ from the contract. %(difference)s", difference=sentence(differences[0]))
    more = len(differences) - 1
    return f"{first} ({ngettext('and %(n)s more', 'and %(n)s more', more)})" if more else first


def _expected(views: Iterable[CopyTable]) -> Iterator[tuple[str, tuple[Column, ...]]]:
    for view in in_order(views):
        yield view.view, (*view.columns, CHANGE_NO, REMOVED)
    yield INBOX, INBOX_COLUMNS
    yield RESULTS, (*RESULT_COLUMNS, CHANGE_NO)


def _columns(
    inspector: sa.Inspector, names: Naming, schema: str | None, view: str, columns: Iterable[Column]
) -> Iterator[ViewDifference]:
    # Names compare without case: what is not quoted has none in most databases.
    there = {c["name"].lower(): c["type"] for c in inspector.get_columns(names.table(view), schema=schema)}
    dialect = inspector.dialect
    for column in columns:
        name = names.column(view, column.name)
        expected = source_type(column).compile(dialect=dialect)
        if name.lower() not in there:
            yield _difference(view, column.name, expected, _missing(name, sorted(there)))
        elif not _fits(there[name.lower()], column.kind, dialect):
            yield _difference(view, column.name, expected, _spelled(there[name.lower()], dialect))


def _missing(name: str, others: list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), others, n=3, cutoff=0.5)
    if near:
        return _("no column %(name)s, but %(near)s", name=name, near=", ".join(near))
    return _("no column %(name)s", name=name)


def _fits(found: sa.types.TypeEngine[Any], kind: Kind, dialect: sa.Dialect) -> bool:
    """Whether a column's type can hold the kind. SQLite's types bind nothing, and an unknown type proves nothing."""
    if dialect.name == "sqlite" or isinstance(found, sa.types.NullType):
        return True
    return isinstance(found, _FITS[kind]) and not isinstance(found, sa.Float)


def _spelled(found: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
    try:
        return found.compile(dialect=dialect)
    except sa.exc.CompileError:
        return repr(found)


def _readable(connection: sa.Connection, table: sa.TableClause, view: str) -> Iterator[ViewDifference]:
    try:
        with connection.begin_nested():
            connection.execute(sa.select(sa.literal_column("1")).select_from(table).where(sa.false()))
    except DBAPIError as error:
        yield _difference(view, None, _("a view that this account may read"), reason(error))


def _inbox_key(inspector: sa.Inspector, names: Naming, schema: str | None) -> Iterator[ViewDifference]:
    """The inbox needs a key that the database enforces: it is what makes a second delivery harmless."""
    table, column = names.table(INBOX), names.column(INBOX, "message_id").lower()
    keys = [inspector.get_pk_constraint(table, schema=schema)["constrained_columns"]]
    keys += [c["column_names"] for c in inspector.get_unique_constraints(table, schema=schema)]
    keys += [i["column_names"] for i in inspector.get_indexes(table, schema=schema) if i["unique"]]
    if [column] not in [[str(name).lower() for name in key] for key in keys]:
        yield _difference(INBOX, "message_id", _("a primary key"), _("a column that may repeat"))


def _difference(view: str, column: str | None, expected: str, found: str) -> ViewDifference:
    return ViewDifference(view=view, column=column, expected=expected, found=found)
