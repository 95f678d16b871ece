"""Cells of CSV files: numbers stay numbers, and no text becomes a formula (S25)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ebok_core import i18n

_FORMULA = frozenset("=+-@\t\r\n\0＝＋－＠﹢﹣﹦﹫−")


class CsvText(str):
    """A text that is known to be a number of ours and needs no guard."""


def csv_cell(value: Any) -> str:
    """One cell as text: `1234,56`, `2026-11-24`, or a guarded text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return i18n.gettext("yes") if value else i18n.gettext("no")
    if isinstance(value, datetime):
        return i18n.instant_iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    if isinstance(value, int | CsvText):
        return str(value)
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" \N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}")[:1] in _FORMULA and text else text
