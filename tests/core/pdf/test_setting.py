"""Texts in lines, columns in widths, pieces on pages."""

from __future__ import annotations

import threading

import pytest

from ebok_core import pdf
from ebok_core.pdf import pages, typeface
from ebok_core.pdf.pieces import Piece
from ebok_core.testing import pdfs

POLISH = "Zażółć gęślą jaźń ZAŻÓŁĆ GĘŚLĄ JAŹŃ „cudzysłów” – 1 234,56 zł § 100 m³ ½ € №"
UKRAINIAN = "Щастя, їжак, ґанок, Єва ЇЖАК ҐАНОК Ємність"


def text_of(*body):
    return pdfs.read(pdf.render(pdf.Document(title="x", body=(pdf.Title("T"), *body)))).text.splitlines()[1:]


def _nothing(pen, x, top):
    pass


@pytest.mark.parametrize("text", [POLISH, UKRAINIAN, "Český Žižkov, Größe, Đorđe, Țară"])
def test_letters_come_out_as_they_went_in(text):
    assert text_of(pdf.Paragraph(text)) == [text]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\u0328z\u0307o\u0301", "ążó"),  # decomposed letters
        ("Nguyễn", "Nguyen"),
        ("woda 💧!", "woda ?!"),
        ("a\u200bb\u00adc\x00d", "abcd"),
        ("12\u20113", "12-3"),
        ("ﬁ ½", "fi ½"),
    ],
)
def test_signs_that_the_typeface_lacks_lose_as_little_as_can_be(written, read):
    assert text_of(pdf.Paragraph(written)) == [read]


def test_more_letters_than_one_subset_holds():
    """Over 256 different signs make a second subset of the font in the file."""
    signs = "".join(sorted(sign for sign in typeface.regular().advances if sign.isalpha()))
    assert len(signs) > 256
    (line,) = text_of(pdf.Paragraph(signs))
    assert line.replace(" ", "") == signs


def test_no_line_is_wider_than_it_may_be_and_no_word_is_lost():
    face = typeface.regular()
    text = "Odprowadzanie ścieków z nieruchomości przy ulicy Konstantynopolitańczykowianeczkowskiej 12/14"
    for width in (40, 90, 200):
        lines = typeface.wrapped(text, width, face, 9)
        assert all(face.width(line.rstrip(" "), 9) <= width for line in lines)
        assert "".join(lines) == text


def test_a_long_address_breaks_at_its_joints():
    face = typeface.regular()
    pieces = typeface.pieces_of("https://bok.example/sprawdz/dokument-2026", 90, face, 9)
    assert all(piece[-1] in "/-." for piece in pieces[:-1])


def test_a_heading_is_not_left_alone_at_the_foot():
    room = pages.FIRST_ROOM
    tall, heading, text = Piece(room - 30, _nothing), Piece(20, _nothing, keeps=True), Piece(14, _nothing)
    found = pages.pages_of([tall, heading, text])
    assert [[placed.piece for placed in page] for page in found] == [[tall], [heading, text]]


def test_what_keeps_together_but_fits_no_page_is_parted():
    found = pages.pages_of([Piece(300, _nothing, keeps=True) for _n in range(5)])
    assert [len(page) for page in found] == [2, 1, 2]


def test_a_row_higher_than_a_page_is_parted_at_its_lines():
    words = " ".join(f"słowo{n}" for n in range(4000))
    table = pdf.Table("T", (pdf.Column("A", head=True), pdf.Column("B")), (("wiersz", words),))
    data = pdf.render(pdf.Document(title="x", body=(pdf.Title("T"), table)))
    assert pdfs.problems(data) == []
    found = pdfs.read(data)
    assert len(found.pdf.pages) > 3
    assert found.table()[1] == ["wiersz", words]


@pytest.mark.parametrize("count", [1, 7, 14, 20])
def test_any_number_of_columns_fits_the_page(count):
    columns = tuple(pdf.Column(f"Kolumna {n}", numeric=n % 2 == 1) for n in range(count))
    rows = tuple(tuple(f"{row * n * 1111},00" for n in range(count)) for row in range(3))
    data = pdf.render(pdf.Document(title="x", body=(pdf.Title("T"), pdf.Table("T", columns, rows))))
    assert pdfs.problems(data) == []
    assert ["".join(cell.split()) for cell in pdfs.read(data).table()[2]] == [cell.replace(" ", "") for cell in rows[1]]


def test_columns_too_high_for_a_page_stand_below_each_other():
    long = pdf.Paragraph("\n".join(f"wiersz {n}" for n in range(120)))
    data = pdf.render(pdf.Document(title="x", body=(pdf.Title("T"), pdf.Beside(((long,), (pdf.Paragraph("drugi"),))))))
    assert pdfs.problems(data) == []
    lines = pdfs.read(data).text.splitlines()
    assert lines[-1] == "drugi" and "wiersz 119" in lines[-2]


def test_markup_in_a_text_is_text():
    assert text_of(pdf.Paragraph("<b>1 < 2 & (3) \\ 4</b>")) == ["<b>1 < 2 & (3) \\ 4</b>"]


def test_documents_made_in_many_threads_are_those_made_in_one():
    """ReportLab's fonts are shared and keep their place while reading: the lock is what keeps documents apart."""
    documents = [
        pdf.Document(title=f"d{n}", body=(pdf.Title(POLISH[n:]), pdf.Paragraph(UKRAINIAN[n:] * 20))) for n in range(12)
    ]
    alone, together = [pdf.render(document) for document in documents], {}
    threads = [
        threading.Thread(target=lambda n=n, document=document: together.update({n: pdf.render(document)}))
        for n, document in enumerate(documents)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[n] for n in range(len(documents))] == alone
