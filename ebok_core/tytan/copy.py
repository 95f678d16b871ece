"""The copy: TYTAN's views as tables of our own, in the schema `tytan`; dropped and filled again at any time.

Decimals are scaled integers and come back as `Decimal`; a secret column is kept as an HMAC under `<name>_hmac`. Every
row carries the customer it belongs to, so that a read can be bound to the viewer.
"""

from __future__ import annotations

import sqlalchemy as sa

from ebok_core.contracts.tytan import Column, CopyTable, Kind
from ebok_core.db.base import NAMING
from ebok_core.db.engine import COPY_SCHEMA
from ebok_core.db.types import Amount, Instant, Price, Volume

from . import contract

metadata = sa.MetaData(schema=COPY_SCHEMA, naming_convention=NAMING)
SEARCH_TEXT, POINT = "search_text", "point_code"

_TYPES = {
    Kind.DATE: sa.Date,
    Kind.INSTANT: Instant,
    Kind.INT: sa.BigInteger,
    Kind.FLAG: sa.Boolean,
    Kind.MONEY: Amount,
    Kind.VOLUME: Volume,
    Kind.PRICE: Price,
    Kind.BLOB: sa.LargeBinary,
}


def copy_table(view: CopyTable) -> sa.Table:
    """The copy's table of a view, made once.

    `table.info["customer"]` names the column that holds the customer, `info["point"]` that of the service point, "" for
    what belongs to the customer as a whole.
    """
    if f"{COPY_SCHEMA}.{view.name}" in metadata.tables:
        return metadata.tables[f"{COPY_SCHEMA}.{view.name}"]
    customer = view.customer if isinstance(view.customer, str) else "customer_code"
    columns = [_column(c, view) for c in view.columns]
    if customer not in {c.name for c in columns}:
        columns.append(sa.Column(customer, sa.String(20), nullable=False))
    if view.search:
        columns.append(sa.Column(SEARCH_TEXT, sa.Text, nullable=False))
    columns.append(sa.Column("change_no", sa.BigInteger, nullable=False))
    table = sa.Table(view.name, metadata, *columns, info={"customer": customer, "point": _point(view), "view": view})
    for names in {(), *view.indexes}:
        if (customer, *names) != view.key:
            sa.Index(None, *(table.c[name] for name in (customer, *names)))
    for name in view.lookups:
        sa.Index(None, table.c[name])
    return table


def _point(view: CopyTable) -> str:
    named = any(column.name == POINT and not column.null for column in view.columns)
    return view.point or (POINT if named else "")


def _column(column: Column, view: CopyTable) -> sa.Column:
    if column.secret:
        return sa.Column(f"{column.name}_hmac", sa.String(64), nullable=True)
    kind = sa.String(column.size) if column.kind is Kind.TEXT else _TYPES[column.kind]()
    return sa.Column(column.name, kind, primary_key=column.name in view.key, nullable=column.null, autoincrement=False)


customers = copy_table(contract.CUSTOMERS)
contracts = copy_table(contract.CONTRACTS)
service_points = copy_table(contract.SERVICE_POINTS)
meters = copy_table(contract.METERS)
readings = copy_table(contract.READINGS)
invoices = copy_table(contract.INVOICES)
invoice_lines = copy_table(contract.INVOICE_LINES)
invoice_files = copy_table(contract.INVOICE_FILES)
ledger = copy_table(contract.LEDGER)
payment_allocations = copy_table(contract.PAYMENT_ALLOCATIONS)
