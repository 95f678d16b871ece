"""From rows of TYTAN to rows of the copy, or to the quarantine with a reason. Pure, and fast enough for a million rows.

A chunk is cleaned column by column: one look at a whole column tells that nothing is wrong with it, and only a column
in which something is wrong is gone through value by value. What comes out are the copy's stored forms (text, whole
grosze and litres, ISO dates), ready for both databases.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import compress
from typing import Any, NamedTuple

from ebok_core.contracts.tytan import Column, CopyTable, Kind

from . import copy
from .cleaners import Clean, Values, cleaner, number_cleaner, text_cleaner

_NOT_SEARCHED = re.compile(r"[^\w\n]|_")


class Fault(NamedTuple):
    """A row for the quarantine; `sample` shows the shape of the value, never the value itself."""

    view: str
    key: str
    rule: str
    column: str
    sample: str
    customer_code: str | None


@dataclass
class Batch:
    """A cleaned chunk: `columns` in the order of the copy's table, each of `size` values; `plain` ones are all text.

    `gone` are the keys of tombstones, `spared` the keys of rows in the quarantine (what the copy has of them stays),
    `highest` is the greatest change number of the chunk.
    """

    columns: list[Values]
    plain: list[bool]
    size: int
    highest: int | None = None
    gone: list[tuple[Any, ...]] = field(default_factory=list)
    spared: list[tuple[Any, ...]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def secret_hmac(key: str, value: str) -> str:
    """What the copy keeps of a personal number: HMAC-SHA-256 with `settings.audit_key`, hex. Equal numbers match."""
    return hmac.digest(key.encode(), value.encode(), "sha256").hex()


class Converter:
    """Cleans chunks of one view. Made once a run: it remembers dates and where the columns stand."""

    def __init__(self, view: CopyTable, hmac_key: str) -> None:
        self.view = view
        self.columns = [column.name for column in copy.copy_table(view).columns]
        self._hmac_key = hmac_key
        own = view.customer if isinstance(view.customer, str) else "customer_code"
        self._customer = own
        self._cleaners = {column.name: cleaner(view, column) for column in view.columns}
        if own not in self._cleaners:
            self._cleaners[own] = text_cleaner(Column(name=own, kind=Kind.TEXT, size=20), "dangling", is_key=True)
        self._cleaners["change_no"] = number_cleaner("change_no", 0, True, False)
        self._removed = cleaner(view, Column(name="removed", kind=Kind.FLAG))

    def __call__(self, names: Sequence[str], rows: Sequence[Values]) -> Batch:
        """Clean a chunk: `rows` are tuples in the order of `names`. Rows that break a rule are left out."""
        if not rows:
            return self._nothing()
        raw = dict(zip(names, zip(*rows, strict=True), strict=True))
        size = len(rows)
        faults: dict[int, tuple[str, str]] = {}
        flags, _ = self._removed(raw["removed"], _noting(faults, "removed"))
        gone: list[tuple[Any, ...]] = []
        numbers = raw["change_no"]
        if flags.count("0") != size:
            alive = [flag == "0" or index in faults for index, flag in enumerate(flags)]
            gone = self._keys(raw, [flag == "1" for flag in flags])
            raw = {name: list(compress(values, alive)) for name, values in raw.items()}
            faults = {sum(alive[:index]): fault for index, fault in faults.items()}
            size = sum(alive)
        clean = (
            {name: clean_column(raw[name], _noting(faults, name)) for name, clean_column in self._cleaners.items()}
            if size
            else {}
        )
        batch = self._batch(raw, clean, size, faults)
        batch.gone, batch.highest = gone, _highest(numbers)
        return batch

    def _batch(self, raw: dict[str, Values], clean: dict[str, Clean], size: int, faults: dict[int, Any]) -> Batch:
        if not size:
            return self._nothing()
        keys = [clean[name].values for name in self.view.key]
        found = [self._fault(raw, index, *fault) for index, fault in sorted(faults.items())]
        spared = [key for key in (tuple(values[i] for values in keys) for i in sorted(faults)) if None not in key]
        if faults:
            whole = [index not in faults for index in range(size)]
            clean = {name: Clean(list(compress(done.values, whole)), done.plain) for name, done in clean.items()}
            size -= len(faults)
        for column in self.view.columns:
            if column.secret:
                values = clean.pop(column.name).values
                macs = [value if value is None else secret_hmac(self._hmac_key, value) for value in values]
                clean[f"{column.name}_hmac"] = Clean(macs, False)
        if self.view.search:
            clean[copy.SEARCH_TEXT] = Clean(search_texts([clean[name].values for name in self.view.search]), True)
        done = [clean[name] for name in self.columns]
        return Batch([c.values for c in done], [c.plain for c in done], size, spared=spared, faults=found)

    def _nothing(self) -> Batch:
        return Batch([[] for _ in self.columns], [True] * len(self.columns), 0)

    def _keys(self, raw: dict[str, Values], which: Sequence[bool]) -> list[tuple[Any, ...]]:
        """The keys of some rows, cleaned; one that is no key is left out."""
        if not any(which):
            return []
        faults: dict[int, tuple[str, str]] = {}
        columns = [
            self._cleaners[name](list(compress(raw[name], which)), _noting(faults, name)).values
            for name in self.view.key
        ]
        return [key for index, key in enumerate(zip(*columns, strict=True)) if index not in faults]

    def _fault(self, raw: dict[str, Values], index: int, column: str, rule: str) -> Fault:
        customer = raw[self._customer][index]
        return Fault(
            view=self.view.view,
            key=key_text([raw[name][index] for name in self.view.key]),
            rule=rule,
            column=column,
            sample=shape(raw[column][index]),
            customer_code=customer
            if isinstance(customer, str) and customer.isprintable() and len(customer) <= 20
            else None,
        )


def search_texts(columns: Sequence[Values]) -> list[str]:
    """For each row the columns' texts as `db.search_key` makes them, parted by spaces; a whole column in one go."""
    return list(map(" ".join, zip(*(_search_keys(values) for values in columns), strict=True)))


def key_text(values: Sequence[Any]) -> str:
    """A row's key for people, as the quarantine shows it: at most 160 characters, nothing that can't be printed."""
    texts = ("" if value is None else str(value) for value in values)
    return "".join(c if c.isprintable() else "?" for c in " / ".join(texts))[:160]


def shape(value: Any) -> str:
    """What a value looks like without what it says: letters become `a`, digits `9`."""
    if value is None:
        return ""
    masked = "".join(
        "9" if c.isdigit() else "a" if c.isalpha() else c if c.isprintable() else "?" for c in str(value)[:40]
    )
    return masked if len(str(value)) <= 40 else f"{masked}…"


def _search_keys(values: Values) -> list[str]:
    blob = "\n".join([value or "" for value in values]).casefold().replace("ł", "l")
    return _NOT_SEARCHED.sub("", unicodedata.normalize("NFKD", blob)).split("\n")


def _noting(faults: dict[int, tuple[str, str]], column: str) -> Callable[[int, str], None]:
    def note(index: int, rule: str) -> None:
        faults.setdefault(index, (column, rule))

    return note


def _highest(numbers: Values) -> int | None:
    """The greatest change number, also of rows that go to the quarantine: they are tried again by other means."""
    if set(map(type, numbers)) == {int}:
        return max(numbers)
    good = [int(n) for n in numbers if isinstance(n, int | Decimal) or (isinstance(n, str) and n.isdigit())]
    return max(good, default=None)
