"""Files of FA(3): the official samples say what they hold; everything that is no invoice is refused in a sentence."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ebok_faktura.rules.document import LineState
from ebok_faktura.service import reading

SAMPLES = Path(__file__).parent / "ksef"
CONSUMER = (SAMPLES / "own_water_consumer.xml").read_bytes()


def sample(name: str):
    return reading.read_document((SAMPLES / name).read_bytes())


def test_a_water_bill_of_a_consumer():
    document = sample("own_water_consumer.xml")
    assert (document.kind, document.number) == ("invoice", "FV/2026/09/00418")
    assert (document.period_from, document.period_to) == (date(2026, 6, 1), date(2026, 8, 31))
    assert (document.net, document.vat, document.total) == (Decimal("282.33"), Decimal("22.59"), Decimal("304.92"))
    assert [row.label for row in document.vat_rows] == ["8%"]
    assert document.due_on == date(2026, 9, 18)
    assert document.buyer.identifiers[0].value == "brak"
    assert document.buyer.address == ("ul. Młyńska 14 m. 3", "00-951 Przykładowo", "Polska")
    first = document.lines[0]
    assert (first.name, first.quantity, first.unit_price_net) == ("woda", Decimal(21), Decimal("5.12"))
    assert (first.reading.value_from, first.reading.value_to) == (Decimal(1243), Decimal(1264))
    assert document.settlement.to_pay == Decimal("286.50")
    assert [x.label for x in document.settlement.deductions] == ["Nadpłata z poprzedniego okresu"]
    assert document.payment.accounts[0].number == "54999000094127000000104217"
    assert document.annotations == ()


def test_a_correction_says_before_and_after():
    document = sample("FA_3_Przyklad_02.xml")
    assert [line.state for line in document.lines] == [LineState.BEFORE, LineState.AFTER]
    assert document.total == Decimal(-200)
    corrected = document.correction.invoices[0]
    assert (corrected.number, corrected.ksef_number) == ("FV2026/02/150", "9999999999-20230908-8BEF280C8D35-4D")
    assert document.correction.effect == "skutek w innej dacie, także gdy daty pozycji są różne"


def test_a_school_of_a_gmina_is_named_by_its_role():
    document = sample("FA_3_Przyklad_09.xml")
    assert document.third_parties[0].role == "Jednostka samorządu terytorialnego – odbiorca"


def test_an_attachment_keeps_its_tables():
    document = sample("FA_3_Przyklad_24.xml")
    readings = document.attachment[0].grids[0]
    assert readings.title == "Odczyty"
    assert len(readings.columns) == 9
    assert len(readings.rows[0]) == 1
    assert readings.rows[1][1] == "2026-02-28"


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><f>&d;</f>'
)
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><f>&x;</f>'
HIDDEN = b'<?xml version="1.0"?><!-- > --><?a > ?>\n<!DOCTYPE Faktura SYSTEM "https://example.org/x.dtd"><Faktura/>'
FA2 = CONSUMER.replace(b"2025/06/25/13775", b"2023/06/29/12648")
NO_TOTAL = re.sub(rb"<P_15>.*?</P_15>", b"", CONSUMER)
BAD = {
    "empty": [b"", b"  \n"],
    "too_large": [b"<Faktura>" + b" " * (50 * 1024 * 1024)],
    "dtd": [BOMB, EXTERNAL, HIDDEN],
    "encoding": [
        CONSUMER.decode().encode("utf-16"),
        CONSUMER.decode().replace("UTF-8", "ISO-8859-2").encode("iso-8859-2", "replace"),
    ],
    "not_xml": [b"%PDF-1.7", b"\x89PNG\r\n", CONSUMER[:400], b"<a>" * 5000, b'{"a": 1}', b"<a>\xff</a>", b"<!-- <"],
    "not_fa3": [b"<html><body/></html>", b'<UPO xmlns="http://upo.schematy.mf.gov.pl/KSeF/v4-3"/>'],
    "version": [FA2, b"<Faktura/>"],
    "invalid": [
        NO_TOTAL,
        CONSUMER.replace(b"304.92", b"304,92"),
        CONSUMER.replace(b"</Fa>", b"<Obcy>1</Obcy></Fa>"),
        CONSUMER.replace(b"<P_2>", b'<P_2 xmlns="">'),
    ],
}


@pytest.mark.parametrize(("code", "content"), [(code, content) for code, files in BAD.items() for content in files])
def test_what_is_no_invoice_is_refused_by_its_reason(code, content):
    with pytest.raises(reading.Unreadable) as refused:
        reading.read_document(content)
    assert refused.value.code == code
    assert "Traceback" not in str(refused.value)
    assert str(refused.value).endswith((".", "?"))


def test_a_breach_of_the_schema_names_the_line_and_the_element():
    with pytest.raises(reading.Unreadable, match=r"4\d.*P_15"):
        reading.read_document(CONSUMER.replace(b"<P_15>304.92", b"<P_15>304,92"))


def test_marks_and_comments_do_no_harm():
    assert reading.read_document(b"\xef\xbb\xbf" + CONSUMER).number == "FV/2026/09/00418"
    commented = CONSUMER.replace(b"<P_2>", b"<!-- a & < b --><P_2>")
    assert reading.read_document(commented).number == "FV/2026/09/00418"


def test_a_mark_that_says_yes_is_a_sentence_and_one_that_says_no_is_silent():
    split = CONSUMER.replace(b"<P_18A>2", b"<P_18A>1").replace(b"<P_17>2", b"<P_17>01")
    assert reading.read_document(split).annotations == ("Samofakturowanie", "Mechanizm podzielonej płatności")


def test_a_link_of_the_document_stays_text():
    link = "https://platnosci.example/p?a=1&amp;IPKSeF=123abcDEF0001"
    content = CONSUMER.replace(b"</Platnosc>", f"<LinkDoPlatnosci>{link}</LinkDoPlatnosci></Platnosc>".encode())
    assert reading.read_document(content).payment.link == link.replace("&amp;", "&")
