"""CSV for spreadsheets: semicolons, commas in numbers, a byte order mark, and no text that becomes a formula (S25)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Response

from ebok_core import i18n

_FORMULA = frozenset("=+-@\t\r\n\0＝＋－＠﹢﹣﹦﹫−")


class CsvText(str):
    """A text that is known to be a number of ours and needs no guard."""


def csv_response(name: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Response:
    """A CSV file as an attachment; `name` without the ending, in ASCII.

    Numbers (`Decimal`, `int`) and dates are written as such; every other text is guarded.
    """
    page = io.StringIO()
    writer = csv.writer(page, delimiter=";", lineterminator="\r\n")
    writer.writerow([csv_cell(str(text)) for text in header])
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    response = Response("\N{BYTE ORDER MARK}" + page.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


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
