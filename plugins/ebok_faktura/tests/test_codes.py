"""Codes of documents: the links of KSeF, the captions, the transfer, against the examples of billing.md."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ebok_faktura.rules import checkcodes, codes

SAMPLES = Path(__file__).parent / "ksef"
# File, seller, day of issue, the hash that the specification's table gives.
HASHES = [
    ("FA_3_Przyklad_01.xml", "9999999999", date(2026, 2, 15), "X-wQflQVyRs1fImlI-xDPnWk1V37hys4O1lkx9iJbSA"),
    ("FA_3_Przyklad_02.xml", "9999999999", date(2026, 3, 15), "eyROIS42niPMZdBMHNLFuekj6jyffHa7LeCVYKSVX3c"),
    ("FA_3_Przyklad_09.xml", "9999999999", date(2026, 2, 15), "pRaz2Ny8Ap9kgs_171PTLZhJaX1M2ZLVzy49mhKycrY"),
    ("FA_3_Przyklad_24.xml", "9999999999", date(2026, 2, 28), "D3t0xmiaLwf2Zs7SzsFD40N_lyijwQen3zJ0F9sNtGk"),
    ("FA_3_Przyklad_26.xml", "9999999999", date(2026, 2, 1), "3c7JUAkz3hROzfk3wvQsbKFv0VRHIAUyTVJxZxisLj0"),
    ("own_water_b2b.xml", "7777777777", date(2026, 9, 4), "tCF-mNp8Af05RTEdP7M_2XWZc9VMNhi3Sn_hGBWgbzo"),
    ("own_water_consumer.xml", "7777777777", date(2026, 9, 4), "sMwfqzp8s_GTlJ3fDPn0_FDgQaPeqxkZ1lbpZbSmpfc"),
    ("own_water_correction.xml", "7777777777", date(2026, 9, 22), "3JFF9bPiOoAIECWLGD8t8EzAx-T8-jB_QaTZ3mZ851Q"),
]
OWN_SHA = hashlib.sha256("<Faktura>e-BOK przykład 2</Faktura>".encode()).hexdigest()
NUMBER = "7777777777-20260904-0A1B2C3D4E5F-13"
CERTIFICATE = (
    "https://qr.ksef.mf.gov.pl/certificate/Nip/7777777777/7777777777/01F20A5D352AE590/"
    "o1lgmvhK0HLs691hVlNZVe5pxcWAML8G6xCnFFJ_-I8/" + "A" * 86
)


@pytest.mark.parametrize(("name", "nip", "day", "digest"), HASHES)
def test_the_link_holds_the_hash_of_the_exact_bytes(name, nip, day, digest):
    sha256 = hashlib.sha256((SAMPLES / name).read_bytes()).hexdigest()
    link = codes.verification_link("prod", nip, day, sha256)
    assert link == f"https://qr.ksef.mf.gov.pl/invoice/{nip}/{day:%d-%m-%Y}/{digest}"
    assert len(link) == 99


@pytest.mark.parametrize(
    ("environment", "host"),
    [("prod", "qr.ksef.mf.gov.pl"), ("demo", "qr-demo.ksef.mf.gov.pl"), ("test", "qr-test.ksef.mf.gov.pl")],
)
def test_the_environment_names_the_host(environment, host):
    link = codes.verification_link(environment, "7777777777", date(2026, 9, 4), OWN_SHA)
    assert link == f"https://{host}/invoice/7777777777/04-09-2026/o1lgmvhK0HLs691hVlNZVe5pxcWAML8G6xCnFFJ_-I8"


def both(mode, number):
    first = codes.verification_code(
        environment="test",
        mode=mode,
        number=number,
        seller_nip="7777777777",
        issued_on=date(2026, 9, 4),
        sha256=OWN_SHA,
    )
    second = codes.certificate_code(mode=mode, number=number, link=CERTIFICATE)
    return first and first.caption, second and second.caption


@pytest.mark.parametrize(
    ("mode", "number", "captions"),
    [
        ("online", NUMBER, (NUMBER, None)),
        ("offline24", NUMBER, (NUMBER, None)),
        ("online", "", ("OFFLINE", None)),
        ("offline24", "", ("OFFLINE", "CERTYFIKAT")),
        ("unavailability", "", ("OFFLINE", "CERTYFIKAT")),
        ("failure", "", ("OFFLINE", "CERTYFIKAT")),
        ("failure_total", "", (None, None)),
        ("", "", (None, None)),
    ],
)
def test_each_mode_has_its_codes_and_captions(mode, number, captions):
    assert both(mode, number) == captions


@pytest.mark.parametrize(
    "link",
    ["", "javascript:alert(1)", CERTIFICATE.replace("qr.ksef", "qr.evil"), CERTIFICATE + " x", CERTIFICATE[:60]],
)
def test_only_a_link_of_ksef_becomes_kod_ii(link):
    assert codes.certificate_code(mode="offline24", number="", link=link) is None


def test_without_the_hash_there_is_no_code():
    assert (
        codes.verification_code(
            environment="prod",
            mode="online",
            number=NUMBER,
            seller_nip="7777777777",
            issued_on=date(2026, 9, 4),
            sha256="",
        )
        is None
    )


@pytest.mark.parametrize("number", [NUMBER, "5265877635-20250626-010080DD2B5E-26"])
def test_a_right_ksef_number(number):
    assert codes.is_ksef_number(number)


@pytest.mark.parametrize(
    "number",
    [
        NUMBER[:-1] + "4",
        NUMBER.lower(),
        "9999999999-20230908-8BEF280C8D35-4D",
        "7777777777-20260231-0A1B2C3D4E5F-" + codes.ksef_checksum("7777777777-20260231-0A1B2C3D4E5F"),
        "",
    ],
)
def test_a_wrong_ksef_number(number):
    assert not codes.is_ksef_number(number)


def test_the_checksum_is_the_known_one():
    assert codes.ksef_checksum("123456789") == "F4"


def transfer(amount, **changes):
    given = {
        "nip": "7777777777",
        "account": "54999000094127000000104217",
        "name": "Wodociągi Przykładowo sp. z o.o.",
        "title": "FV/2026/09/00417 K-104217",
    }
    return codes.transfer_code(amount=Decimal(amount), **{**given, **changes})


def test_the_transfer_is_the_specified_text():
    code = transfer("304.92")
    assert code.payload == (
        "7777777777|PL|54999000094127000000104217|030492|Wodociągi Przykładow|FV/2026/09/00417 K-104217|||"
    )
    assert (code.caption, code.error, code.is_link) == ("Zapłać telefonem", "L", False)


def test_the_transfer_of_payments():
    code = transfer(
        "123.45",
        nip="1234563218",
        account="59888800004321000000004711",
        name="Wodociagi Testowe",
        title="Klient 004711 FV/11/2026/17+1",
    )
    assert code.payload == (
        "1234563218|PL|59888800004321000000004711|012345|Wodociagi Testowe|Klient 004711 FV/11/2026/17+1|||"
    )


@pytest.mark.parametrize("amount", ["0", "-20.00", "10000.00"])
def test_nothing_to_pay_and_too_much_have_no_code(amount):
    assert transfer(amount) is None


def test_the_greatest_amount_fits():
    assert "|999999|" in transfer("9999.99").payload


def test_other_currencies_and_wrong_accounts_have_no_code():
    assert transfer("1.00", currency="EUR") is None
    assert transfer("1.00", account="55999000094127000000104217") is None
    assert transfer("1.00", account="") is None


def test_a_wrong_nip_is_left_out():
    assert transfer("1.00", nip="1234567890").payload.startswith("|PL|")


def test_separators_and_strange_letters_never_reach_the_code():
    payload = transfer("1.00", name="A|B\n\u202eC", title="x" * 40 + "|").payload
    assert payload.count("|") == 8
    assert payload.split("|")[4:6] == ["A B C", "x" * 32]


@pytest.mark.parametrize(
    ("number", "code", "title"),
    [
        ("FV/11/2026/17", "004711", "FV/11/2026/17 klient 004711"),
        ("FV/2026/09/00417", "K-104217", "FV/2026/09/00417 klient K-104217"),
        ("FV/2026/09/004178", "K-104217", "FV/2026/09/004178 K-104217"),
        ("R. 2026/000001/KWARTAL/3/SIEDLCE", "1-00096", "R. 2026/000001/KWARTAL/3/SIEDLCE"),
        ("R. 2026/000001/KWARTAL/3/SIEDLCE/2", "1-00096", "Klient 1-00096"),
    ],
)
def test_the_title_never_cuts_a_number(number, code, title):
    assert codes.transfer_title(number, code) == title


def test_codes_hold_sixty_bits_in_letters_that_nobody_mixes_up():
    assert checkcodes.of_number(2**60 - 1) == "Z" * 12
    assert checkcodes.of_number(0) == "0" * 12
    assert len({checkcodes.of_number(n) for n in range(1000)}) == 1000
    assert not set("ILOU") & set(checkcodes.LETTERS)
    assert checkcodes.written(" abcd-oi1l 2345 ") == "ABCD01112345"
    assert checkcodes.grouped("ABCD01112345") == "ABCD-0111-2345"
