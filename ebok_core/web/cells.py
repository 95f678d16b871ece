"""Cells of tables: a column knows how its value reads on the screen, in a card on a phone, and in CSV.

Rows are written in one pass from prepared pieces: no macro, filter or `url_for` per cell (performance.md).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from flask import url_for
from markupsafe import Markup

from ebok_core import i18n
from ebok_core.i18n import gettext

from .icons import icon, use

_WORD_ICONS = {"ok": "circle-check", "wait": "clock", "bad": "circle-alert", "info": "info", "": "minus"}
_WORDS = {
    kind: f'<span class="eb-word eb-word--{kind}"><svg class="eb-icon" aria-hidden="true"><use href="#i-{name}"/></svg>'
    for kind, name in _WORD_ICONS.items()
}
# What an address may hold as it is.
_PLAIN = re.compile(r"[A-Za-z0-9_.~/-]*\Z")
# What no identifier of ours holds and no converter quotes: where a row's value goes into an address.
_PLACE = "~{}~"


class Word(NamedTuple):
    """A state: `kind` is ok, wait, bad, info or "" (plain); `note` stands below it."""

    kind: str
    text: str
    note: str = ""


class Cell(NamedTuple):
    """A cell with a second line; `late` makes that line red (its words say so too). `href` makes the text a link.

    `whole` keeps the text on one line: codes, numbers of documents, dates.
    """

    text: str
    note: str = ""
    late: bool = False
    href: str = ""
    whole: bool = False


class Action(NamedTuple):
    """One of a row's "Możliwe działania"; `row` completes its name for readers ("Zapłać" + ": R. 2026/000412")."""

    text: str
    href: str
    row: str = ""
    button: bool = False
    icon: str = ""


@dataclass(frozen=True)
class Link:
    """Where a row leads: `Link("customer.core.meter", {"meter_id": "id"})`, URL argument by the row's attribute."""

    endpoint: str
    arguments: Mapping[str, str]

    def opener(self) -> Callable[[Any], str]:
        """The address of a row, from one `url_for` for the whole page."""
        marks = {name: _PLACE.format(index) for index, name in enumerate(self.arguments)}
        template = url_for(self.endpoint, **marks)
        names = list(self.arguments.values())
        if len(names) == 1:
            before, _place, after = template.partition(_PLACE.format(0))
            name = names[0]
            get = attrgetter(name)
            return lambda row: f"{before}{_quoted(get(row))}{after}"

        def several(row: Any) -> str:
            address = template
            for index, name in enumerate(names):
                address = address.replace(_PLACE.format(index), _quoted(getattr(row, name)))
            return address

        return several


def escape(value: Any) -> str:
    """A text for HTML, markup as it is: a plain string, of which a page joins hundreds."""
    return str(value) if hasattr(value, "__html__") else html.escape(str(value))


def _quoted(value: Any) -> str:
    text = str(value)
    return text if _PLAIN.match(text) else quote(text, safe="/")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `name` is the row's attribute (or only a name, with `value(row)`). `kind`: text, date, instant, money, volume,
    number, flag, word, cell, actions. `money` and `volume` are `Decimal` without unit: the label names it, `[zł]`,
    `[m³]`. `word` shows a `Word` (from `value(row)`, or looked up in `words`), `cell` a `Cell`, a text, or a list
    of these, one line each, `actions` a list of `Action`; none of them is a dash read "brak".

    `sort` is the SQL expression to order by (for names `pl_sort(column)`), `link` a `Link`, `head` marks the row's
    header cell (one a table), `note(row)` a second line, `csv(row)` another value for the export. `optional=False`
    can't be hidden, `shown=False` is hidden until chosen.
    """

    name: str
    label: Any
    kind: str = "text"
    value: Callable[[Any], Any] | None = None
    sort: sa.ColumnElement[Any] | None = None
    link: Link | None = None
    head: bool = False
    words: Mapping[str, Word] | None = None
    note: Callable[[Any], Any] | None = None
    csv: Callable[[Any], Any] | None = None
    optional: bool = True
    shown: bool = True
    _writers: dict[str, Callable[..., str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def writer(self) -> Callable[..., str]:
        """How the column writes a row's cell: `write(row)`, of actions `write(row, more)`; made once a language."""
        locale = i18n.current_locale()
        found = self._writers.get(locale)
        if found is None:
            found = self._writers[locale] = _writer(self)
        return found


def _unbroken(value: Any) -> str:
    """A row's name: short ones (numbers of documents and meters) stay on one line."""
    text = escape(value)
    return text.replace(" ", "\N{NO-BREAK SPACE}") if len(text) <= 24 else text


def _dash() -> str:
    return f'<span aria-hidden="true">–</span><span class="visually-hidden">{escape(gettext("none"))}</span>'


def _word(value: Any) -> str:
    note = f"<small>{escape(value.note)}</small>" if value.note else ""
    return f"{_WORDS[value.kind]}{escape(value.text)}</span>{note}"


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "<br>".join([_cell(line) for line in value])
    if not isinstance(value, Cell):
        return escape(value)
    text = f'<span class="eb-nowrap">{escape(value.text)}</span>' if value.whole else escape(value.text)
    text = f'<a href="{escape(value.href)}">{text}</a>' if value.href else text
    late = ' class="eb-late"' if value.late else ""
    return f"{text}<small{late}>{escape(value.note)}</small>" if value.note else text


def _actions(value: Iterable[Action]) -> str:
    return "".join(
        f'<a{" class=" + chr(34) + "btn btn-second btn-small" + chr(34) if a.button else ""} href="{escape(a.href)}">'
        f"{icon(a.icon) if a.icon else ''}{escape(a.text)}"
        + (f'<span class="visually-hidden">: {escape(a.row)}</span></a>' if a.row else "</a>")
        for a in value
    )


# kind -> how a value that is there reads as HTML
_HTML: Mapping[str, Callable[[Any], str]] = {
    "text": escape,
    "date": date.isoformat,
    "instant": i18n.instant_iso,
    "money": lambda v: i18n.money(v, unit=False),
    "volume": lambda v: i18n.volume(v, unit=False),
    "number": i18n.number,
    "flag": lambda v: escape(gettext("yes") if v else gettext("no")),
    "word": _word,
    "cell": _cell,
    "actions": _actions,
}
_NUMERIC = frozenset({"money", "volume", "number"})


def _writer(column: Column) -> Callable[..., str]:
    shown, get, note = _HTML[column.kind], _getter(column), column.note
    if column.head and column.kind == "text":
        shown = _unbroken
    before, after = _wrapping(column)
    nothing = _nothing(column)
    address = column.link.opener() if column.link else None

    def write_plain(row: Any) -> str:
        value = get(row)
        return nothing if value is None or value == "" else f"{before}{shown(value)}{after}"

    def write(row: Any, more: str = "") -> str:
        value = get(row)
        empty = value is None or value == "" or value == [] or value == ()
        if empty and not more:
            return nothing
        text = more if empty else f"{shown(value)}{more}"
        if address is not None and not empty:
            text = f'<a href="{address(row)}">{text}</a>'
        if note is not None and (words := note(row)):
            text = f"{text}<small>{escape(words)}</small>"
        return f"{before}{text}{after}"

    is_plain = address is None and note is None and column.kind not in ("cell", "actions")
    return write_plain if is_plain else write


def _getter(column: Column) -> Callable[[Any], Any]:
    name, words = column.name, column.words
    if column.value is not None:
        return column.value
    if words is not None:
        return lambda row: words.get(getattr(row, name)) or Word("", str(getattr(row, name)))
    return attrgetter(name)


def _wrapping(column: Column) -> tuple[str, str]:
    if column.head:
        class_ = ' class="eb-nowrap"' if column.kind in ("date", "instant") else ""
        return f'<th role="rowheader" scope="row"{class_}>', "</th>"
    if column.kind == "actions":
        return '<td role="cell" class="eb-cell-acts"><div class="eb-rowacts">', "</div></td>"
    names = "eb-num" if column.kind in _NUMERIC else "eb-date" if column.kind in ("date", "instant") else ""
    class_ = f' class="{names}"' if names else ""
    return f'<td role="cell"{class_} data-label="{escape(column.label)}"><span>', "</span></td>"


def _nothing(column: Column) -> str:
    """A cell without a value: a dash read "brak"; a row without actions shows none of it on a phone."""
    before, after = _wrapping(column)
    if column.kind == "actions":
        before = before.replace("eb-cell-acts", "eb-cell-acts eb-cell-none")
    return before + _dash() + after


def csv_value(column: Column, row: Any) -> Any:
    """The value of a cell for the export."""
    if column.csv is not None:
        return column.csv(row)
    value = _getter(column)(row)
    return ", ".join([str(_csv_text(line)) for line in value]) if isinstance(value, list) else _csv_text(value)


def _csv_text(value: Any) -> Any:
    if isinstance(value, Word | Cell):
        return f"{value.text}, {value.note}" if value.note else value.text
    return value


def rows_table(
    caption: Any,
    columns: Sequence[Column],
    rows: Sequence[Any],
    *,
    heads: Sequence[str] | None = None,
    wide: bool = False,
    extra: Mapping[int, Markup] | None = None,
) -> Markup:
    """A whole table without paging, for short lists on other pages; wrap it in a card: `eb-card eb-card--flush`.

    `extra` are modules' actions by the row's index (`slots.row_parts`).
    """
    return Markup(  # noqa: S704 - pieces of this module, each escaped
        _table(caption, columns, heads or [head(c) for c in columns], body(columns, rows, extra=extra), wide)
    )


def head(column: Column, inside: str | None = None, sorted_: str = "") -> str:
    """A column's head cell."""
    class_ = ' class="eb-num"' if column.kind in _NUMERIC else ""
    state = f' aria-sort="{sorted_}"' if sorted_ else ""
    return f'<th role="columnheader" scope="col"{class_}{state}>{inside or escape(column.label)}</th>'


def body(
    columns: Sequence[Column],
    rows: Sequence[Any],
    *,
    extra: Mapping[int, Markup] | None = None,
    check: Callable[[int, Any], str] | None = None,
) -> str:
    """The rows of a table as HTML."""
    writers = [column.writer() for column in columns]
    if extra or check:
        lines = [_line(columns, writers, index, row, extra or {}, check) for index, row in enumerate(rows)]
    else:
        lines = [f'<tr role="row">{"".join([write(row) for write in writers])}</tr>' for row in rows]
    written = "\n".join(lines)
    if any(column.kind == "word" for column in columns):
        use(name for name in _WORD_ICONS.values() if f'"#i-{name}"' in written)
    return written


def _line(
    columns: Sequence[Column],
    writers: Sequence[Callable[..., str]],
    index: int,
    row: Any,
    extra: Mapping[int, Markup],
    check: Callable[[int, Any], str] | None,
) -> str:
    """A row with modules' actions and a box to tick."""
    more = str(extra.get(index, ""))
    cells = [
        write(row, more) if more and column.kind == "actions" else write(row)
        for column, write in zip(columns, writers, strict=True)
    ]
    return f'<tr role="row">{check(index, row) if check else ""}{"".join(cells)}</tr>'


def _table(caption: Any, columns: Sequence[Column], heads: Sequence[str], rows: str, wide: bool) -> str:
    class_ = "eb-table eb-table--cards" + (" eb-table--wide" if wide or len(columns) > 5 else "")
    return (
        f'<table role="table" class="{class_}"><caption class="visually-hidden">{escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{"".join(heads)}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>'
    )
