"""One page of a list, ready to be printed by `ui.table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import request, url_for
from markupsafe import Markup, escape

from ebok_core.i18n import current_locale, gettext, pgettext

from .cells import Column, body, head
from .exports import FORMATS
from .icons import icon
from .pieces import kept, mark
from .wishes import AFTER, BEFORE, COLUMNS, SEARCH, SORT, Wish

if TYPE_CHECKING:
    from .tables import Filter, Table

# More columns than that need the wide card layout (look.md §5).
WIDE_FROM = 6


class Chip(NamedTuple):
    """A view of the list; `count` is the mark of its number."""

    label: str
    count: Markup
    href: str
    is_current: bool


class ListPage:
    """What the template needs of a list: `rows` are the rows themselves, `total` their number on all pages."""

    def __init__(
        self,
        table: Table,
        wish: Wish,
        rows: Sequence[Any],
        counts: Mapping[str, int],
        more: bool,
        offered: Mapping[int, Markup],
    ) -> None:
        self.table, self.wish, self.rows, self.counts, self._offered = table, wish, rows, counts, offered
        self.total = counts[""]
        self.pages = max(1, -(-self.total // table.page_size))
        self.number = min(wish.number, self.pages) if wish.way else 1
        backwards = wish.way == "before"
        self.has_next = backwards or more
        self.has_previous = more if backwards else wish.way == "after"

    def titled(self, title: str) -> str:
        """The page's title; from the second page on it says which one (WCAG 2.4.2)."""
        if self.number == 1:
            return str(title)
        return gettext("%(title)s, page %(number)s of %(pages)s", title=title, number=self.number, pages=self.pages)

    @property
    def columns(self) -> list[Column]:
        """The columns that are shown."""
        return self.wish.columns

    @cached_property
    def count_text(self) -> str:
        """How many rows there are, in words."""
        return self.table.counted(self.total)

    @property
    def summary(self) -> str:
        """`Strona 1 z 2, 14 odczytów`; one page says the count alone."""
        if self.pages == 1:
            return self.count_text
        return gettext(
            "Page %(number)s of %(pages)s, %(count)s", number=self.number, pages=self.pages, count=self.count_text
        )

    @property
    def caption(self) -> Markup:
        """The table's caption: what it lists, in which order, which page."""
        words = [escape(text) for text in (str(self.table.caption), self.sorted_text) if text]
        return Markup(", ").join([*words, mark("summary")])

    def opening(self, macro: Callable[[ListPage], Markup]) -> Markup:
        """Everything before the rows: caption, views, filters, heads."""
        own: dict[str, str] = {"summary": escape(self.summary)}
        own |= {f"count_{key}": str(count) for key, count in self.counts.items() if key}
        for item in self.table.choice_filters:
            if callable(item.options):
                own[f"options_{item.name}"] = self._options(item)
        return kept(self._key("opening"), lambda: str(macro(self)), **own)

    def closing(self, macro: Callable[[ListPage], Markup]) -> Markup:
        """Everything after the rows: why there are none, the count, files, pages."""
        own = {"summary": escape(self.summary), "next": escape(self.next), "previous": escape(self.previous)}
        key = self._key("closing")
        ways = (self.next is not None, self.previous is not None)
        return kept(key and (*key, *ways), lambda: str(macro(self)), **own)

    def _key(self, part: str) -> tuple[Any, ...] | None:
        """What this part of the page depends on; None where it shows what somebody typed or chose of their own."""
        wish = self.wish
        own_choice = any(wish.choices[f.name] for f in self.table.choice_filters if callable(f.options))
        if wish.search or own_choice or request.view_args or any(wish.days.values()):
            return None
        return (part, self.table.key, request.endpoint, current_locale(), wish.query(), bool(self.rows))

    @property
    def sorted_text(self) -> str:
        """`posortowane według: Termin płatności, rosnąco`."""
        column = next((c for c in self.table.columns if c.name == self.wish.sort), None)
        if column is None:
            return ""
        way = gettext("descending") if self.wish.descending else gettext("ascending")
        return gettext("sorted by: %(column)s, %(way)s", column=column.label, way=way)

    @property
    def heads(self) -> Markup:
        """The head cells; a sortable one is a link that says and turns the order."""
        check = (
            f'<th role="columnheader" scope="col"><span class="visually-hidden">{escape(gettext("Tick"))}</span></th>'
        )
        cells = [self._head(column) for column in self.columns]
        return Markup("".join([check, *cells] if self.table.bulk else cells))  # noqa: S704 - escaped below

    @property
    def body(self) -> Markup:
        """The rows."""
        tick = self._check if self.table.bulk else None
        return Markup(body(self.columns, self.rows, extra=self._offered, check=tick))  # noqa: S704 - escaped in cells

    @property
    def is_wide(self) -> bool:
        """Whether the table turns into cards early."""
        return len(self.columns) >= WIDE_FROM or bool(self.table.bulk)

    @cached_property
    def next(self) -> str | None:
        """The address of the next page."""
        return (
            self._link(self.wish.query_at(self.rows[-1], AFTER, self.number + 1)) if self._can(self.has_next) else None
        )

    @cached_property
    def previous(self) -> str | None:
        """The address of the previous page."""
        if not self._can(self.has_previous):
            return None
        if self.number <= 2:
            return self.first
        return self._link(self.wish.query_at(self.rows[0], BEFORE, self.number - 1))

    @property
    def first(self) -> str:
        """The address of the first page."""
        return self._link(self.wish.query())

    @property
    def exports(self) -> list[tuple[str, str]]:
        """The files of everything that fits the filters: what each is called, and its address."""
        if not self.table.export or not self.rows:
            return []
        return [(name.upper(), self._link(self.wish.query(format=name))) for name in FORMATS]

    @property
    def bulk_href(self) -> str:
        """Where the buttons over the table post to."""
        return url_for(self.table.bulk_endpoint)

    @property
    def cleared(self) -> str:
        """The list without search and filters."""
        return request.path

    @property
    def chips(self) -> list[Chip]:
        """The views over the table, with marks for their counts."""
        item = self.table.chips
        if item is None:
            return []
        pairs = [(key, str(label)) for key, label in self.table.options(item)]
        if not item.default:
            pairs.insert(0, ("", pgettext("view", "All")))
        current = self.wish.choices[item.name]
        return [
            Chip(
                label,
                mark(f"count_{key or 'all'}"),
                self._link(self.wish.query(**{item.name: key if key != item.default else None})),
                key == current,
            )
            for key, label in pairs
        ]

    @property
    def selects(self) -> list[tuple[Filter, Markup]]:
        """The filters of the form with their options; choices of this person's own are a mark."""
        return [(i, mark(f"options_{i.name}") if callable(i.options) else self._options(i)) for i in self._selects]

    def _options(self, item: Filter) -> Markup:
        """A filter's choices as `option` elements."""
        chosen = self.wish.choices[item.name]
        pairs = [(key, str(label)) for key, label in self.table.options(item)]
        if not item.default:
            pairs.insert(0, ("", pgettext("filter", "all")))
        lines = [
            f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{escape(label)}</option>'
            for key, label in pairs
        ]
        return Markup("".join(lines))  # noqa: S704 - escaped above

    @property
    def dates(self) -> list[tuple[str, str, str]]:
        """The period fields: name, label, value."""
        return [
            (f"{item.name}_{end}", f"{item.label}: {word}", day.isoformat() if day else "")
            for item in self.table.date_filters
            for end, word in (("od", pgettext("period", "from")), ("do", pgettext("period", "to")))
            for day in (self.wish.days[f"{item.name}_{end}"],)
        ]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """The orders for a phone, where the heads are not seen: value, label, whether chosen."""
        found = []
        for column in self.table.columns:
            if column.sort is not None:
                for value, way in ((column.name, gettext("ascending")), (f"-{column.name}", gettext("descending"))):
                    found.append((value, f"{column.label}, {way}", value == self.wish.sorted_by))
        return found

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter form carries on without showing it."""
        item = self.table.chips
        return [(item.name, self.wish.choices[item.name])] if item and self.wish.choices[item.name] else []

    @property
    def choosable(self) -> list[tuple[str, str, bool]]:
        """The columns to choose from, but those that can't be hidden: name, label, shown; none for small tables."""
        if not any(not c.shown for c in self.table.columns) and len(self.table.columns) < WIDE_FROM:
            return []
        shown = {c.name for c in self.columns}
        return [(c.name, str(c.label), c.name in shown) for c in self.table.columns if c.optional]

    @property
    def has_form(self) -> bool:
        """Whether there is anything to filter, sort or choose by."""
        return bool(self.table.search is not None or self.table.filters or self.sorts or self.choosable)

    @property
    def _selects(self) -> list[Filter]:
        return [item for item in self.table.choice_filters if not item.chips]

    @property
    def form_title(self) -> str:
        """What the closed disclosure says: the filters in force, or the order where there is nothing to filter by."""
        if self.table.search is None and not self.table.date_filters and not self._selects:
            return gettext("Order and columns") if self.choosable else gettext("Order")
        return gettext("Filters: %(names)s", names=self._filters_in_force)

    @property
    def _filters_in_force(self) -> str:
        chosen = {item.name: self.wish.choices[item.name] for item in self._selects}
        words = [str(v) for item in self._selects for k, v in self.table.options(item) if k and k == chosen[item.name]]
        words += [f"„{self.wish.search}”"] if self.wish.searched else []
        words += [f"{label} {value}" for _name, label, value in self.dates if value]
        return ", ".join(words) or pgettext("filters", "none")

    @property
    def names(self) -> dict[str, str]:
        """The URL names of search, sort and columns."""
        return {"search": SEARCH, "sort": SORT, "columns": COLUMNS}

    def label_of(self, name: str) -> str:
        """The label of a filter's chosen option, for the page's title ("ostatni rok", L11)."""
        item = next(f for f in self.table.choice_filters if f.name == name)
        chosen = self.wish.choices[name]
        return next((str(label) for key, label in self.table.options(item) if key == chosen), "")

    def _head(self, column: Column) -> str:
        if column.sort is None:
            return head(column)
        is_current = column.name == self.wish.sort
        turned = f"-{column.name}" if is_current and not self.wish.descending else column.name
        first = self.table.first_sort
        query = self.wish.query(
            **{SORT: None if (turned.removeprefix("-"), turned.startswith("-")) == first else turned}
        )
        arrow = icon("chevron-down" if self.wish.descending else "chevron-up") if is_current else ""
        link = f'<a class="eb-sort" href="{escape(self._link(query))}">{escape(column.label)}{arrow}</a>'
        return head(column, link, ("descending" if self.wish.descending else "ascending") if is_current else "")

    def _check(self, index: int, row: Any) -> str:
        key = self.table.bulk_value(row) if self.table.bulk_value else str(getattr(row, f"sort_{len(self._order) - 1}"))
        name = next((str(getattr(row, c.name)) for c in self.columns if c.head and hasattr(row, c.name)), key)
        label = escape(gettext("Tick: %(name)s", name=name))
        return (
            f'<td role="cell" class="eb-cell-check"><div class="eb-check p-0"><input type="checkbox" id="w{index}" '
            f'name="wybrane" value="{escape(key)}"><label for="w{index}"><span class="visually-hidden">{label}</span>'
            "</label></div></td>"
        )

    @property
    def _order(self) -> list[Any]:
        return self.table.statements.order(self.wish.sort)

    def _can(self, there_is: bool) -> bool:
        return there_is and bool(self.rows)

    def _link(self, query: str) -> str:
        return f"{request.path}?{query}" if query else request.path
