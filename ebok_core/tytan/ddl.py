"""The contract as DDL for the utility's database staff: skeletons of the views, and the two tables of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite

from ebok_core.contracts.tytan import Column, CopyTable, Kind

from .contract import INBOX, INBOX_COLUMNS, RESULT_COLUMNS, RESULTS, in_order, source_type
from .naming import CHANGE_NO, REMOVED

# Firebird's SQLAlchemy dialect is no dependency of ours; its words are few.
_FIREBIRD: Mapping[Kind, str] = {
    Kind.TEXT: "VARCHAR({size}) CHARACTER SET UTF8",
    Kind.DATE: "DATE",
    Kind.INSTANT: "TIMESTAMP",
    Kind.INT: "BIGINT",
    Kind.FLAG: "SMALLINT",
    Kind.MONEY: "NUMERIC(14, 2)",
    Kind.VOLUME: "NUMERIC(14, 3)",
    Kind.PRICE: "NUMERIC(14, 4)",
    Kind.BLOB: "BLOB",
}
_DIALECTS: Mapping[str, sa.Dialect | None] = {
    "sqlite": sqlite.dialect(),
    "postgresql": postgresql.dialect(),
    "mssql": mssql.dialect(),
    "firebird": None,
    "mysql": mysql.dialect(),
    "oracle": oracle.dialect(),
}
DIALECTS = tuple(_DIALECTS)
# What a SELECT of no table needs after it, where it needs anything.
_FROM_NOTHING: Mapping[str, str] = {"oracle": " FROM DUAL", "firebird": " FROM RDB$DATABASE", "mysql": " FROM DUAL"}
# In these databases CAST knows other words than column definitions do.
_CAST: Mapping[tuple[str, Kind], str] = {
    ("mysql", Kind.TEXT): "CHAR({size})",
    ("mysql", Kind.INT): "SIGNED",
    ("mysql", Kind.FLAG): "SIGNED",
    ("mysql", Kind.MONEY): "DECIMAL(14, 2)",
    ("mysql", Kind.VOLUME): "DECIMAL(14, 3)",
    ("mysql", Kind.PRICE): "DECIMAL(14, 4)",
    ("mysql", Kind.BLOB): "BINARY",
}


def script(views: Iterable[CopyTable], dialect: str) -> str:
    """The DDL of the whole contract in one dialect. The views run as they are and are empty: fill their SELECTs."""
    parts = [_view(view, dialect) for view in in_order(views)]
    parts.append(_table(INBOX, INBOX_COLUMNS, "message_id", dialect))
    parts.append(_table(RESULTS, (*RESULT_COLUMNS, CHANGE_NO), "message_id", dialect))
    return "\n\n".join(parts) + "\n"


def _view(view: CopyTable, dialect: str) -> str:
    columns = (*view.columns, CHANGE_NO, REMOVED)
    casts = [f"    CAST(NULL AS {_cast(c, dialect)}) AS {_name(c.name, dialect)}" for c in columns]
    needed = [
        f"-- {view.view}: one row for each {', '.join(view.key)}.",
        f"-- Not null: {', '.join(c.name for c in columns if not c.null)}.",
        "-- Replace each NULL with the billing system's column, and the last line with its FROM.",
    ]
    source = f"{_FROM_NOTHING.get(dialect, '')} WHERE 1 = 0".strip()
    return "\n".join([*needed, f"CREATE VIEW {view.view} AS SELECT", ",\n".join(casts), f"{source};"])


def _table(name: str, columns: Iterable[Column], key: str, dialect: str) -> str:
    lines = [f"    {_name(c.name, dialect)} {_type(c, dialect)}{'' if c.null else ' NOT NULL'}" for c in columns]
    lines.append(f"    PRIMARY KEY ({_name(key, dialect)})")
    return "\n".join([f"CREATE TABLE {name} (", ",\n".join(lines), ");"])


def _name(name: str, dialect: str) -> str:
    known = _DIALECTS[dialect]
    return known.identifier_preparer.quote(name) if known else name


def _type(column: Column, dialect: str) -> str:
    known = _DIALECTS[dialect]
    if known is None:
        if column.kind is Kind.TEXT and not column.size:
            return "BLOB SUB_TYPE TEXT CHARACTER SET UTF8"
        return _FIREBIRD[column.kind].format(size=column.size)
    return source_type(column).compile(dialect=known)


def _cast(column: Column, dialect: str) -> str:
    word = _CAST.get((dialect, column.kind))
    return word.format(size=column.size or 4000) if word else _type(column, dialect)
