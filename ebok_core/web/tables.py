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

The template prints `{{ ui.table(table) }}`. A list costs one query whatever its size: the rows with the counts.
The base statement has no ORDER BY, LIMIT or GROUP BY; `row_key` tells its rows apart. Its reach is the viewer's acting
customer; `reach="every"` all of the viewer's customers; `reach="stated"` what the statement itself says, with `values`
bound by the view: the core's and modules' own tables, and the copy only in the panel.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
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
from .context import reading, viewer
from .exports import FORMATS, file_response
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
        counted = [o.key for o in self.chips.options if o.condition is not None] if self.chips else []  # type: ignore[union-attr]
        self._asked = tuple(f"{self.chips.name}={key}" for key in counted) if self.chips else ()
        self.statements = Statements(
            base=self.statement,
            sorts={c.name: c.sort for c in self.columns if c.sort is not None},
            row_key=self.row_key,
            conditions=self._conditions(),
            search=self.search,
            page_size=self.page_size,
            scope=self._scoped,
        )
        self._whole = replace(self.statements, scope=partial(self._scoped, narrowed=False), _orders={}, _kept={})
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
        """Read the page that this request asks for: one query. `values` fill the statement's own parameters."""
        wish = Wish(self, request.args)
        bound = {**(values or {}), **wish.values}
        counts, rows = self._read(wish, bound)
        if wish.way and not rows:  # the rows at that place are gone
            wish.forget_place()
            counts, rows = self._read(wish, bound)
        more = len(rows) > self.page_size
        rows = rows[: self.page_size]
        if wish.way == "before":
            rows.reverse()
        rows = self.completed(rows)
        self._remember(wish)
        return ListPage(self, wish, rows, counts, more, row_parts(self.slot, rows) if self.slot else {})

    def download(self, *, values: Mapping[str, Any] | None = None) -> Response | None:
        """The file that the request asks for by `format`: all that fits its filters, in its order and columns.

        None where it asks for the page.
        """
        format_ = request.args.get("format", "")
        if not self.export or format_ not in FORMATS:
            return None
        wish = Wish(self, request.args)
        wish.forget_place()
        rows = self.completed(self._fetch(wish, {**(values or {}), **wish.values}, limit=EXPORT_ROWS))
        columns = [c for c in wish.columns if c.kind != "actions"]
        name = f"{self.key.replace('.', '-').replace('_', '-')}-{clock.today().isoformat()}"
        lines = ([csv_value(c, row) for c in columns] for row in rows)
        return file_response(format_, name, (c.label for c in columns), lines)

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

    def _read(self, wish: Wish, bound: Mapping[str, Any]) -> tuple[dict[str, int], list[Any]]:
        """A page's rows and one more, and how many there are: by the chip's choices, in all, `""` on this view."""
        asked = self._asked
        order = len(self.statements.order(wish.sort))
        make, width = self._row_type(order)._make, len(self._fields) + order
        statements = self._of_viewer
        found = self._run(statements.page(wish.shape, wish.count_shape, asked), {**bound, **wish.place_values})
        counted = found[0][width:] if found else self._run(statements.counts(wish.count_shape, asked), bound)[0]
        return self._counts(wish, counted), [make(row[:width]) for row in found]

    def _counts(self, wish: Wish, counted: Sequence[int]) -> dict[str, int]:
        """The counts by name, from the numbers of the statement: in all, then those of the conditions."""
        options = self.chips.options if self.chips else ()
        names = [o.key for o in options if o.condition is not None]
        counts = {o.key: int(counted[0]) for o in options}
        counts |= {name: int(n) for name, n in zip(names, counted[1:], strict=True)}
        return {"all": int(counted[0]), **counts, "": counts.get(wish.chip, int(counted[0]))}

    def _fetch(self, wish: Wish, bound: Mapping[str, Any], limit: int) -> list[Any]:
        """The first rows, for a file."""
        make = self._row_type(len(self.statements.order(wish.sort)))._make
        return [make(values) for values in self._run(self._of_viewer.rows(wish.shape, limit), bound)]

    def _row_type(self, order: int) -> Any:
        if order not in self._row_types:
            names = [*self._fields, *(f"sort_{index}" for index in range(order))]
            self._row_types[order] = namedtuple("Row", names)
        return self._row_types[order]

    def _scoped(self, statement: sa.Select[Any], narrowed: bool = True) -> sa.Select[Any]:
        return statement if self.reach == "stated" else reads.scoped(statement, self.reach == "every", narrowed)

    @property
    def _of_viewer(self) -> Statements:
        """The statements for who asks: those that bind points only where the viewer's reach is narrowed to some."""
        return self.statements if self.reach != "stated" and viewer().narrowed else self._whole

    def _run(self, statement: sa.Select[Any], bound: Mapping[str, Any]) -> Sequence[Any]:
        """Run a statement of `statements` within the table's reach."""
        if self.reach != "stated":
            bound = reads.bound(viewer(), self.reach == "every", bound)
        elif self._reads_copy and g.get("zone") is not Zone.ADMIN:
            raise RuntimeError(f"{self.key}: a stated reach over the copy stands in the panel only")
        return reading().execute(statement, bound).all()

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


def list_page(
    table: Table, template: str, *, title: str, values: Mapping[str, Any] | None = None, **context: Any
) -> Response:
    """Answer a list's address: its page in the frame (`table` in the template), or with `format=csv|xlsx` a file."""
    file = table.download(values=values)
    if file is not None:
        return file
    page = table.page(values=values)
    return render(template, title=page.titled(title), table=page, **context)


def back_to(table: Table, endpoint: str, **values: Any) -> str:
    """The address of the list as this person left it: its filter, order and place (L125)."""
    kept = unseal(session.get(_LISTS, {}).get(table.key, ""))
    address = url_for(endpoint, **values)
    return f"{address}?{kept}" if kept else address
