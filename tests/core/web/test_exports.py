"""CSV cells: nothing from outside becomes a formula, our own numbers stay numbers (S25)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ebok_core.web.exports import csv_cell, csv_response


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+48600100200",
        "-5",
        "@SUM(A1)",
        "\tx",
        "\r=1",
        "\n=1",
        "  =1",
        "\N{NO-BREAK SPACE}=1",
        "＝1",
        "＋1",
        "－1",
        "＠a",
        "\N{MINUS SIGN}5",
        "\0=1",
    ],
)
def test_a_text_that_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("-12.50"), "-12,50"),
        (Decimal("1E+3"), "1000"),
        (-7, "-7"),
        (None, ""),
        (date(2026, 11, 24), "2026-11-24"),
        (datetime(2026, 11, 24, 5, 15, tzinfo=UTC), "2026-11-24 06:15"),
        ("zwykły; tekst", "zwykły; tekst"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_ours_is_written_as_it_is(value: object, text: str) -> None:
    assert csv_cell(value) == text


def test_file_reads_back_in_a_spreadsheet() -> None:
    response = csv_response("plik", ["Nazwa", "=Kwota"], [['A "B"; c\nd', Decimal("1.50")]])
    body = response.get_data()
    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows == [["Nazwa", "'=Kwota"], ['A "B"; c\nd', "1,50"]]
    assert response.headers["Content-Disposition"] == 'attachment; filename="plik.csv"'
    assert response.mimetype == "text/csv"
