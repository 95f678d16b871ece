"""What e-Faktura reads and does: functions that take a session and a viewer."""

from .amounts import Amounts, amounts, amounts_between, office_amounts
from .documents import Charge, Document, Year, bill_line, document, known, newest, unpaid

__all__ = [
    "Amounts",
    "Charge",
    "Document",
    "Year",
    "amounts",
    "amounts_between",
    "bill_line",
    "document",
    "known",
    "newest",
    "office_amounts",
    "unpaid",
]
