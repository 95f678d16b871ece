"""Scoped reads of the copy: the only way in which a page or a module reads a customer's data.

A statement is a Core select built once at import; the condition on the viewer's customers is added and bound here, so a
module can't name a customer it was not given. Foreign and missing are the same: nothing is found (S05). Who acts for
some points of a customer only (`Viewer.narrowed`) reads the rows of these points alone, where rows belong to points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from operator import eq
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.operators import in_op
from sqlalchemy.sql.selectable import Join

from ebok_core.contracts.identity import Viewer
from ebok_core.db.engine import COPY_SCHEMA
from ebok_core.errors import NotFound

_ACTING = sa.bindparam("viewer_customer", type_=sa.String)
_ALL = sa.bindparam("viewer_customers", type_=sa.String, expanding=True)
# Whether the viewer reaches all points of the customers that are read; else those points, and with `every` the
# customers that are reached whole and the pairs of customer and point.
_WHOLE = sa.bindparam("viewer_whole", type_=sa.Boolean)
_POINTS = sa.bindparam("viewer_points", type_=sa.String, expanding=True)
_WHOLE_CUSTOMERS = sa.bindparam("viewer_whole_customers", type_=sa.String, expanding=True)
_PAIRS = sa.bindparam("viewer_pairs", type_=sa.String, expanding=True)


class RowType(Protocol):
    """A NamedTuple whose fields stand in the order of the select's columns."""

    @classmethod
    def _make(cls, iterable: Any, /) -> Any: ...


Row = TypeVar("Row", bound=RowType)
_SIGN = "\n"
KEPT = "ebok_kept_reads"
"""Under this name a snapshot's `info` carries a dict in which `rows` keeps what it has read."""
# A snapshot to read in: a page's connection or a session over it.
Reader = Session | sa.Connection


def rows(
    session: Reader, viewer: Viewer, statement: sa.Select[Any], *, as_: type[Row], every: bool = False, **values: Any
) -> list[Row]:
    """The rows of a statement that belong to the acting customer, or with `every` to any of the viewer's customers.

    `values` fill the statement's own bind parameters. A viewer without a customer gets nothing. A page's snapshot reads
    the same only once, whichever parts of the page ask.
    """
    parameters = bound(viewer, every, values)
    kept: dict[Any, list[Any]] | None = session.info.get(KEPT) if isinstance(session, Session) else None
    if kept is None:
        return [as_._make(row) for row in session.execute(_of(viewer, statement, every), parameters)]
    key = (statement, as_, repr(sorted(parameters.items())))
    if key not in kept:
        kept[key] = [as_._make(row) for row in session.execute(_of(viewer, statement, every), parameters)]
    return list(kept[key])


def one(
    session: Reader, viewer: Viewer, statement: sa.Select[Any], *, as_: type[Row], every: bool = False, **values: Any
) -> Row:
    """The one row of a statement. Raises `NotFound` when there is none in the viewer's reach."""
    row = session.execute(_of(viewer, statement, every), bound(viewer, every, values)).first()
    if row is None:
        raise NotFound("Nie ma takiej strony.")
    found: Row = as_._make(row)
    return found


def scalar(session: Reader, viewer: Viewer, statement: sa.Select[Any], *, every: bool = False, **values: Any) -> Any:
    """The first column of the first row, such as a count or a sum."""
    return session.execute(_of(viewer, statement, every), bound(viewer, every, values)).scalar()


def _of(viewer: Viewer, statement: sa.Select[Any], every: bool) -> sa.Select[Any]:
    return scoped(statement, every, bool(viewer.narrowed))


@lru_cache(maxsize=2048)
def scoped(statement: sa.Select[Any], every: bool = False, narrowed: bool = True) -> sa.Select[Any]:
    """The statement with the condition on every copy table it reads; built once per statement.

    Without `narrowed` the points are not looked at: for viewers who reach all of them, nearly everybody, since a list
    of points is written into the statement anew at each run. Raises `ValueError` for a statement that reads no copy
    table, or one inside a subquery, where a condition from outside would not reach it; a subquery that is scoped itself
    may stand inside.
    """
    tables = list(_copy_tables(statement))
    if not tables or any(_unscoped(statement, set(tables))):
        raise ValueError("a scoped read selects from copy tables and joins, never from an unscoped subquery of one")
    for table in tables:
        column = table.c[table.info["customer"]]
        statement = statement.where(column.in_(_ALL) if every else column == _ACTING)
        if narrowed and table.info["point"]:
            point = table.c[table.info["point"]]
            statement = statement.where(_within_every(column, point) if every else within(point))
    return statement


def within(point: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The condition that a service point of the acting customer is in reach, for a module's own rows of points.

    Run the statement with `bound(viewer, False, values)`.
    """
    return sa.or_(_WHOLE, point.in_(_POINTS))


def _within_every(customer: sa.ColumnElement[str], point: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.or_(_WHOLE, customer.in_(_WHOLE_CUSTOMERS), (customer + _SIGN + point).in_(_PAIRS))


def bound(viewer: Viewer, every: bool, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a scoped statement: `values` are its own, the viewer's customers are never among them."""
    if every:
        narrowed = dict(viewer.narrowed)
        return {
            **values,
            "viewer_customers": list(viewer.customer_codes),
            "viewer_whole": not narrowed,
            "viewer_whole_customers": [c for c in viewer.customer_codes if c not in narrowed] if narrowed else [],
            "viewer_pairs": [code + _SIGN + point for code, points in viewer.narrowed for point in points],
        }
    points = viewer.points
    return {
        **values,
        "viewer_customer": viewer.customer_code,
        "viewer_whole": points is None,
        "viewer_points": list(points or ()),
    }


def _unscoped(element: Any, bound_tables: set[sa.Table]) -> Iterator[bool]:
    """A sign for each copy table below an element that nothing binds; each subquery must bind its own."""
    for child in element.get_children():
        if isinstance(child, sa.Table):
            if child.schema == COPY_SCHEMA and child not in bound_tables:
                yield True
        else:
            yield from _unscoped(child, _bound_tables(child) if isinstance(child, sa.Select) else bound_tables)


def _bound_tables(statement: sa.Select[Any]) -> set[sa.Table]:
    """The copy tables of a select whose own WHERE binds the viewer's customers to them."""
    found = set()
    for condition in statement._where_criteria:
        column, value = getattr(condition, "left", None), getattr(condition, "right", None)
        table = getattr(column, "table", None)
        if isinstance(table, sa.Table) and table.schema == COPY_SCHEMA and column is table.c[table.info["customer"]]:
            if getattr(value, "key", None) in (_ACTING.key, _ALL.key) and condition.operator in (eq, in_op):
                found.add(table)
    return found


def _copy_tables(statement: sa.Select[Any]) -> Iterator[sa.Table]:
    stack = list(statement.get_final_froms())
    while stack:
        item = stack.pop()
        if isinstance(item, Join):
            stack += [item.left, item.right]
        elif isinstance(item, sa.Table) and item.schema == COPY_SCHEMA:
            yield item
        elif isinstance(item, sa.Alias) and isinstance(item.element, sa.Table):
            raise ValueError("a scoped read selects from copy tables by their own names")
