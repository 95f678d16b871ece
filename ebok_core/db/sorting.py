"""Polish order and search: SQLite and PostgreSQL sort ą, ł, ż alike, and search finds without accents and spaces."""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement

_ALPHABET = {letter: index for index, letter in enumerate("aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźż")}


class pl_sort(ColumnElement[str]):  # noqa: N801 - reads as a function in SQL
    """A text column in Polish order: ICU on PostgreSQL, our own collation on SQLite."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[str]) -> None:
        self.column = column
        self.type = sa.String()


@compiles(pl_sort)
def _pl_sort_default(element: pl_sort, compiler: sa.sql.compiler.SQLCompiler, **kw: object) -> str:
    return f"{compiler.process(element.column, **kw)} COLLATE polish"


@compiles(pl_sort, "postgresql")
def _pl_sort_postgresql(element: pl_sort, compiler: sa.sql.compiler.SQLCompiler, **kw: object) -> str:
    return f'{compiler.process(element.column, **kw)} COLLATE "pl-x-icu"'


def polish_order(left: str, right: str) -> int:
    """SQLite's collation `polish`: letters by the Polish alphabet, digits before letters, case last."""
    a, b = _weights(left), _weights(right)
    return (a > b) - (a < b) or (left > right) - (left < right)


def _weights(text: str) -> list[tuple[int, int]]:
    return [(1, _ALPHABET[c]) if c in _ALPHABET else (0, ord(c)) for c in text.lower()]


def search_key(text: str) -> str:
    """The form in which texts are searched: lower case, without accents, spaces, dots, dashes and slashes.

    >>> search_key("R. 2019/000001"), search_key("Łąkowa 4 m. 2")
    ('r2019000001', 'lakowa4m2')
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(c for c in decomposed if c.isalnum())


def at_most(number: int) -> ColumnElement[int]:
    """A LIMIT written into the statement, for statements that are run again and again.

    A bound one makes SQLite plan the statement anew at each run (it looks at the value), which can take ten times as
    long as running it; and planners see how few rows are wanted.
    """
    return sa.literal_column(str(int(number)), sa.Integer)
