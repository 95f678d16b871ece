"""Documents as a screen reader meets them: the tree against the page, by a reader that knows nothing of the writer."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pdfua
import pikepdf
import pytest
import zxingcpp

from ebok_core import pdf
from ebok_core.testing import pdfs

ADDRESS = "https://bok.example/sprawdz/ABCD-" + "0123456789" * 12
LETTERHEAD = pdf.Letterhead(
    name="Wodociągi Próbne sp. z o.o.",
    lines=("ul. Źródlana 5, 62-999 Próbowo", ("tel. 61 · ", pdf.Run("bok@x.example", link="mailto:bok@x.example"))),
    foot="Pytania: 61 000 00 12",
)
COLUMNS = (pdf.Column("Usługa", head=True), pdf.Column("Okres"), pdf.Column("Netto [zł]", numeric=True))
ROWS = tuple((pdf.Cell(f"Woda {n}", note="taryfa G1"), "06–08.2026", f"{n},50") for n in range(70))
EVERYTHING = pdf.Document(
    title="Zestawienie – Wodociągi Próbne",
    letterhead=LETTERHEAD,
    body=(
        pdf.Title("Zestawienie za rok 2026", lead="Zażółć gęślą jaźń", badge="PRÓBA"),
        pdf.Key("Do zapłaty", "1\xa0234,56\xa0zł", "Do 30 listopada", sums=pdf.Sums("Suma", (("A", "1"),), ("B", "2"))),
        pdf.Beside(
            (
                (pdf.Heading("Sprzedawca"), pdf.Paragraph("Wodociągi\nul. Źródlana 5")),
                (pdf.Heading("Nabywca"), pdf.Paragraph("Їжак Підґрунтя\nвул. Криниця 1, Львів")),
            )
        ),
        pdf.Pairs((("Numer", "FV/1"), ("Brak", "")), columns=2),
        pdf.Heading("Pozycje"),
        pdf.Table("Pozycje", COLUMNS, ROWS, totals=(("Razem", None, "99,50"),), quiet=True),
        pdf.Table("Z podpisem", COLUMNS, (("Pierwsza część",), ("Woda", None, "1,00"))),
        pdf.Notice("Czekamy na numer.", title="Uwaga", kind="wait"),
        pdf.Bullets(("Raz", ("dwa ", pdf.Run("trzy", bold=True)))),
        pdf.Paragraph(("Sprawdź: ", pdf.Run(ADDRESS, link=ADDRESS), " lub zadzwoń.")),
        pdf.Together((pdf.Heading("Kod"), pdf.QrCode(ADDRESS, alt="Kod QR z adresem podanym obok"))),
    ),
)


@pytest.fixture(scope="module")
def data():
    return pdf.render(EVERYTHING)


@pytest.fixture(scope="module")
def found(data):
    return pdfs.read(data)


def test_nothing_keeps_it_from_being_read_aloud(data):
    assert pdfs.problems(data) == []


def test_a_checker_of_others_finds_nothing(data, tmp_path):
    """`pdfua` knows 16 rules of PDF/UA-1."""
    path = tmp_path / "document.pdf"
    path.write_bytes(data)
    report = pdfua.validate(str(path))
    assert [(finding.rule_id, finding.message) for finding in report.findings] == []


def test_the_text_in_reading_order(found):
    lines = found.text.splitlines()
    assert lines[1:8] == [
        "Zestawienie za rok 2026",
        "PRÓBA",
        "Zażółć gęślą jaźń",
        "Do zapłaty 1\xa0234,56\xa0zł",
        "Do 30 listopada",
        "A",
        "1",
    ]
    sellers = lines.index("Sprzedawca")
    assert lines[sellers : sellers + 8] == [
        "Sprzedawca",
        "Wodociągi ul. Źródlana 5",
        "Nabywca",
        "Їжак Підґрунтя вул. Криниця 1, Львів",
        "Numer",
        "FV/1",
        "Brak",
        "–",
    ]


def test_every_row_is_read_once_and_the_repeated_head_not_at_all(found):
    table = found.table(1)
    assert table[0] == ["Usługa", "Okres", "Netto [zł]"]
    assert [row[0] for row in table[1:-1]] == [f"Woda {n} taryfa G1" for n in range(70)]
    assert table[-1] == ["Razem", "", "99,50"]
    assert len(found.pdf.pages) > 2
    assert found.artifacts.count("Usługa") >= len(found.pdf.pages) - 2


def test_heads_of_columns_and_rows_and_what_spans(found):
    first, second = list(found.root.all("Table"))[1:]
    scopes = [[str(c.attributes["Scope"]) for c in row.all("TH")] for row in first.all("TR")]
    assert scopes[0] == ["/Column"] * 3
    assert scopes[1:] == [["/Row"]] * 71
    inner = list(list(second.all("TR"))[1].all("TD"))
    assert [(cell.text, int(cell.attributes["ColSpan"])) for cell in inner] == [("Pierwsza część", 3)]
    assert next(second.all("Caption")).text == "Z podpisem"
    assert str(first.attributes["Summary"]) == "Pozycje"


def test_a_link_over_several_lines_is_one_node_with_a_place_for_each(found):
    link = next(link for link in found.root.all("Link") if link.text.startswith("https"))
    assert link.text == ADDRESS
    assert len(link.links) > 1
    assert {str(spot.A.URI) for spot in link.links} == {ADDRESS}


def test_a_camera_reads_the_code(found):
    figure = next(found.root.all("Figure"))
    assert figure.alt == "Kod QR z adresem podanym obok"
    assert [code.text for code in zxingcpp.read_barcodes(found.figure())] == [ADDRESS]


def test_pages_are_counted_and_headed_by_artifacts(found):
    pages = len(found.pdf.pages)
    counted = [text for text in found.artifacts if text.startswith("Strona")]
    assert counted == [f"Strona {n} z {pages}" for n in range(1, pages + 1)]
    assert found.artifacts.count("Zestawienie – Wodociągi Próbne") == pages - 1


def test_nothing_is_drawn_outside_the_paper(data):
    """Texts stand within the margins, whatever their length."""
    for page in pikepdf.open(io.BytesIO(data)).pages:
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) == "Td":
                assert 50 <= float(operands[0]) <= 545 and 30 <= float(operands[1]) <= 820


def test_the_same_document_is_the_same_bytes_and_holds_no_time(data):
    assert pdf.render(EVERYTHING) == data
    found = pikepdf.open(io.BytesIO(data))
    assert set(found.trailer.Info.keys()) == {"/Title", "/Author", "/Creator"}
    assert b"Date" not in found.Root.Metadata.read_bytes()


def test_the_time_stands_in_it_when_given():
    found = pikepdf.open(io.BytesIO(pdf.render(replace(EVERYTHING, created=datetime(2026, 11, 24, 6, 15, tzinfo=UTC)))))
    assert str(found.trailer.Info.CreationDate) == "D:20261124061500Z"
    assert b"<xmp:CreateDate>2026-11-24T06:15:00Z" in found.Root.Metadata.read_bytes()


def test_an_english_document_says_so():
    found = pdfs.read(pdf.render(replace(EVERYTHING, language="en-GB")))
    assert str(found.pdf.Root.Lang) == "en-GB"
    assert "Page 1 of" in found.artifacts[0] or any(text.startswith("Page 1 of") for text in found.artifacts)


@pytest.mark.parametrize(
    "body",
    [
        (pdf.Paragraph("bez tytułu"),),
        (pdf.Title("raz"), pdf.Title("dwa")),
        (pdf.Title("raz"), pdf.Heading("za głęboko", 3)),
        (pdf.Title("raz"), pdf.QrCode("x", alt=" ")),
        (pdf.Title("raz"), pdf.Table("bez głowy", (pdf.Column(""),), (("1",),))),
        (pdf.Title("raz"), pdf.Table("za szeroka", (pdf.Column("A"),), (("1", "2"),))),
    ],
)
def test_what_could_not_be_read_aloud_is_refused(body):
    with pytest.raises(ValueError, match="."):
        pdf.render(pdf.Document(title="x", body=body))


def _changed(data, change):
    with pikepdf.open(io.BytesIO(data)) as opened:
        change(opened)
        target = io.BytesIO()
        opened.save(target)
        return target.getvalue()


def _first(node, tag):
    kids = node.K if isinstance(node.K, pikepdf.Array) else [node.K]
    for kid in kids:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            inner = kid if kid.S == tag else _first(kid, tag) if "/K" in kid else None
            if inner is not None:
                return inner
    return None


def _lengthen(opened):
    _first(opened.Root.StructTreeRoot, "/TR").K.append(_first(opened.Root.StructTreeRoot, "/TD"))


def _swap(opened):
    numbers = opened.Root.StructTreeRoot.ParentTree.Nums[1]
    numbers[0], numbers[5] = numbers[5], numbers[0]


def _untag(opened):
    page = opened.pages[0]
    page.Contents = opened.make_stream(page.Contents.read_bytes() + b"\n0 0 9 9 re f")


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("no language", lambda o: o.Root.__delitem__("/Lang")),
        ("no PDF/UA mark", lambda o: o.Root.__delitem__("/Metadata")),
        ("without alternative", lambda o: _first(o.Root.StructTreeRoot, "/Figure").__delitem__("/Alt")),
        ("parent tree errs", _swap),
        ("untagged", _untag),
        ("heads nothing", lambda o: _first(o.Root.StructTreeRoot, "/TH").__delitem__("/A")),
        ("is in 0 nodes", lambda o: _first(o.Root.StructTreeRoot, "/H1").__delitem__("/K")),
        ("differ in width", _lengthen),
        ("tabs do not", lambda o: o.pages[0].obj.__delitem__("/Tabs")),
    ],
)
def test_the_reader_sees_what_is_broken(data, words, change):
    """The check itself can fail, each part of it."""
    assert any(words in problem for problem in pdfs.problems(_changed(data, change)))
