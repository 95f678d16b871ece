"""CSV and XLSX: nothing from outside becomes a formula, our own numbers stay numbers (S25)."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from ebok_core.web.exports import csv_cell, csv_response, file_response


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


def _sheet(header: list[str], rows: list[list[object]]) -> list[list[object]]:
    answer = file_response("xlsx", "plik", header, rows)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="plik.xlsx"'
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data())).get_sheet_by_index(0).to_python()


def test_a_sheet_keeps_numbers_and_dates_and_runs_no_text() -> None:
    texts = ["=1+1", "+48600100200", "-5", "@SUM(A1)", "https://zly.example", "007", "zwykły\x01", ""]
    rows = [[text, Decimal("-12.50"), date(2026, 11, 24), 7, True, None] for text in texts]
    sheet = _sheet(["Nazwa", "=Kwota"], rows)
    assert sheet[0][:2] == ["Nazwa", "=Kwota"]
    assert [row[0] for row in sheet[1:]] == [*texts[:6], "zwykły", ""]
    assert sheet[1][1:5] == [-12.5, date(2026, 11, 24), 7.0, "tak"]


def test_a_sheet_holds_no_formula_and_no_link() -> None:
    answer = file_response("xlsx", "plik", ["x"], [["=HYPERLINK(1)"], ["https://zly.example"]])
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as book:
        page = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in page and "hyperlink" not in page.lower()
        assert not [name for name in book.namelist() if "_rels/sheet" in name]


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=2))
@settings(max_examples=30, deadline=None)
def test_a_grosz_is_not_lost_in_a_sheet(amount: Decimal) -> None:
    assert Decimal(repr(_sheet(["x"], [[amount]])[1][0])).quantize(Decimal("0.01")) == amount


def test_the_same_rows_are_the_same_file(clock: object) -> None:
    made = [file_response("xlsx", "a", ["x"], [[Decimal("1.50")]]).get_data() for _ in range(2)]
    assert made[0] == made[1]


def test_another_format_is_none_of_ours() -> None:
    with pytest.raises(KeyError):
        file_response("exe", "a", [], [])
