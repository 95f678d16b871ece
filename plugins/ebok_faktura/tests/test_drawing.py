"""The invoice's PDF: everything that the document says is read aloud in order, the codes are what a camera reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import zxingcpp

from ebok_core import i18n, pdf
from ebok_core.testing import pdfs
from ebok_faktura.drawing import draw, values
from ebok_faktura.rules import codes
from ebok_faktura.rules.document import (
    Check,
    Code,
    Grid,
    InvoiceDocument,
    Ksef,
    Labelled,
    PartPayment,
    Party,
    Section,
    Source,
)
from ebok_faktura.service import reading

SAMPLES = Path(__file__).parent / "ksef"
NAMES = sorted(path.name for path in SAMPLES.glob("*.xml") if "upo" not in path.name.lower())
NUMBER = "7777777777-20260904-0A1B2C3D4E5F-13"
CERTIFICATE = (
    "https://qr-test.ksef.mf.gov.pl/certificate/Nip/7777777777/7777777777/01F20A5D352AE590/"
    "o1lgmvhK0HLs691hVlNZVe5pxcWAML8G6xCnFFJ_-I8/" + "Ab3_-" * 68 + "xY"
)
LETTERHEAD = pdf.Letterhead(name="Wodociągi Przykładowo sp. z o.o.", lines=("ul. Źródlana 4",))
# Not words of the document: how it came here, codes that stand as words, what a code's picture is made of.
UNSAID = {"source", "kind", "unit", "currency", "sha256", "is_link", "error", "numeric", "estimated", "outside_ksef"}
UNSAID |= {"payload", "nip"}


def sample(name: str) -> InvoiceDocument:
    return reading.read_document((SAMPLES / name).read_bytes())


def with_codes(document: InvoiceDocument, *, number: str = "", mode: str = "online", link: str = "") -> Any:
    sha = "a359609af84ad072ecebdd6156535955ee69c5c58030bf06eb10a714527ff88f"
    ksef = Ksef(
        number=number,
        mode=mode,
        status="Przyjęta" if number else "Oczekuje na numer KSeF",
        sha256=sha,
        verification=codes.verification_code(
            environment="test",
            mode=mode,
            number=number,
            seller_nip="7777777777",
            issued_on=date(2026, 9, 4),
            sha256=sha,
        ),
        certificate=codes.certificate_code(mode=mode, number=number, link=link),
    )
    return replace(document, ksef=ksef)


def read_out(document: InvoiceDocument) -> pdfs.ReadPdf:
    data = draw(document, LETTERHEAD)
    assert pdfs.problems(data) == []
    return pdfs.read(data)


def flat(text: str) -> str:
    return "".join(text.split())


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document with the path of names to it."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name not in UNSAID:
                yield from leaves(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from leaves(part, f"{path}[{number}]")
    elif value not in (None, "") and not isinstance(value, Enum):
        yield path, value


def ways_to_say(value: Any) -> set[str]:
    """How a value may stand on paper."""
    if isinstance(value, Decimal):
        said = {values.amount(value, unit=False), values.amount(-value, unit=False), values.unit_price(value)}
        return said | {values.plain(value), values.plain(-value)}
    if isinstance(value, str):
        return {value, values.account(value), values.measure(value)}
    return {values.said(value) if isinstance(value, date) else str(value)}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_a_file_says_is_lost(name):
    document = sample(name)
    text = flat(read_out(document).text)
    said = [(path, value, {flat(way) for way in ways_to_say(value)}) for path, value in leaves(document)]
    assert [(path, value) for path, value, ways in said if not any(way in text for way in ways)] == []


def test_a_water_bill_is_read_in_the_order_of_its_form():
    document = sample("own_water_consumer.xml")
    found = read_out(document)
    headings = [element.text for element in found.root.all("H1", "H2")]
    assert headings == [
        "Faktura FV/2026/09/00418",
        "Sprzedawca",
        "Nabywca",
        "Dane dokumentu",
        "Pozycje",
        "Podatek VAT",
        "Informacje dodatkowe",
        "Rozliczenie",
        "Płatność",
        "Warunki transakcji",
        "Informacje",
    ]
    assert found.table(1) == [
        ["Lp.", "Nazwa", "Ilość", "Cena netto [zł]", "Netto [zł]", "Stawka VAT"],
        [
            "1",
            "woda wodomierz 18-4471203: 1243\xa0m³\xa0(31.05.2026)\xa0– 1264\xa0m³\xa0(31.08.2026)",
            "21\xa0m³",
            "5,12",
            "107,52",
            "8%",
        ],
        ["2", "odprowadzanie ścieków", "18\xa0m³", "8,47", "152,46", "8%"],
        ["3", "opłata abonamentowa - woda", "3\xa0mc", "4,35", "13,05", "8%"],
        ["4", "opłata abonamentowa - ścieki", "3\xa0mc", "3,10", "9,30", "8%"],
        ["Kwota należności ogółem", "304,92\xa0zł"],
    ]
    assert found.table(2)[1:] == [["8%", "282,33", "22,59", "304,92"], ["Razem", "282,33", "22,59", "304,92"]]
    assert found.table(0)[-1] == ["Do zapłaty", "286,50\xa0zł"]
    assert str(found.pdf.Root.Lang) == "pl-PL"


def test_a_correction_stands_before_and_after():
    found = read_out(sample("own_water_correction.xml"))
    lines = next(number for number in range(6) if found.table(number)[0][0] == "Lp.")
    assert [row[2] for row in found.table(lines)[1:5]] == ["przed korektą", "po korekcie"] * 2
    assert found.table(lines)[-1] == ["Korekta kwoty należności ogółem", "−117,42\xa0zł"]
    assert "Faktura korygowana" in found.text and "FV/2026/09/00417" in found.text


@pytest.mark.feature("P38")
def test_a_numbered_invoice_has_the_code_with_its_number():
    found = read_out(with_codes(sample("own_water_b2b.xml"), number=NUMBER))
    (code,) = zxingcpp.read_barcodes(found.figure(0))
    assert code.text.startswith("https://qr-test.ksef.mf.gov.pl/invoice/7777777777/04-09-2026/o1lgmvhK0HLs691hVl")
    assert len(list(found.root.all("Figure"))) == 1
    assert NUMBER in [element.text for element in found.root.all("P")]
    assert code.text in [link.text for link in found.root.all("Link")]
    assert "FV/2026/09/00417, NIP nabywcy 8888888888 i kwotę 304,92\xa0zł" in found.text


@pytest.mark.parametrize(
    ("mode", "captions"),
    [
        ("online", ["OFFLINE"]),
        ("offline24", ["OFFLINE", "CERTYFIKAT"]),
        ("failure", ["OFFLINE", "CERTYFIKAT"]),
        ("failure_total", []),
        ("", []),
    ],
)
def test_without_a_number_the_mode_decides_about_the_codes(mode, captions):
    found = read_out(with_codes(sample("own_water_b2b.xml"), mode=mode, link=CERTIFICATE))
    assert [element.text for element in found.root.all("P") if element.text in ("OFFLINE", "CERTYFIKAT")] == captions
    read = [zxingcpp.read_barcodes(found.figure(number))[0].text for number in range(len(captions))]
    assert len(read) == len(list(found.root.all("Figure"))) and (len(read) < 2 or read[1] == CERTIFICATE)


def test_the_bank_s_code_holds_what_stands_beside_it():
    document = sample("own_water_consumer.xml")
    left = Decimal("304.92")
    transfer = codes.transfer_code(
        nip="7777777777",
        account=document.payment.accounts[0].number,
        amount=left,
        name=document.seller.name,
        title="FV/2026/09/00418 K-104218",
    )
    found = read_out(replace(document, transfer=transfer, left_to_pay=left))
    (code,) = zxingcpp.read_barcodes(found.figure(0))
    assert code.text == transfer.payload
    assert "7777777777|PL|54999000094127000000104217|030492|" in code.text
    for part in ("54\xa09990\xa00009\xa04127\xa00000\xa00010\xa04217", "304,92\xa0zł", "FV/2026/09/00418 K-104218"):
        assert part in found.text


def test_more_than_the_code_can_hold_is_data_to_copy():
    document = replace(sample("own_water_consumer.xml"), left_to_pay=Decimal("10000.00"), transfer=None)
    found = read_out(document)
    assert list(found.root.all("Figure")) == []
    assert "10\xa0000,00\xa0zł" in found.text and "54\xa09990\xa00009\xa04127" in found.text


def bare(**changes: Any) -> InvoiceDocument:
    given = {"source": Source.ROWS, "kind": "invoice", "title": "Faktura", "number": "1"}
    return InvoiceDocument(**given | {"seller": Party(role="Sprzedawca"), "buyer": Party(role="Nabywca")} | changes)


def test_a_document_of_almost_nothing():
    assert "Faktura 1" in read_out(bare()).text


def test_whatever_a_section_holds_is_drawn():
    wide = Grid(
        title="Szeroka",
        columns=tuple(f"K{n}" for n in range(19)),
        rows=(tuple(f"w{n}" for n in range(19)), ("podtytuł",), ("krótki", "wiersz")),
        totals=("Razem", *(Decimal(n) for n in range(18))),
        entries=(Labelled(label="Opis tabeli", value=datetime(2026, 9, 4, 6, 15, tzinfo=UTC)),),
    )
    inner = Section(title="Głębiej", sections=(Section(title="Jeszcze głębiej", paragraphs=("Dno.",)),))
    section = Section(title="Część", grids=(wide, Grid(columns=("A", ""), rows=(("1", None),))), sections=(inner,))
    text = read_out(bare(sections=(section,))).text
    for said in ("K18", "w18", "podtytuł", "krótki", "Kolumna 2", "04.09.2026, 8:15", "Dno.", "Szeroka – ciąg dalszy"):
        assert said in text


def test_another_currency_and_payments_made():
    document = bare(currency="EUR", total=Decimal("1234.5"), total_label="Kwota należności ogółem")
    document = replace(document, payment=replace(document.payment, parts=(PartPayment(amount=Decimal(5)),)))
    text = read_out(document).text
    assert "1\xa0234,50\xa0EUR" in text and "5,00\xa0EUR" in text


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "https://pay.example/?IPKSeF=1"])
def test_a_foreign_link_is_followed_only_to_the_web(link):
    document = bare(check=Check(code="AB-1", address="https://bok.example/s"))
    found = read_out(replace(document, payment=replace(document.payment, link=link)))
    followed = {str(spot.A.URI) for element in found.root.all("Link") for spot in element.links}
    assert link in found.text.replace("\n", "")
    assert followed == {"https://bok.example/s"} | ({link} if link.startswith("https") else set())


def test_a_sum_that_does_not_add_up_is_not_shown_as_one():
    document = replace(sample("own_water_b2b.xml"), net=Decimal("282.34"))
    captions = [str(table.attributes.get("Summary", "")) for table in read_out(document).root.all("Table")]
    assert "Kwota należności ogółem" not in captions


def test_it_is_polish_in_every_language_and_the_same_bytes():
    document = with_codes(sample("own_water_b2b.xml"), number=NUMBER)
    first = draw(document, LETTERHEAD)
    with i18n.use_locale("en"):
        assert draw(document, LETTERHEAD) == first
    assert "Strona 1 z" in pdfs.read(first).artifacts[0]
    assert len(first) <= 40_000


def test_prices_and_numbers_keep_all_their_places():
    prices = {"5.1": "5,10", "5": "5,00", "0.12345678": "0,12345678", "1234.5": "1\xa0234,50"}
    assert {text: values.unit_price(Decimal(text)) for text in prices} == prices
    numbers = {"21.000": "21", "1.500": "1,5", "0": "0", "-3": "−3", "1E+3": "1000"}
    assert {text: values.plain(Decimal(text)) for text in numbers} == numbers
    assert values.said(Decimal("2.50"), "EUR") == "2,50\xa0EUR" and values.said(Decimal(8), "%") == "8\xa0%"


def test_a_caption_that_no_level_can_hold_is_no_error():
    code = Code(payload="https://bok.example/x", caption="OFFLINE", sentence="Sprawdź.", is_link=True)
    found = read_out(bare(ksef=Ksef(verification=code, environment="WERSJA TESTOWA")))
    assert "WERSJA TESTOWA" in found.text
