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
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import compress, repeat
from operator import itemgetter, truediv
from typing import Any, NamedTuple

from ebok_core.contracts.tytan import Column, CopyTable, Kind

from . import copy
from .rules import CHOICES, NEVER_NEGATIVE, OPEN_ENDED, PLACES, URLS, YEARS

Values = Sequence[Any]

# C0 and C1 controls, directional overrides that make a text read otherwise than it is, and what is no character at all.
_CONTROL = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
# What a wrong code page leaves behind: the replacement character, and CP1250 letters that were read as Latin-1.
_WRONG_CODE_PAGE = re.compile("[\x80-\x9f\ufffd]")
_SPACES = re.compile(r"\s+")
_NOT_SEARCHED = re.compile(r"[^\w\n]|_")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]00:00:00(?:\.0+)?)?")
_FLAGS = {1: "1", 0: "0", "1": "1", "0": "0"}
_REMEMBERED_DATES = 100_000


class Broken(Exception):
    """A value breaks a rule of the contract, which `rule` names."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


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


class Clean(NamedTuple):
    """A cleaned column; `plain` says that every value is text, with no null among them."""

    values: Values
    plain: bool


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
        self._cleaners = {column.name: _cleaner(view, column) for column in view.columns}
        if own not in self._cleaners:
            self._cleaners[own] = _text_cleaner(Column(name=own, kind=Kind.TEXT, size=20), "dangling", is_key=True)
        self._cleaners["change_no"] = _number_cleaner("change_no", 0, True, False)
        self._removed = _cleaner(view, Column(name="removed", kind=Kind.FLAG))

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
            {name: cleaner(raw[name], _noting(faults, name)) for name, cleaner in self._cleaners.items()}
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
    good = [int(n) for n in numbers if isinstance(n, int | Decimal) or (isinstance(n, str) and n.isdigit())]
    return max(good, default=None)


# Cleaners: one a column, chosen by its kind. `quick` takes a column's values without nulls and gives the cleaned
# column, or None (or a TypeError: it expects one type) when it must be looked at value by value, which is `slow`.

Quick = Callable[[Values], "Values | None"]
Slow = Callable[[Any], Any]
Cleaner = Callable[[Values, Callable[[int, str], None]], Clean]


def _cleaner(view: CopyTable, column: Column) -> Cleaner:
    is_key = column.name in view.key
    match column.kind:
        case Kind.TEXT:
            choices = CHOICES.get((view.view, column.name))
            return _text_cleaner(
                column, "missing", is_key=is_key, choices=choices, url=(view.view, column.name) in URLS
            )
        case Kind.DATE:
            return _date_cleaner(column.null)
        case Kind.INSTANT:
            return _made(lambda values: None, _instant, column.null)
        case Kind.FLAG:
            return _flag_cleaner(column.null)
        case Kind.BLOB:
            return _made(list, lambda value: value, column.null)
    forbidden = column.name in NEVER_NEGATIVE
    return _number_cleaner(column.name, PLACES[column.kind], forbidden, column.null)


def _made(quick: Quick, slow: Slow, null: bool, missing: str = "missing", *, may_empty: bool = False) -> Cleaner:
    """A cleaner from its two ways; `may_empty` says that `quick` takes nulls too, or makes them."""

    def clean(values: Values, note: Callable[[int, str], None]) -> Clean:
        done = _tried(quick, values)
        if done is not None:
            return Clean(done, type(done[0]) is str and not may_empty)
        if null and not may_empty and None in values:
            present = [value for value in values if value is not None]
            done = _tried(quick, present) if present else []
            if done is not None:
                following = iter(done)
                return Clean([None if value is None else next(following) for value in values], False)
        return Clean(_one_by_one(values, slow, null, missing, note), False)

    return clean


def _tried(quick: Quick, values: Values) -> Values | None:
    try:
        return quick(values)
    except TypeError:
        return None


def _one_by_one(values: Values, slow: Slow, null: bool, missing: str, note: Callable[[int, str], None]) -> Values:
    done = []
    for index, value in enumerate(values):
        try:
            found = None if value is None else slow(value)
            if found is None and not null:
                note(index, missing)
            done.append(found)
        except Broken as broken:
            note(index, broken.rule)
            done.append(None)
    return done


def _text_cleaner(
    column: Column, missing: str, *, is_key: bool, choices: frozenset[str] | None = None, url: bool = False
) -> Cleaner:
    """Text: trimmed, no control characters, no traces of a wrong code page, not too long, of the choices if named.

    Line breaks and tabs become spaces. An empty text is none where the column may be null, and no key.
    """
    size = column.size or 10_000_000
    empty = "" if not is_key and not column.null else None

    def quick(values: Values) -> Values | None:
        blob = " ".join(values)
        if not blob.isprintable() or "  " in blob or "\ufffd" in blob or not blob or " " in (blob[0], blob[-1]):
            return None
        if max(map(len, values)) > size or url or choices is not None and not choices.issuperset(values):
            return None
        return values

    def slow(value: Any) -> str | None:
        if isinstance(value, bytes | bytearray | memoryview):
            raise Broken("code_page")
        text = value if isinstance(value, str) else str(value)
        if _WRONG_CODE_PAGE.search(text):
            raise Broken("code_page")
        text = _SPACES.sub(" ", text).strip()
        if _CONTROL.search(text):
            raise Broken("control_character")
        if len(text) > size:
            raise Broken("too_long")
        if not text:
            return empty
        if choices is not None and text not in choices:
            raise Broken("unknown_word")
        if url and not text.startswith("https://"):
            raise Broken("address")
        return text

    return _made(quick, slow, column.null, missing)


def _number_cleaner(name: str, places: int, forbidden: bool, null: bool) -> Cleaner:
    """Amounts as whole numbers of their smallest part; NUMERIC(14, …) bounds them. Nothing is ever rounded."""
    factor = 10**places
    limit = 10**14 if places else 2**63
    least = 0 if forbidden else 1 - limit

    def quick(values: Values) -> Values | None:
        if type(values[0]) is str:
            return _scaled_text(values, places, forbidden) if places else None
        scale = _SCALING.get(frozenset(map(type, values)))
        numbers = scale(values, places, factor) if scale else None
        return numbers if numbers and min(numbers) >= least and max(numbers) < limit else None

    def slow(value: Any) -> int:
        text = value.strip() if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)
        if isinstance(value, bool) or not _NUMBER.fullmatch(text):
            raise Broken("number")
        try:
            exact = Decimal(text)
        except InvalidOperation as error:
            raise Broken("number") from error
        if exact and abs(exact.adjusted()) > 30:
            raise Broken("range")
        scaled = exact.scaleb(places)
        if scaled != scaled.to_integral_value():
            raise Broken("decimals")
        if abs(scaled) >= limit:
            raise Broken("range")
        if scaled < least:
            raise Broken("negative")
        return int(scaled)

    return _made(quick, slow, null)


def _scaled_text(values: Values, places: int, forbidden: bool) -> Values | None:
    """Text with the column's full decimals, as PostgreSQL writes NUMERIC: without the point it is the whole number."""
    blob = "\n".join(values)
    try:
        points = set(map(itemgetter(-1 - places), values))
    except IndexError:
        return None
    if points != {"."} or blob.count(".") != len(values):
        return None
    blob = blob.replace(".", "")
    minuses = blob.count("-")
    if minuses and (forbidden or minuses != blob.count("\n-") + blob.startswith("-")):
        return None
    digits = blob.replace("\n", "").replace("-", "")
    stored = blob.split("\n")
    if not digits.isdigit() or not digits.isascii() or len(stored) != len(values):
        return None
    # A number of so many figures can't be too large; longer ones are looked at by themselves.
    return stored if max(map(len, stored)) <= 14 else None


def _scale_whole(values: Values, places: int, factor: int) -> Sequence[int]:
    return [value * factor for value in values] if places else values


def _scale_decimals(values: Values, places: int, factor: int) -> Sequence[int] | None:
    scaled = [value.scaleb(places) for value in values]
    try:
        numbers = list(map(int, scaled))
    except (ValueError, OverflowError):
        return None
    return numbers if numbers == scaled else None


def _scale_binary(values: Values, places: int, factor: int) -> Sequence[int] | None:
    """SQLite keeps NUMERIC as a binary number. Division is correctly rounded, so `n / factor == value` proves that the
    value is the very number that `n` hundredths are read as; with fewer than 16 digits there is no second such `n`.
    """
    try:
        numbers = [round(value * factor) for value in values]
    except (ValueError, OverflowError):
        return None
    return numbers if list(map(truediv, numbers, repeat(factor))) == list(values) else None


_SCALING: dict[frozenset[type], Callable[[Values, int, int], Sequence[int] | None]] = {
    frozenset({int}): _scale_whole,
    frozenset({Decimal}): _scale_decimals,
    frozenset({float}): _scale_binary,
    frozenset({float, int}): _scale_binary,
}


def _date_cleaner(null: bool) -> Cleaner:
    """Dates as ISO text. A chunk has few different ones, so each is parsed once; 9999-12-31 means "no end"."""
    known: dict[Any, str | None] = {None: None} if null else {}

    def slow(value: Any) -> str | None:
        found = _parsed_date(value)
        if found == OPEN_ENDED and null:
            return None
        if found.year not in YEARS:
            raise Broken("date")
        return found.isoformat()

    def quick(values: Values) -> Values | None:
        new = set(values) - known.keys()
        if len(known) + len(new) > _REMEMBERED_DATES:
            return None
        try:
            known.update({value: slow(value) for value in new})
        except Broken:
            return None
        return list(map(known.__getitem__, values))

    return _made(quick, slow, null, may_empty=null)


def _parsed_date(value: Any) -> date:
    if isinstance(value, datetime):
        if value.time() != value.time().min:
            raise Broken("date")
        return value.date()
    if isinstance(value, date):
        return value
    match = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise Broken("date")
    try:
        return date.fromisoformat(match[1])
    except ValueError as error:
        raise Broken("date") from error


def _instant(value: Any) -> str:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise Broken("instant") from error
    found = found.astimezone(UTC) if found.tzinfo else found
    if found.year not in YEARS:
        raise Broken("instant")
    return found.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03d}Z"


def _flag_cleaner(null: bool) -> Cleaner:
    known = {None: None, **_FLAGS} if null else _FLAGS

    def quick(values: Values) -> Values | None:
        try:
            return list(map(known.__getitem__, values))
        except KeyError:
            return None

    return _made(quick, _flag, null, may_empty=null)


def _flag(value: Any) -> str:
    try:
        return _FLAGS[value]
    except (KeyError, TypeError) as error:
        raise Broken("flag") from error
