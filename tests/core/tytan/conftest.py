"""A small TYTAN made by hand: the contract's tables with three customers whose sums add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
import sqlalchemy as sa

from ebok_core import runtime_settings
from ebok_core.runtime import Runtime
from ebok_core.tytan import contract, copy_schema
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema

CODES = ("1-00001", "1-00002", "1-00003")


class Tytan:
    """TYTAN's side of the tests: raw rows, change numbers, tombstones. Values go in as they are written here."""

    def __init__(self, url: str) -> None:
        self.url = url
        module = {"module": sqlite} if url.startswith("sqlite") else {}
        self.engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), **module)
        self.metadata = contract.source_metadata()
        self.change_no: dict[str, int] = {}
        self.metadata.create_all(self.engine)
        if url.startswith("sqlite"):
            self.execute("PRAGMA journal_mode=WAL")

    def put(self, view: str, **values: Any) -> None:
        """Insert a row, or change the row of this key, under the next change number."""
        with self.engine.begin() as connection:
            self.put_in(connection, view, **values)

    def put_in(self, connection: sa.Connection, view: str, **values: Any) -> None:
        """The same inside a transaction of the caller's."""
        table = self._raw(view)
        known = self.metadata.tables[view].columns.keys()
        values = {"change_no": self.next(view), **({"removed": 0} if "removed" in known else {}), **values}
        key = sa.and_(*(table.c[c.name] == values[c.name] for c in self.metadata.tables[view].primary_key))
        if not connection.execute(table.update().where(key).values(**values)).rowcount:
            connection.execute(table.insert().values(**values))

    def remove(self, view: str, **key: Any) -> None:
        """Turn a row into a tombstone."""
        self._change(view, key, removed=1, change_no=self.next(view))

    def delete(self, view: str, **key: Any) -> None:
        """Delete a row without a trace, as a careless administrator would."""
        table = self._raw(view)
        with self.engine.begin() as connection:
            connection.execute(table.delete().where(*(table.c[n] == v for n, v in key.items())))

    def _change(self, view: str, key: dict[str, Any], **values: Any) -> None:
        table = self._raw(view)
        with self.engine.begin() as connection:
            done = connection.execute(table.update().where(*(table.c[n] == v for n, v in key.items())).values(**values))
            assert done.rowcount == 1

    def execute(self, statement: str) -> None:
        """Run a statement of the administrator's."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def loosen(self, view: str) -> None:
        """Let a view take anything: no key, no sizes, no decimals, no nulls forbidden, as views of old systems are."""
        columns = ", ".join(f"{c.name} {self._loose(c)}" for c in self.metadata.tables[view].columns)
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {view} RENAME TO former")
            connection.exec_driver_sql(f"CREATE TABLE {view} ({columns})")
            connection.exec_driver_sql(f"INSERT INTO {view} SELECT * FROM former")
            connection.exec_driver_sql("DROP TABLE former")

    def _loose(self, column: sa.Column[Any]) -> str:
        if self.engine.dialect.name == "sqlite":
            return "INTEGER" if column.name in ("change_no", "removed") else "TEXT"
        if isinstance(column.type, sa.String):
            return "TEXT"
        return "NUMERIC" if isinstance(column.type, sa.Numeric) else column.type.compile(self.engine.dialect)

    def add(self, view: str, **values: Any) -> None:
        """Insert a row into a loosened view, even beside another of its key."""
        with self.engine.begin() as connection:
            connection.execute(
                self._raw(view).insert().values(**{"removed": 0, "change_no": self.next(view), **values})
            )

    def next(self, view: str) -> int:
        """The next change number of a view."""
        self.change_no[view] = self.change_no.get(view, 0) + 1
        return self.change_no[view]

    def _raw(self, view: str) -> sa.TableClause:
        return sa.table(view, *(sa.column(c.name) for c in self.metadata.tables[view].columns))

    # A customer whose sums add up, and what happens to them.

    def customer(self, code: str, *, point: str, invoice: str) -> None:
        """One customer: contract, point, meter, two readings, an invoice of two lines, a half paid balance."""
        self.put("ebok_customers", **customer_row(code, balance="60.00"))
        self.put("ebok_service_points", **point_row(point, code))
        self.put("ebok_contracts", **contract_row(f"Um {code}", code, point))
        self.put("ebok_meters", **meter_row(f"m-{point}", point))
        for number, value in ((1, "100.000"), (2, "112.345")):
            self.put("ebok_readings", **reading_row(f"r-{point}-{number}", code, point, value))
        self.put("ebok_invoices", **invoice_row(invoice, code, gross="100.00", to_pay="60.00"))
        for line, gross in ((1, "80.00"), (2, "20.00")):
            self.put("ebok_invoice_lines", **line_row(invoice, line, gross))
        self.put("ebok_ledger", **ledger_row(f"l-{invoice}", code, "invoice", "100.00", "60.00", invoice))
        self.put("ebok_ledger", **ledger_row(f"p-{invoice}", code, "payment", "-40.00", "0.00", None))
        self.put("ebok_payment_allocations", payment_id=f"p-{invoice}", document_number=invoice, amount="40.00")

    def bill(self, code: str, invoice: str, gross: str, *, balance: str) -> None:
        """A new invoice of one line, and the balance that follows from it, in one transaction of TYTAN's."""
        with self.engine.begin() as connection:
            self.put_in(connection, "ebok_customers", **customer_row(code, balance=balance))
            self.put_in(connection, "ebok_invoices", **invoice_row(invoice, code, gross=gross, to_pay=gross))
            self.put_in(connection, "ebok_invoice_lines", **line_row(invoice, 1, gross))
            entry = ledger_row(f"l-{invoice}", code, "invoice", gross, gross, invoice)
            self.put_in(connection, "ebok_ledger", **entry)


def customer_row(code: str, **values: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": "Żółw Łękołodzki",
        "customer_type": "Osoba fizyczna",
        "status": "Normalny",
        "street": "Źródlana",
        "house_no": "4",
        "postal_code": "64-920",
        "city": "Piła",
        "registered_on": "2018-03-01",
        "balance": "0.00",
        **values,
    }


def point_row(code: str, customer: str, **values: Any) -> dict[str, Any]:
    return {
        "code": code,
        "customer_code": customer,
        "name": "Dom",
        "street": "Źródlana",
        "house_no": "4",
        "postal_code": "64-920",
        "city": "Piła",
        "registered_on": "2018-03-01",
        "status": "Aktywny",
        "service": "Woda",
        **values,
    }


def contract_row(number: str, customer: str, point: str) -> dict[str, Any]:
    return {
        "number": number,
        "customer_code": customer,
        "party": "Żółw Łękołodzki",
        "name": "Umowa o dostawę wody",
        "signed_on": "2018-03-01",
        "valid_from": "2018-03-01",
        "valid_to": None,
        "point_code": point,
        "point_name": "Dom",
        "service": "Woda",
        "recipient_type": "Pozostali odbiorcy",
    }


def meter_row(id_: str, point: str, **values: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "meter_number": "12CB050038",
        "point_code": point,
        "role": "main",
        "installed_on": "2018-03-01",
        "installed_value": "0.000",
        "digits": 5,
        "active": 1,
        "status": "Zamontowany",
        **values,
    }


def reading_row(id_: str, customer: str, point: str, value: str, **values: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "meter_id": f"m-{point}",
        "point_code": point,
        "customer_code": customer,
        "read_on": "2026-10-31",
        "reading_value": value,
        "reading_method": "reader",
        "status": "settled",
        **values,
    }


def invoice_row(number: str, customer: str, **values: Any) -> dict[str, Any]:
    return {
        "number": number,
        "customer_code": customer,
        "kind": "invoice",
        "issued_on": "2026-11-02",
        "due_on": "2026-11-16",
        "net": values["gross"],
        "vat": "0.00",
        "has_xml": 0,
        "seller_name": "Wodociągi",
        "seller_nip": "7640000000",
        "seller_address": "Piła",
        "buyer_name": "Żółw Łękołodzki",
        "buyer_address": "Piła",
        **values,
    }


def line_row(invoice: str, line: int, gross: str, **values: Any) -> dict[str, Any]:
    return {
        "invoice_number": invoice,
        "line_no": line,
        "name": "Woda",
        "unit": "m³",
        "quantity": "12.345",
        "unit_price_net": "4.1234",
        "net": gross,
        "vat_rate": "8%",
        "vat": "0.00",
        "gross": gross,
        **values,
    }


def ledger_row(id_: str, customer: str, kind: str, amount: str, to_pay: str, document: str | None) -> dict[str, Any]:
    return {
        "id": id_,
        "customer_code": customer,
        "kind": kind,
        "document_number": document,
        "posted_on": "2026-11-02",
        "amount": amount,
        "to_pay": to_pay,
        "title": "Faktura" if kind == "invoice" else "Wpłata",
    }


@pytest.fixture
def source_backend(backend: str) -> str:
    """TYTAN runs on the same kind of database as the portal, unless a test says otherwise."""
    return backend


@pytest.fixture
def tytan(databases: Any, source_backend: str) -> Iterator[Tytan]:
    """A TYTAN with three customers."""
    url = databases.empty(source_backend)
    made = Tytan(url)
    for number, code in enumerate(CODES, start=1):
        made.customer(code, point=f"403-{number}", invoice=f"R. 2026/{number:06}")
    yield made
    made.engine.dispose()
    databases.drop(url)


@pytest.fixture
def configure(runtime: Runtime) -> Callable[..., None]:
    """Save the page "Dostęp do bazy danych": `configure(address=…)`."""

    def save(**values: Any) -> None:
        copy_schema.ensure(runtime.database, runtime.portal.copy_tables)
        with runtime.database.unit_of_work() as session:
            keys = runtime.settings.encryption_keys
            runtime_settings.save(session, TytanConfigSchema, TytanConfig(**values), keys=keys)

    return save


@pytest.fixture
def portal(runtime: Runtime, tytan: Tytan, configure: Callable[..., None]) -> Runtime:
    """A portal that is joined to `tytan`; its copy is empty."""
    configure(address=tytan.url)
    return runtime


@pytest.fixture
def rows(runtime: Runtime) -> Callable[..., list[Any]]:
    """Rows of the copy: `rows("select … from {tytan}.customers")`."""

    def read(statement: str) -> list[Any]:
        with runtime.database.snapshot() as session:
            return [tuple(row) for row in session.execute(sa.text(statement))]

    return read
