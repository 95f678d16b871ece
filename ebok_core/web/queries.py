"""The statements of a list: filter, search, order and place by key. Built once per shape, then only bound (S49)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from ebok_core.db import at_most
from ebok_core.db.types import Amount, Instant, Price, Volume

ESCAPE = "\\"
# More shapes than that are built on each request: nobody can fill the memory with combinations of filters.
MOST_SHAPES = 256


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What decides the text of a list's statement: the sort, the conditions in force, the direction of paging."""

    sort: str
    descending: bool
    conditions: tuple[str, ...] = ()
    searched: bool = False
    place: str = ""  # "", "after" or "before"


@dataclass
class Statements:
    """The statements of one list over its base statement.

    `sorts` are SQL expressions by name, `row_key` the columns that tell rows apart, `conditions` SQL by name,
    `search` the text that is searched. `scope` binds a statement to its reach: nothing unbound leaves this class.
    """

    base: sa.Select[Any]
    sorts: Mapping[str, sa.ColumnElement[Any]]
    row_key: Sequence[sa.ColumnElement[Any]]
    conditions: Mapping[str, sa.ColumnElement[bool]]
    search: sa.ColumnElement[Any] | None
    page_size: int
    scope: Callable[[sa.Select[Any]], sa.Select[Any]] = lambda statement: statement  # noqa: E731
    _orders: dict[str, list[sa.ColumnElement[Any]]] = field(default_factory=dict)
    _kept: dict[Any, sa.Select[Any]] = field(default_factory=dict)

    def rows(self, shape: Shape, limit: int | None = None) -> sa.Select[Any]:
        """A page of rows and one more, or `limit` rows; the order's values follow the columns as `sort_0`, `sort_1`."""
        return self._keep(("rows", shape, limit), lambda: self.scope(self._rows(shape, limit or self.page_size + 1)))

    def page(self, shape: Shape, count_shape: Shape, choices: tuple[str, ...]) -> sa.Select[Any]:
        """A page of rows with the counts behind them, in each row the same; no row, no counts."""

        def build() -> sa.Select[Any]:
            counts = self.scope(self._counts(count_shape, choices)).cte("counts")
            columns = [sa.select(column).scalar_subquery().label(f"counted_{i}") for i, column in enumerate(counts.c)]
            return self.scope(self._rows(shape, self.page_size + 1)).add_columns(*columns)

        return self._keep(("page", shape, count_shape, choices), build)

    def counts(self, shape: Shape, choices: tuple[str, ...]) -> sa.Select[Any]:
        """How many rows fit the shape's conditions: for each choice of a chip filter in its place, and in all."""
        key = ("counts", shape.conditions, shape.searched, choices)
        return self._keep(key, lambda: self.scope(self._counts(shape, choices)))

    def order(self, sort: str) -> list[sa.ColumnElement[Any]]:
        """The expressions of an order; a nullable one has its "is missing" before it: missing values come last."""
        if sort not in self._orders:
            self._orders[sort] = [*self._sort_by(sort), *self.row_key]
        return self._orders[sort]

    def _sort_by(self, sort: str) -> list[sa.ColumnElement[Any]]:
        expression = self.sorts.get(sort)
        if expression is None:
            return []
        if getattr(getattr(expression, "column", expression), "nullable", False):
            return [sa.case((expression.is_(None), 1), else_=0), expression]
        return [expression]

    def _keep(self, key: Any, build: Callable[[], sa.Select[Any]]) -> sa.Select[Any]:
        found = self._kept.get(key)
        if found is None:
            found = build()
            if len(self._kept) < MOST_SHAPES:
                self._kept[key] = found
        return found

    def _where(self, conditions: tuple[str, ...], searched: bool) -> list[sa.ColumnElement[bool]]:
        found = [self.conditions[name] for name in conditions]
        if searched and self.search is not None:
            found.append(self.search.like(sa.bindparam("search", type_=sa.String), escape=ESCAPE))
        return found

    def _rows(self, shape: Shape, limit: int) -> sa.Select[Any]:
        order = self.order(shape.sort)
        missing_first = len(order) > len(self.row_key) + 1
        statement = self.base.where(*self._where(shape.conditions, shape.searched))
        statement = statement.add_columns(*(e.label(f"sort_{i}") for i, e in enumerate(order)))
        # A page before a place is read backwards. Only the "is missing" part does not follow the sort's direction.
        backwards = shape.place == "before"
        ways = [
            (not backwards) if index == 0 and missing_first else (shape.descending == backwards)
            for index in range(len(order))
        ]
        if shape.place:
            statement = statement.where(_beyond(order, ways))
        statement = statement.order_by(*(e.asc() if up else e.desc() for e, up in zip(order, ways, strict=True)))
        return statement.limit(at_most(limit))

    def _counts(self, shape: Shape, choices: tuple[str, ...]) -> sa.Select[Any]:
        columns: list[sa.ColumnElement[Any]] = [sa.func.count().label("all")]
        columns += [
            sa.func.coalesce(sa.func.sum(sa.case((self.conditions[name], 1), else_=0)), 0).label(f"n{index}")
            for index, name in enumerate(choices)
        ]
        base = self.base.with_only_columns(*columns, maintain_column_froms=True).order_by(None)
        return base.where(*self._where(shape.conditions, shape.searched))


def _beyond(order: Sequence[sa.ColumnElement[Any]], ways: Sequence[bool]) -> sa.ColumnElement[bool]:
    """The rows after a place, bound as `place_0`, `place_1`: one row comparison where all parts go one way."""
    places = [sa.bindparam(f"place_{i}", type_=e.type) for i, e in enumerate(order)]
    if len(set(ways)) == 1 and len(order) <= 2:
        left, right = sa.tuple_(*order), sa.tuple_(*places)
        return left > right if ways[0] else left < right
    steps = []
    for index, (expression, up) in enumerate(zip(order, ways, strict=True)):
        same = [e.is_not_distinct_from(p) for e, p in zip(order[:index], places[:index], strict=True)]
        step = expression > places[index] if up else expression < places[index]
        steps.append(sa.and_(*same, step))
    return sa.or_(*steps)


def like(text: str) -> str:
    """A pattern that finds the text itself anywhere: `%`, `_` and the escape sign lose their meaning."""
    for sign in (ESCAPE, "%", "_"):
        text = text.replace(sign, ESCAPE + sign)
    return f"%{text}%"


def place_text(values: Sequence[Any]) -> str:
    """A place as JSON text."""
    return json.dumps([_plain(value) for value in values], ensure_ascii=False, separators=(",", ":"))


def place_values(text: str, order: Sequence[sa.ColumnElement[Any]]) -> list[Any] | None:
    """The values of a place for these expressions, or None for a text of another shape."""
    try:
        values = json.loads(text)
        if not isinstance(values, list) or len(values) != len(order):
            return None
        return [_typed(value, expression.type) for value, expression in zip(values, order, strict=True)]
    except (ValueError, ArithmeticError, TypeError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _typed(value: Any, type_: sa.types.TypeEngine[Any]) -> Any:
    if value is None:
        return None
    if isinstance(type_, Amount | Volume | Price):
        return Decimal(str(value))
    if isinstance(type_, Instant):
        return datetime.fromisoformat(value)
    if isinstance(type_, sa.Date):
        return date.fromisoformat(value)
    if isinstance(type_, sa.Boolean):
        return bool(value)
    return int(value) if isinstance(type_, sa.Integer) else str(value)
