"""Files for spreadsheets, CSV and XLSX: numbers stay numbers, and no text becomes a formula (S25).

CSV has semicolons, commas in numbers and a byte order mark; a text that a spreadsheet would run is guarded by an
apostrophe. In XLSX each cell says itself what it is, so texts stand as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from flask import Response

from ebok_core import clock
from ebok_core.files.sheets import CsvText, csv_cell

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Nothing that is typed becomes something else; a sheet of its own never leaves the memory.
_AS_GIVEN = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
LONGEST_CELL, WIDEST = 32_767, 60
__all__ = ["CsvText", "FORMATS", "csv_cell", "csv_response", "file_response", "xlsx_response"]
# What XML can't hold.
_CONTROL = dict.fromkeys(c for c in range(32) if c not in (9, 10))


def csv_response(name: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Response:
    """A CSV file as an attachment; `name` without the ending, in ASCII.

    Numbers (`Decimal`, `int`) and dates are written as such; every other text is guarded.
    """
    page = io.StringIO()
    writer = csv.writer(page, delimiter=";", lineterminator="\r\n")
    writer.writerow([csv_cell(str(text)) for text in header])
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return _attached(Response("\N{BYTE ORDER MARK}" + page.getvalue(), mimetype="text/csv"), f"{name}.csv")


def xlsx_response(name: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Response:
    """An XLSX file as an attachment, with the same cells as the CSV; the head stays in sight."""
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, _AS_GIVEN)
    book.set_properties({"created": clock.now_utc().replace(tzinfo=None, microsecond=0)})
    sheet = book.add_worksheet()
    formats: dict[str, Any] = {}
    heads = [str(text) for text in header]
    bold = book.add_format({"bold": True})
    for place, text in enumerate(heads):
        sheet.write_string(0, place, _text(text), bold)
    widths = [len(text) for text in heads]
    for line, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            shown = _write(book, sheet, formats, (line, place), value)
            if place < len(widths):
                widths[place] = max(widths[place], len(shown))
    for place, width in enumerate(widths):
        sheet.set_column(place, place, min(WIDEST, width + 2))
    sheet.freeze_panes(1, 0)
    book.close()
    return _attached(Response(data.getvalue(), mimetype=_XLSX), f"{name}.xlsx")


FORMATS: Mapping[str, Callable[[str, Iterable[str], Iterable[Iterable[Any]]], Response]] = {
    "csv": csv_response,
    "xlsx": xlsx_response,
}


def file_response(format_: str, name: str, header: Iterable[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A file in one of `FORMATS`: what `?format=` asks for. Raises `KeyError` for another one."""
    return FORMATS[format_](name, header, rows)


def _write(book: Any, sheet: Any, formats: dict[str, Any], place: tuple[int, int], value: Any) -> str:
    """Write one cell as what it is, and give what a person sees of it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool | datetime):
        shown = csv_cell(value)
        sheet.write_string(*place, shown)
    elif isinstance(value, date):
        shown = value.isoformat()
        sheet.write_datetime(*place, datetime(value.year, value.month, value.day), _format(book, formats, "yyyy-mm-dd"))
    elif isinstance(value, Decimal):
        decimals = max(0, -int(value.as_tuple().exponent))
        shown = f"{value:f}"
        sheet.write_number(*place, float(value), _format(book, formats, "0." + "0" * decimals if decimals else "0"))
    elif isinstance(value, int):
        shown = str(value)
        sheet.write_number(*place, value)
    else:
        shown = _text(str(value))
        sheet.write_string(*place, shown)
    return shown


def _format(book: Any, formats: dict[str, Any], code: str) -> Any:
    if code not in formats:
        formats[code] = book.add_format({"num_format": code})
    return formats[code]


def _text(text: str) -> str:
    return text.translate(_CONTROL)[:LONGEST_CELL]


def _attached(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
