"""The portal's database: one way to read, one way to write, the column types, the ids."""

from .base import Base
from .engine import Database
from .ids import uuid7
from .sorting import at_most, pl_sort, search_key
from .types import Amount, Instant, Price, Volume
from .work import after_commit, assert_no_open_write

__all__ = [
    "at_most",
    "Amount",
    "Base",
    "Database",
    "Instant",
    "Price",
    "Volume",
    "after_commit",
    "assert_no_open_write",
    "pl_sort",
    "search_key",
    "uuid7",
]
