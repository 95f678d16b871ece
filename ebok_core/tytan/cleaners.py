"""From values of TYTAN to the copy's stored forms: one cleaner a column, chosen by its kind.

`quick` takes a column's values without nulls and gives the cleaned column, or None (or a TypeError: it expects one
type) when it must be looked at value by value, which is `slow`. Whatever `quick` takes, `slow` would give alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import repeat
from operator import truediv
from typing import Any, NamedTuple

from ebok_core.contracts.tytan import Column, CopyTable, Kind

from .rules import CHOICES, NEVER_NEGATIVE, OPEN_ENDED, PLACES, URLS, YEARS

Values = Sequence[Any]

# C0 and C1 controls, directional overrides that make a text read otherwise than it is, and what is no character at all.
_CONTROL = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
# What a wrong code page leaves behind: the replacement character, and CP1250 letters that were read as Latin-1.
_WRONG_CODE_PAGE = re.compile("[\x80-\x9f\ufffd]")
_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]00:00:00(?:\.0+)?)?")
_NOUGHTS = bytes.maketrans(b"123456789", b"0" * 9)
_FLAGS = {1: "1", 0: "0", "1": "1", "0": "0"}
_REMEMBERED_DATES = 100_000


class Broken(Exception):
    """A value breaks a rule of the contract, which `rule` names."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Clean(NamedTuple):
    """A cleaned column; `plain` says that every value is text, with no null among them."""

    values: Values
    plain: bool


Quick = Callable[[Values], "Values | None"]
Slow = Callable[[Any], Any]
Cleaner = Callable[[Values, Callable[[int, str], None]], Clean]


def cleaner(view: CopyTable, column: Column) -> Cleaner:
    """The cleaner of a view's column; what it finds wrong it notes with the value's place and the rule."""
    is_key = column.name in view.key
    match column.kind:
        case Kind.TEXT:
            choices = CHOICES.get((view.view, column.name))
            return text_cleaner(column, "missing", is_key=is_key, choices=choices, url=(view.view, column.name) in URLS)
        case Kind.DATE:
            return _date_cleaner(column.null)
        case Kind.INSTANT:
            return _made(lambda values: None, _instant, column.null)
        case Kind.FLAG:
            return _flag_cleaner(column.null)
        case Kind.BLOB:
            return _made(list, lambda value: value, column.null)
    forbidden = column.name in NEVER_NEGATIVE
    return number_cleaner(column.name, PLACES[column.kind], forbidden, column.null)


def _made(quick: Quick, slow: Slow, null: bool, missing: str = "missing", *, may_empty: bool = False) -> Cleaner:
    """A cleaner from its two ways; `may_empty` says that `quick` takes nulls too, or makes them."""

    def clean(values: Values, note: Callable[[int, str], None]) -> Clean:
        done = _tried(quick, values)
        if done is not None:
            return Clean(done, type(done[0]) is str and not may_empty)
        if null and values.count(None) == len(values):
            return Clean(values, False)
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


def text_cleaner(
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


def number_cleaner(name: str, places: int, forbidden: bool, null: bool) -> Cleaner:
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
    """Text with the column's full decimals, as PostgreSQL writes NUMERIC: without the point it is the whole number.

    With every digit turned into a nought the whole column is looked at in a few searches.
    """
    text = "\n".join(values) + "\n"
    if not text.isascii():
        return None
    noughts = text.encode().translate(_NOUGHTS)
    # A number of so many figures can't be too large; longer ones are looked at by themselves.
    if noughts.count(b"." + b"0" * places + b"\n") != len(values) or b"0" * (15 - places) in noughts:
        return None
    signs = noughts.translate(None, b"0")
    minuses = signs.count(b"-")
    if signs.replace(b"-", b"") != b".\n" * len(values) or minuses and forbidden:
        return None
    if minuses != noughts.count(b"\n-0") + noughts.startswith(b"-0"):
        return None
    if b"\n." in noughts or noughts.startswith(b"."):
        return None
    return text.replace(".", "").split("\n")[:-1]


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
        new = set(values).difference(known)
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
