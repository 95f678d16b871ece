"""Rows of the contract's views as tuples: one type a view, its fields in the contract's order, all with None behind.

The types come from the contract itself, so a column that is added there can be filled here by its name. Values are
text, whole numbers or None: dates and instants in ISO, money in whole grosze, prices in ten-thousandths of a złoty,
volumes in whole m³. The loader gives each database what it wants.
"""

from __future__ import annotations

from collections import namedtuple
from datetime import date
from functools import lru_cache

from ebok_core.contracts.tytan import CopyTable
from ebok_core.tytan import contract


def _row_type(name: str, table: CopyTable) -> type[tuple]:
    columns = [column.name for column in table.columns]
    return namedtuple(name, columns, defaults=[None] * len(columns))


CustomerRow = _row_type("CustomerRow", contract.CUSTOMERS)
ContractRow = _row_type("ContractRow", contract.CONTRACTS)
PointRow = _row_type("PointRow", contract.SERVICE_POINTS)
MeterRow = _row_type("MeterRow", contract.METERS)
ReadingRow = _row_type("ReadingRow", contract.READINGS)
InvoiceRow = _row_type("InvoiceRow", contract.INVOICES)
LineRow = _row_type("LineRow", contract.INVOICE_LINES)
FileRow = _row_type("FileRow", contract.INVOICE_FILES)
LedgerRow = _row_type("LedgerRow", contract.LEDGER)
AllocationRow = _row_type("AllocationRow", contract.PAYMENT_ALLOCATIONS)

VIEW_OF: dict[type[tuple], str] = {
    CustomerRow: contract.CUSTOMERS.view,
    ContractRow: contract.CONTRACTS.view,
    PointRow: contract.SERVICE_POINTS.view,
    MeterRow: contract.METERS.view,
    ReadingRow: contract.READINGS.view,
    InvoiceRow: contract.INVOICES.view,
    LineRow: contract.INVOICE_LINES.view,
    FileRow: contract.INVOICE_FILES.view,
    LedgerRow: contract.LEDGER.view,
    AllocationRow: contract.PAYMENT_ALLOCATIONS.view,
}


@lru_cache(maxsize=65_536)
def iso(day: int) -> str:
    """An ordinal day as an ISO date."""
    return date.fromordinal(day).isoformat()
