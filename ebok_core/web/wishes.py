"""What an address asks of a list, read strictly: an unknown word is as if it were not there (S49)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from ebok_core import clock

from .fields import parse_date
from .queries import Shape, like, place_text, place_values
from .sealed import seal, unseal

if TYPE_CHECKING:
    from .cells import Column
    from .tables import Filter, Table

SEARCH, SORT, COLUMNS, PAGE, AFTER, BEFORE = "szukaj", "sortuj", "kolumny", "strona", "po", "przed"
LEAST_SEARCH = 3
_PAGE = re.compile(r"[1-9][0-9]{0,6}\Z")


class Wish:
    """The state of one list in one request: sort, search, filters, columns, place."""

    def __init__(self, table: Table, arguments: MultiDict[str, str]) -> None:
        self.table = table
        self.sort, self.descending = self._sort(arguments.get(SORT, ""))
        self.search = arguments.get(SEARCH, "").strip()[:100] if table.search is not None else ""
        self.columns = self._columns(arguments.getlist(COLUMNS))
        self.choices = {f.name: self._choice(f, arguments.get(f.name)) for f in table.choice_filters}
        self.days = {
            f"{f.name}_{end}": parse_date(arguments.get(f"{f.name}_{end}", ""))
            for f in table.date_filters
            for end in ("od", "do")
        }
        number = arguments.get(PAGE, "")
        self.number = int(number) if _PAGE.match(number) else 1
        self.way, self.place = self._place(arguments)
        if not self.way:
            self.number = 1

    @cached_property
    def searched(self) -> str:
        """The folded search text; empty while it is too short to search for."""
        folded = self.table.search_fold(self.search)
        return folded if len(folded) >= LEAST_SEARCH else ""

    @property
    def is_too_short(self) -> bool:
        """Whether something was typed that is too short to search for."""
        return bool(self.search) and not self.searched

    @property
    def shape(self) -> Shape:
        """What decides the statement."""
        return Shape(
            sort=self.sort,
            descending=self.descending,
            conditions=self._conditions(chips=True),
            searched=bool(self.searched),
            place=self.way,
        )

    @property
    def count_shape(self) -> Shape:
        """The shape that the counts are over: the chip filter's own choice is counted, not applied."""
        return Shape(sort="", descending=False, conditions=self._conditions(chips=False), searched=bool(self.searched))

    @cached_property
    def values(self) -> dict[str, Any]:
        """The values of everything that is in force."""
        values: dict[str, Any] = {}
        if self.searched:
            values["search"] = like(self.searched)
        for item in self.table.choice_filters:
            if item.column is not None and self.choices[item.name]:
                values[f"filter_{item.name}"] = self.choices[item.name]
            for option in () if callable(item.options) else item.options:
                if option.values and (item.chips or option.key == self.choices[item.name]):
                    values.update(option.values())
        for item in self.table.date_filters:
            for end in ("od", "do"):
                if (day := self.days[f"{item.name}_{end}"]) is not None:
                    values[f"{item.name}_{end}"] = _border(day, item.column, last=end == "do")
        return values

    @property
    def place_values(self) -> dict[str, Any]:
        """The values of the place."""
        return {f"place_{index}": value for index, value in enumerate(self.place)}

    @property
    def chip(self) -> str:
        """The chosen view of the chip filter."""
        return self.choices[self.table.chips.name] if self.table.chips else ""

    def forget_place(self) -> None:
        """Go to the first page."""
        self.way, self.place, self.number = "", [], 1

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter other than the default is in force."""
        chosen = any(self.choices[f.name] != f.default for f in self.table.choice_filters)
        return bool(self.searched) or chosen or any(self.days.values())

    @cached_property
    def _state(self) -> dict[str, Any]:
        """The state as URL parameters without what is the default anyway; the place is left out."""
        first_sort = (self.sort, self.descending) == self.table.first_sort
        all_columns = [c.name for c in self.columns] == [c.name for c in self.table.columns if c.shown]
        state: dict[str, Any] = {SEARCH: self.search}
        state |= {f.name: self.choices[f.name] for f in self.table.choice_filters if self.choices[f.name] != f.default}
        state |= {name: day.isoformat() for name, day in self.days.items() if day}
        state[SORT] = "" if first_sort else self.sorted_by
        state[COLUMNS] = [] if all_columns else [c.name for c in self.columns]
        return {name: value for name, value in state.items() if value not in ("", [], None)}

    def query(self, **changes: Any) -> str:
        """The state as a query string, with `changes`; None takes a parameter out."""
        parameters = {n: v for n, v in {**self._state, **changes}.items() if v not in ("", None)}
        return urlencode(parameters, doseq=True) if parameters else ""

    @property
    def own_query(self) -> str:
        """The state and the place: what brings back this very page."""
        if not self.way:
            return self.query()
        where = AFTER if self.way == "after" else BEFORE
        return self.query(**{where: seal(place_text(self.place)), PAGE: self.number})

    def query_at(self, row: Any, where: str, number: int) -> str:
        """The state at a place: the page after or before a row."""
        order = self.table.statements.order(self.sort)
        place = [getattr(row, f"sort_{index}") for index in range(len(order))]
        return self.query(**{where: seal(place_text(place)), PAGE: number if number > 1 else None})

    @property
    def sorted_by(self) -> str:
        """The sort as the URL writes it."""
        return f"-{self.sort}" if self.descending else self.sort

    def _sort(self, text: str) -> tuple[str, bool]:
        name = text.removeprefix("-")
        return (name, text.startswith("-")) if name in self.table.statements.sorts else self.table.first_sort

    def _columns(self, names: list[str]) -> list[Column]:
        known = {c.name for c in self.table.columns}
        chosen = set(names) & known
        if not chosen:
            return [c for c in self.table.columns if c.shown]
        return [c for c in self.table.columns if c.name in chosen or not c.optional]

    def _choice(self, item: Filter, text: str | None) -> str:
        keys = {key for key, _label in self.table.options(item)}
        return text if text is not None and (text in keys or text == "" and not item.default) else item.default

    def _place(self, arguments: Mapping[str, str]) -> tuple[str, list[Any]]:
        for name, way in ((AFTER, "after"), (BEFORE, "before")):
            text = unseal(arguments.get(name, ""))
            values = place_values(text, self.table.statements.order(self.sort)) if text else None
            if values is not None:
                return way, values
        return "", []

    def _conditions(self, *, chips: bool) -> tuple[str, ...]:
        found = []
        for item in self.table.choice_filters:
            choice = self.choices[item.name]
            if not choice or (item.chips and not chips):
                continue
            name = item.name if item.column is not None else f"{item.name}={choice}"
            if name in self.table.statements.conditions:
                found.append(name)
        return (*found, *(name for name, day in self.days.items() if day is not None))


def _border(day: date, column: sa.ColumnElement[Any], *, last: bool) -> Any:
    """The border of a period: the day itself, or midnight in Warsaw; the last day counts whole."""
    border = day + timedelta(days=1) if last else day
    if isinstance(column.type, sa.Date):
        return border
    return datetime.combine(border, time(), tzinfo=clock.WARSAW)
