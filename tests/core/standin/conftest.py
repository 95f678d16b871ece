"""An invented utility to ask questions of, and copies of a small one to let the office work on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from ebok_core.standin import database
from ebok_core.standin.generator import generate

AS_OF = date(2026, 11, 24)
CUSTOMERS = 300
FEW = 20


class Books:
    """Asks TYTAN's database: rows as mappings, single values, sums."""

    def __init__(self, engine: sa.Engine, schema: str | None = None) -> None:
        self.engine = engine
        self.tables = database.tables(schema)

    def rows(self, view: str, **key: Any) -> list[sa.RowMapping]:
        """The rows of a view that have these values, by key order."""
        table = self.tables[view]
        query = sa.select(table).filter_by(**key).order_by(*table.primary_key.columns)
        with self.engine.connect() as connection:
            return list(connection.execute(query).mappings())

    def row(self, view: str, **key: Any) -> sa.RowMapping:
        """The one row of a view that has these values."""
        (found,) = self.rows(view, **key)
        return found

    def sql(self, text: str, **values: Any) -> list[Any]:
        """The rows of a query in SQL that both databases understand."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(text), values))

    def allocations(self, customer_code: str) -> list[sa.RowMapping]:
        """What was allocated from a customer's entries."""
        table, ledger = self.tables["ebok_payment_allocations"], self.tables["ebok_ledger"]
        query = (
            sa.select(table)
            .join(ledger, ledger.c.id == table.c.payment_id)
            .where(ledger.c.customer_code == customer_code, table.c.removed == 0)
        )
        with self.engine.connect() as connection:
            return list(connection.execute(query).mappings())

    def balance(self, customer_code: str) -> Decimal:
        """What the customer owes, by the customer's own row."""
        return self.row("ebok_customers", code=customer_code)["balance"]

    def ledger_sum(self, customer_code: str) -> Decimal:
        """What the customer owes, by the ledger."""
        return sum((row["to_pay"] for row in self.rows("ebok_ledger", customer_code=customer_code)), Decimal(0))


class Inbox(Books):
    """The portal's side of the two message tables."""

    def __init__(self, engine: sa.Engine, schema: str | None = None) -> None:
        super().__init__(engine, schema)
        self._numbers = count(1)

    def send(
        self,
        kind: str,
        payload: Mapping[str, Any],
        customer_code: str | None = "1-01001",
        *,
        stream: str | None = None,
        digest: str | None = None,
        version: int = 1,
        accepted_at: datetime = datetime(2026, 11, 24, 8, 0),
    ) -> str:
        """Deliver a message; returns its id."""
        number = next(self._numbers)
        text = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        row = {
            "message_id": f"01900000-0000-7000-8000-{number:012d}",
            "kind": kind,
            "version": version,
            "customer_code": customer_code,
            "stream_key": stream or f"c:{customer_code}",
            "seq": number,
            "payload": text,
            "payload_sha256": digest or sha256(text.encode()).hexdigest(),
            "accepted_at": accepted_at,
            "delivered_at": accepted_at,
        }
        with self.engine.begin() as connection:
            connection.execute(self.tables["ebok_inbox"].insert(), row)
        return row["message_id"]

    def result(self, message_id: str) -> sa.RowMapping:
        """TYTAN's answer to a message."""
        return self.row("ebok_results", message_id=message_id)

    def send_reading(self, meter_id: str, day: str, value: Any, customer_code: str = "1-01001", **more: Any) -> str:
        """Deliver a reading."""
        payload = {
            "meter_id": meter_id,
            "read_on": day,
            "reading_value_m3": value,
            "confirmed_warnings": [],
            "note": None,
            "reference": "OD-2026-11-0384",
            "accepted_at": "2026-11-24T08:00:00Z",
        }
        return self.send("reading.submitted", payload, customer_code, **more)


@pytest.fixture(scope="session")
def utility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A utility of 300 customers on SQLite, only to be read."""
    engine = database.open_engine(f"sqlite:///{tmp_path_factory.mktemp('utility') / 'tytan.db'}")
    generate(engine, customers=CUSTOMERS, seed=1, as_of=AS_OF)
    yield Books(engine)
    engine.dispose()


@pytest.fixture
def tytan_url(databases: Any, backend: str) -> Iterator[str]:
    """The address of a small utility of one's own, on each database: the personas and one customer of every trait."""

    def build(url: str) -> None:
        engine = database.open_engine(url)
        generate(engine, customers=FEW, seed=1, as_of=AS_OF)
        engine.dispose()

    url = databases.copy_of(backend, ("standin", FEW), build)
    yield url
    databases.drop(url)


@pytest.fixture
def tytan(tytan_url: str) -> Iterator[Inbox]:
    """A small utility of one's own that the office works on."""
    engine = database.open_engine(tytan_url)
    yield Inbox(engine)
    engine.dispose()


@pytest.fixture
def books() -> type[Inbox]:
    """The portal's side of any TYTAN: `books(engine, schema)`."""
    return Inbox


@pytest.fixture
def digest() -> Callable[[sa.Engine], str]:
    """A hash over all rows of all views, the same for the same rows on any database."""

    def of(engine: sa.Engine) -> str:
        found = sha256()
        books = Books(engine)
        for view in sorted(table.name for table in books.tables.metadata.sorted_tables):
            for row in books.rows(view):
                found.update(repr([view, *map(_plain, row.values())]).encode())
        return found.hexdigest()

    return of


def _plain(value: object) -> object:
    return str(value.normalize()) if isinstance(value, Decimal) else value
