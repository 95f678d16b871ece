"""`ebok faktura render`: each official sample becomes a PDF that says all of it; what is no invoice, a sentence."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import zxingcpp
from click.testing import CliRunner
from lxml import etree

from ebok_core import i18n
from ebok_core.cli import ebok
from ebok_core.testing import pdfs
from ebok_faktura.drawing import values
from ebok_faktura.rules import codes
from ebok_faktura.rules.fa3 import words

SAMPLES = Path(__file__).parent / "ksef"
NAMES = sorted(path.name for path in SAMPLES.glob("*.xml"))
NUMBER = "7777777777-20260904-0A1B2C3D4E5F-13"
SHA = hashlib.sha256((SAMPLES / "own_water_b2b.xml").read_bytes()).hexdigest()
CERTIFICATE = "https://qr-test.ksef.mf.gov.pl/certificate/Nip/7777777777/7777777777/01F20A5D352AE590/" + (
    "o" * 43 + "/" + "A" * 86
)
# What a mark says stands in words of its own, or not at all where it says no.
MARKS = {"BrakID": "brak", "Zaplacono": "zapłacono", "P_19": "Zwolnienie", "P_PMarzy": "Procedura marży"}
SILENT = frozenset({"P_19N", "P_22N", "P_PMarzyN", "NrKSeF", "RolaInna", "PlatnoscInna", "StanPrzed", "NrKSeFN"})


@pytest.fixture(autouse=True)
def folders():
    """The command speaks with its own catalogues; the run's come back after it."""
    before = i18n._folders
    yield
    i18n.install(before)


def run(*arguments):
    return CliRunner().invoke(ebok, ["faktura", "render", *map(str, arguments)])


def flat(text: str) -> str:
    return "".join(text.split())


def unsaid(content: bytes, text: str) -> list[str]:
    """The leaves of a file that a text does not say."""
    text = flat(text)
    leaves = [leaf for leaf in etree.fromstring(content).iter(etree.Element) if len(leaf) == 0 and leaf.text]
    return [
        f"{etree.QName(leaf).localname}={leaf.text}"
        for leaf in leaves
        if leaf.text.strip() and not any(flat(way) in text for way in ways(etree.QName(leaf).localname, leaf.text))
    ]


def ways(name: str, text: str) -> list[str]:
    """How a value of a file may stand on paper."""
    kind, codes_of, text = words.kind(name), words.code_list(name), " ".join(text.split())
    with i18n.use_locale("pl"):
        if codes_of == "currency":
            return [words.meaning(codes_of, text), "zł" if text == "PLN" else text]
        if codes_of:
            return [words.meaning(codes_of, text)]
        if kind in ("money", "zloty", "number", "percent"):
            number = Decimal(text)
            said = [values.amount(x, unit=False) for x in (number, -number)]
            return [*said, values.plain(number), values.plain(-number), values.unit_price(number)]
        if kind == "date":
            return [values.said(date.fromisoformat(text))]
        if kind == "instant":
            return [values.said(datetime.fromisoformat(text))]
        if kind == "yes":
            return [""] if name in SILENT else [MARKS.get(name, words.label(name))]
        if kind == "yes_no":
            return [words.label(name) if words.is_yes(text) else ""]
        return [text, values.account(text), values.measure(text)]


@pytest.mark.feature("P38")
@pytest.mark.parametrize("name", NAMES)
def test_every_sample_becomes_a_pdf_that_says_all_of_it(name, tmp_path):
    content = (SAMPLES / name).read_bytes()
    done = run(SAMPLES / name, tmp_path / "out.pdf", "--ksef-mode", "online", "--env", "prod")
    assert done.exit_code == 0, done.output
    data = (tmp_path / "out.pdf").read_bytes()
    assert pdfs.problems(data) == []
    found = pdfs.read(data)
    assert unsaid(content, found.text) == []
    nip, day = etree.fromstring(content).xpath("string(//*[local-name()='NIP'])"), content.split(b"P_1>")[1][:10]
    digest = hashlib.sha256(content).hexdigest()
    link = codes.verification_link("prod", nip, date.fromisoformat(day.decode()), digest)
    assert flat(link) in flat(found.text)
    assert [code.text for code in zxingcpp.read_barcodes(found.figure())] == [link]


def test_a_numbered_invoice_shows_the_number_under_its_code(tmp_path):
    done = run(SAMPLES / "own_water_b2b.xml", tmp_path / "out.pdf", "--ksef-number", NUMBER)
    assert done.exit_code == 0, done.output
    found = pdfs.read((tmp_path / "out.pdf").read_bytes())
    assert found.text.count(NUMBER) >= 2
    assert "OFFLINE" not in found.text
    assert "qr-test.ksef.mf.gov.pl" in flat(found.text)


def test_an_offline_invoice_has_both_codes(tmp_path):
    options = ("--ksef-mode", "offline24", "--certificate", CERTIFICATE)
    done = run(SAMPLES / "own_water_b2b.xml", tmp_path / "out.pdf", *options)
    assert done.exit_code == 0, done.output
    found = pdfs.read((tmp_path / "out.pdf").read_bytes())
    assert "OFFLINE" in found.text and "CERTYFIKAT" in found.text
    day = date(2026, 9, 4)
    assert [zxingcpp.read_barcodes(found.figure(place))[0].text for place in (0, 1)] == [
        codes.verification_link("test", "7777777777", day, SHA),
        CERTIFICATE,
    ]


@pytest.mark.parametrize("options", [(), ("--ksef-mode", "failure_total")])
def test_outside_ksef_and_in_a_total_failure_there_is_no_code(options, tmp_path):
    done = run(SAMPLES / "own_water_consumer.xml", tmp_path / "out.pdf", *options)
    assert done.exit_code == 0, done.output
    found = pdfs.read((tmp_path / "out.pdf").read_bytes())
    assert list(found.root.all("Figure")) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 no", "XML"),
        (b"", "pust"),
        (b"<a/>", "KSeF"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "DOCTYPE"),
        (b"x" * (10 * 1024 * 1024 + 1), "10 MB"),
    ],
)
def test_what_is_no_invoice_ends_with_a_sentence_and_code_1(content, words, tmp_path):
    (tmp_path / "in.xml").write_bytes(content)
    done = run(tmp_path / "in.xml", tmp_path / "out.pdf")
    assert (done.exit_code, done.exception.__class__) == (1, SystemExit)
    assert words in done.output
    assert not (tmp_path / "out.pdf").exists()


def test_wrong_options_end_with_code_2(tmp_path):
    assert run(tmp_path / "nothing.xml", tmp_path / "out.pdf").exit_code == 2
    sample = SAMPLES / "own_water_b2b.xml"
    assert run(sample, tmp_path / "out.pdf", "--ksef-number", NUMBER[:-1] + "4").exit_code == 2
    assert run(sample, tmp_path / "out.pdf", "--env", "moon").exit_code == 2


def test_a_place_that_can_not_be_written_ends_with_code_3(tmp_path):
    done = run(SAMPLES / "own_water_b2b.xml", tmp_path / "no" / "such" / "out.pdf")
    assert done.exit_code == 3
    assert "out.pdf" in done.output


def test_the_same_file_gives_the_same_bytes(tmp_path):
    for name in ("a.pdf", "b.pdf"):
        run(SAMPLES / "own_water_consumer.xml", tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_the_installed_command_works(tmp_path):
    """As a clerk would call it: no settings, no database."""
    command = [sys.executable, "-m", "ebok_core.cli", "faktura", "render"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, str(SAMPLES / "own_water_b2b.xml"), str(tmp_path / "out.pdf")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF-")
