"""The one list of the portal (L194): declared once, then sorted, filtered, searched, paged by key and exported.

    INVOICES = Table(
        key="faktura.invoices",
        caption=_("All invoices"),
        statement=sa.select(i.number, i.kind, i.issued_on, i.due_on, i.gross, i.to_pay),
        row_key=(i.number,),
        columns=(
            Column("number", _("Document no."), head=True, link=Link("customer.faktura.invoice", {"number": "number"})),
            Column("issued_on", _("Issue date"), "date", sort=i.issued_on),
            Column("to_pay", _("Amount to pay [zł]"), "money", sort=i.to_pay),
            Column("status", _("Status"), "word", value=status_word),
            Column("actions", _("Possible actions"), "actions", value=actions_of),
        ),
        sort="-issued_on",
        filters=(Filter("stan", _("State"), (Option("niezaplacone", _("Unpaid"), i.to_pay > 0),), chips=True),),
        search=i.search_text,
        search_label=_("Document number"),
        slot="faktura.row_actions",
    )

    @blueprint.get("/")
    def index():
        return list_page(INVOICES, "ebok_faktura/index.html", title=_("All invoices"))

The template prints `{{ ui.table(table) }}`. A list costs two queries whatever its size: the rows and the counts.
The base statement has no ORDER BY, LIMIT or GROUP BY; `row_key` tells its rows apart. Its reach is the viewer's acting
customer; `reach="every"` all of the viewer's customers; `reach="stated"` what the statement itself says, with `values`
bound by the view: the core's and modules' own tables, and the copy only in the panel.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Response, g, request, session, url_for
from sqlalchemy.sql import visitors

from ebok_core import clock
from ebok_core.contracts.web import Zone
from ebok_core.db import search_key
from ebok_core.db.engine import COPY_SCHEMA
from ebok_core.i18n import ngettext
from ebok_core.tytan import reads

from .cells import Column, csv_value
from .context import snapshot, viewer
from .exports import csv_response
from .listing import ListPage
from .queries import Statements
from .rendering import render
from .sealed import seal, unseal
from .slots import row_parts
from .wishes import Wish

EXPORT_ROWS = 100_000
_LISTS, _MOST_LISTS, _LONGEST = "ebok_lists", 3, 800


@dataclass(frozen=True)
class Option:
    """One choice of a filter: a condition over the statement's tables, None for "all".

    `values()` gives the condition's own bind parameters, for conditions that depend on today.
    """

    key: str
    label: Any
    condition: sa.ColumnElement[bool] | None = None
    values: Callable[[], Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Filter:
    """A filter with a few choices: a select, or with `chips` links with counts over the table (one such a table).

    `name` is the URL's parameter, in Polish. Without `default` everything is shown first and the choice "all" is added.
    Choices that come from the database: `column` is compared with one of the pairs `(value, label)` of a callable.
    """

    name: str
    label: Any
    options: tuple[Option, ...] | Callable[[], list[tuple[str, Any]]]
    default: str = ""
    chips: bool = False
    column: sa.ColumnElement[Any] | None = None


@dataclass(frozen=True)
class DateFilter:
    """A period: the parameters `<name>_od` and `<name>_do`, both days included, on a date or an instant."""

    name: str
    label: Any
    column: sa.ColumnElement[Any]


@dataclass(frozen=True)
class BulkAction:
    """A button over the table that posts the ticked rows' keys as `wybrane`; a dangerous one stands last, in red."""

    value: str
    label: Any
    danger: bool = False


@dataclass(kw_only=True)
class Table:
    """A declared list; the module's text shows one.

    `counted(n)` says how many (`lambda n: ngettext("%(n)s document", "%(n)s documents", n)`), `empty` is title and text
    of a list without any row. `slot` is the name under which modules add row actions: their `load(session, viewer,
    rows=…)` runs once a page, their template once a row with `row`. `completed(rows)` gives the rows of a page, or of
    an export, back with what one more query adds to all of them; each keeps the attributes of its row. `search_fold`
    makes a search text comparable with `search`; as it is, it fits the copy's `search_text`.
    """

    key: str
    caption: Any
    statement: sa.Select[Any]
    row_key: tuple[sa.ColumnElement[Any], ...]
    columns: tuple[Column, ...]
    sort: str = ""
    filters: tuple[Filter | DateFilter, ...] = ()
    search: sa.ColumnElement[Any] | None = None
    search_label: Any = ""
    search_fold: Callable[[str], str] = search_key
    page_size: int = 20
    reach: str = "viewer"
    completed: Callable[[list[Any]], list[Any]] = list
    counted: Callable[[int], str] = lambda n: ngettext("%(n)s item", "%(n)s items", n)  # noqa: E731
    empty: tuple[Any, Any] = ("", "")
    slot: str = ""
    bulk: tuple[BulkAction, ...] = ()
    bulk_endpoint: str = ""
    bulk_value: Callable[[Any], str] | None = None
    export: bool = True
    statements: Statements = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.reach not in ("viewer", "every", "stated"):
            raise ValueError(f"{self.key}: reach is viewer, every or stated")
        self.choice_filters = tuple(f for f in self.filters if isinstance(f, Filter))
        self.date_filters = tuple(f for f in self.filters if isinstance(f, DateFilter))
        chips = [f for f in self.choice_filters if f.chips]
        if len(chips) > 1 or any(callable(f.options) or f.column is not None for f in chips):
            raise ValueError(f"{self.key}: one filter may have chips, and its choices are conditions")
        self.chips = chips[0] if chips else None
        self.statements = Statements(
            base=self.statement,
            sorts={c.name: c.sort for c in self.columns if c.sort is not None},
            row_key=self.row_key,
            conditions=self._conditions(),
            search=self.search,
            page_size=self.page_size,
        )
        if self.first_sort[0] not in {"", *self.statements.sorts}:
            raise ValueError(f"{self.key}: {self.first_sort[0]!r} is no sortable column")
        self._fields = [c.name for c in self.statement.selected_columns]
        self._reads_copy = any(
            isinstance(e, sa.Table) and e.schema == COPY_SCHEMA for e in visitors.iterate(self.statement)
        )
        self._row_types: dict[int, Any] = {}

    @property
    def first_sort(self) -> tuple[str, bool]:
        """The default order: the column and whether it descends."""
        return self.sort.removeprefix("-"), self.sort.startswith("-")

    def options(self, item: Filter) -> list[tuple[str, Any]]:
        """The choices of a filter as pairs; those from the database are asked for once a request."""
        if not callable(item.options):
            return [(o.key, o.label) for o in item.options]
        kept: dict[Any, list[tuple[str, Any]]] = g.setdefault("ebok_options", {})
        if (self.key, item.name) not in kept:
            kept[self.key, item.name] = list(item.options())
        return kept[self.key, item.name]

    def page(self, *, values: Mapping[str, Any] | None = None) -> ListPage:
        """Read the page that this request asks for: two queries. `values` fill the statement's own parameters."""
        wish = Wish(self, request.args)
        bound = {**(values or {}), **wish.values}
        counts = self._counts(wish, bound)
        rows = self._fetch(wish, {**bound, **wish.place_values})
        if wish.way and not rows:  # the rows at that place are gone
            wish.forget_place()
            rows = self._fetch(wish, bound)
        more = len(rows) > self.page_size
        rows = rows[: self.page_size]
        if wish.way == "before":
            rows.reverse()
        rows = self.completed(rows)
        self._remember(wish)
        return ListPage(self, wish, rows, counts, more, row_parts(self.slot, rows) if self.slot else {})

    def csv(self, *, values: Mapping[str, Any] | None = None) -> Response:
        """Everything that fits the request's filters, in its order and columns, as a CSV file."""
        wish = Wish(self, request.args)
        wish.forget_place()
        rows = self.completed(self._fetch(wish, {**(values or {}), **wish.values}, limit=EXPORT_ROWS))
        columns = [c for c in wish.columns if c.kind != "actions"]
        name = f"{self.key.replace('.', '-').replace('_', '-')}-{clock.today().isoformat()}"
        return csv_response(name, (c.label for c in columns), ([csv_value(c, row) for c in columns] for row in rows))

    def _conditions(self) -> dict[str, sa.ColumnElement[bool]]:
        """Every condition that an address can put in force, by name."""
        found: dict[str, sa.ColumnElement[bool]] = {}
        for item in self.filters:
            if isinstance(item, DateFilter):
                found[f"{item.name}_od"] = item.column >= sa.bindparam(f"{item.name}_od", type_=item.column.type)
                found[f"{item.name}_do"] = item.column < sa.bindparam(f"{item.name}_do", type_=item.column.type)
            elif item.column is not None:
                found[item.name] = item.column == sa.bindparam(f"filter_{item.name}", type_=item.column.type)
            elif not callable(item.options):
                found |= {f"{item.name}={o.key}": o.condition for o in item.options if o.condition is not None}
        return found

    def _counts(self, wish: Wish, bound: Mapping[str, Any]) -> dict[str, int]:
        """How many rows there are: by the chip filter's choices, and under `""` those that this page goes through."""
        options = self.chips.options if self.chips else ()
        names = [o.key for o in options if o.condition is not None]
        asked = tuple(f"{self.chips.name}={name}" for name in names) if self.chips else ()
        counted = self._run(self.statements.counts(wish.count_shape, asked), bound)[0]
        counts = {o.key: int(counted[0]) for o in options}
        counts |= {name: int(n) for name, n in zip(names, counted[1:], strict=True)}
        return {"all": int(counted[0]), **counts, "": counts.get(wish.chip, int(counted[0]))}

    def _fetch(self, wish: Wish, bound: Mapping[str, Any], limit: int | None = None) -> list[Any]:
        statement = self.statements.rows(wish.shape, limit)
        make = self._row_type(len(self.statements.order(wish.sort)))._make
        return [make(values) for values in self._run(statement, bound)]

    def _row_type(self, order: int) -> Any:
        if order not in self._row_types:
            names = [*self._fields, *(f"sort_{index}" for index in range(order))]
            self._row_types[order] = namedtuple("Row", names)
        return self._row_types[order]

    def _run(self, statement: sa.Select[Any], bound: Mapping[str, Any]) -> list[Any]:
        """Run a statement within the table's reach."""
        if self.reach != "stated":
            return reads.rows(snapshot(), viewer(), statement, as_=_Plain, every=self.reach == "every", **bound)
        if self._reads_copy and g.get("zone") is not Zone.ADMIN:
            raise RuntimeError(f"{self.key}: a stated reach over the copy stands in the panel only")
        return list(snapshot().execute(statement, bound))

    def _remember(self, wish: Wish) -> None:
        """Keep the list's address for "Powrót" (L125); a list that is opened plainly forgets it."""
        lists: dict[str, str] = session.get(_LISTS, {})
        before = unseal(lists.get(self.key, "")) or ""
        query = wish.own_query if len(wish.own_query) <= _LONGEST else ""
        if query == before:
            return
        kept = {key: sealed for key, sealed in lists.items() if key != self.key}
        if query:
            kept[self.key] = seal(query)
        if kept != lists:
            session[_LISTS] = dict(list(kept.items())[-_MOST_LISTS:])


class _Plain(tuple):  # type: ignore[type-arg]
    """Rows as they come, for `reads.rows`."""

    _make = staticmethod(tuple)


def list_page(
    table: Table, template: str, *, title: str, values: Mapping[str, Any] | None = None, **context: Any
) -> Response:
    """Answer a list's address: its page in the frame, or with `format=csv` its export. The template gets `table`."""
    if table.export and request.args.get("format") == "csv":
        return table.csv(values=values)
    page = table.page(values=values)
    return render(template, title=page.titled(title), table=page, **context)


def back_to(table: Table, endpoint: str, **values: Any) -> str:
    """The address of the list as this person left it: its filter, order and place (L125)."""
    kept = unseal(session.get(_LISTS, {}).get(table.key, ""))
    address = url_for(endpoint, **values)
    return f"{address}?{kept}" if kept else address
