"""Makes a believable utility of any size: the same seed, day and size give the same rows (N23)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import chain

import sqlalchemy as sa

from ebok_core import clock
from ebok_core.errors import ConfigurationError
from ebok_core.standin import database, loading, personas
from ebok_core.standin.books import Books
from ebok_core.standin.customers import make_customer
from ebok_core.standin.numbering import Numbering

LARGEST = 300_000
BATCH = 60
"""Customers that are in memory at once."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What was made: customers asked for, rows by view, seconds."""

    customers: int
    rows: dict[str, int]
    seconds: float


def generate(
    engine: sa.Engine,
    customers: int = 2000,
    seed: int = 1,
    as_of: date | None = None,
    schema: str | None = None,
    *,
    progress: Progress | None = None,
) -> Totals:
    """Fill an empty database with a utility that lives on the day `as_of` (today unless given).

    The personas of features.md count among the customers. `progress(done, all)` is called after each batch. Raises
    `ConfigurationError` when the size is not 5 to 300 000 or the database holds customers already.
    """
    if not personas.COUNT <= customers <= LARGEST:
        raise ConfigurationError(f"The number of customers must be between {personas.COUNT} and {LARGEST}.")
    started = clock.monotonic()
    day = as_of or clock.today()
    _prepare(engine, schema)
    with _without_cycle_collector(), loading.target(engine, schema) as target:
        loader = loading.Loader(target)
        numbers = Numbering(customers)
        done = 0
        for books in _batches(customers, seed, numbers, day):
            loader.add(chain.from_iterable(one.rows() for one in books))
            target.write("standin_interest", sorted({pair for one in books for pair in one.charges}))
            done += len(books)
            if progress:
                progress(done, customers)
        loader.finish(numbers.counters())
    with engine.begin() as connection:
        database.create_indexes(connection, schema)
    database.use_write_ahead_log(engine)
    return Totals(customers=customers, rows=loader.totals, seconds=clock.monotonic() - started)


@contextmanager
def _without_cycle_collector() -> Iterator[None]:
    """Books hold no cycles, and looking for some among millions of rows takes a sixth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _prepare(engine: sa.Engine, schema: str | None) -> None:
    with engine.begin() as connection:
        database.create_tables(connection, schema)
        customers = database.tables(schema)["ebok_customers"]
        if connection.execute(sa.select(customers.c.code).limit(1)).first():
            raise ConfigurationError("This database holds customers already: give an empty one.")


def _batches(customers: int, seed: int, numbers: Numbering, as_of: date) -> Iterator[list[Books]]:
    """The books of the personas, then of everybody else, in batches."""
    for one in personas.personas(numbers, as_of):
        yield [one]
    others = customers - personas.COUNT
    for start in range(0, others, BATCH):
        yield [make_customer(place, seed, numbers, as_of) for place in range(start, min(start + BATCH, others))]
