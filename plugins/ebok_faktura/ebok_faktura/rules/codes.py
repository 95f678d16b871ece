"""Two-dimensional codes of a document: KOD I and KOD II of KSeF, the bank transfer (billing.md §4, §5, §11.6)."""

from __future__ import annotations

import base64
import re
from datetime import date
from decimal import Decimal

from .document import Code

HOSTS = {
    "prod": "https://qr.ksef.mf.gov.pl",
    "demo": "https://qr-demo.ksef.mf.gov.pl",
    "test": "https://qr-test.ksef.mf.gov.pl",
}
ENVIRONMENTS = tuple(HOSTS)
ONLINE, TOTAL_FAILURE = "online", "failure_total"
OFFLINE_MODES = ("offline24", "unavailability", "failure")
MODES = (ONLINE, *OFFLINE_MODES, TOTAL_FAILURE)

OFFLINE_CAPTION, CERTIFICATE_CAPTION = "OFFLINE", "CERTYFIKAT"
VERIFICATION_SENTENCE = "Zeskanuj kod lub otwórz link, aby sprawdzić, czy faktura jest w Krajowym Systemie e-Faktur."
CERTIFICATE_SENTENCE = "Zeskanuj kod lub otwórz link, aby sprawdzić, kto wystawił fakturę."
TRANSFER_CAPTION = "Zapłać telefonem"
TRANSFER_SENTENCE = "Zeskanuj kod w aplikacji swojego banku: przelew wypełni się sam."

LARGEST_TRANSFER = Decimal("9999.99")
"""Złoty: above it the amount does not fit its six digits and banks differ, so there is no code (payments.md §7)."""
NAME_LENGTH, TITLE_LENGTH = 20, 32

_CERTIFICATE = re.compile(
    r"https://qr(?:-demo|-test)?\.ksef\.mf\.gov\.pl/certificate"
    r"/(?:Nip|InternalId|NipVatUe|PeppolId)/[^/\s]+/\d{10}/[0-9A-F]{16}/[\w-]{43}/[\w-]+",
    re.ASCII,
)
_KSEF_NUMBER = re.compile(
    r"[1-9](?:\d[1-9]|[1-9]\d)\d{7}-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])-[0-9A-F]{12}-([0-9A-F]{2})", re.ASCII
)
_NOT_FOR_BANKS = re.compile(r"[^\w ,./\\@#&*+-]")


def verification_link(environment: str, seller_nip: str, issued_on: date, sha256: str) -> str:
    """The link of KOD I. `sha256` is the hex digest over the exact bytes of the file that was sent to KSeF."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()
    return f"{HOSTS[environment]}/invoice/{seller_nip}/{issued_on:%d-%m-%Y}/{digest}"


def verification_code(
    *, environment: str, mode: str, number: str, seller_nip: str, issued_on: date | None, sha256: str
) -> Code | None:
    """KOD I with its caption, or None where the document has none (§5.4). `mode` "" is outside KSeF."""
    if not sha256 or not seller_nip or issued_on is None or (mode not in (ONLINE, *OFFLINE_MODES) and not number):
        return None
    link = verification_link(environment, seller_nip, issued_on, sha256)
    return Code(payload=link, caption=number or OFFLINE_CAPTION, sentence=VERIFICATION_SENTENCE, is_link=True)


def certificate_code(*, mode: str, number: str, link: str) -> Code | None:
    """KOD II: in an offline mode, while there is no number, and only from a ready link of KSeF's own hosts."""
    if number or mode not in OFFLINE_MODES or not _CERTIFICATE.fullmatch(link):
        return None
    return Code(payload=link, caption=CERTIFICATE_CAPTION, sentence=CERTIFICATE_SENTENCE, is_link=True)


def is_ksef_number(number: str) -> bool:
    """The strict test for numbers that people type or that we write: shape, real day, NIP, CRC-8 (§4)."""
    found = _KSEF_NUMBER.fullmatch(number)
    if not found or not is_nip(number[:10]):
        return False
    try:
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return False
    return ksef_checksum(number[:32]) == found[4]


def ksef_checksum(text: str) -> str:
    """CRC-8 (polynomial 0x07, start 0, nothing reflected) as two hex digits."""
    register = 0
    for byte in text.encode("ascii"):
        register ^= byte
        for _ in range(8):
            register = (register << 1 ^ 0x07) & 0xFF if register & 0x80 else register << 1
    return f"{register:02X}"


def is_nip(number: str) -> bool:
    """Whether ten digits have the NIP's check digit."""
    if not re.fullmatch(r"\d{10}", number, re.ASCII):
        return False
    return sum(int(d) * w for d, w in zip(number, (6, 5, 7, 2, 3, 4, 5, 6, 7), strict=False)) % 11 == int(number[9])


def is_nrb(number: str) -> bool:
    """Whether 26 digits are a Polish account number: mod 97 is 1 (§11)."""
    return bool(re.fullmatch(r"\d{26}", number, re.ASCII)) and int(f"{number[2:]}2521{number[:2]}") % 97 == 1


def transfer_code(
    *, nip: str, account: str, amount: Decimal, name: str, title: str, currency: str = "PLN"
) -> Code | None:
    """The ZBP code for what is left to pay. None: nothing left, more than it holds, other currency, no account."""
    if currency != "PLN" or not 0 < amount <= LARGEST_TRANSFER or not is_nrb(account):
        return None
    receiver = nip if is_nip(nip) else ""
    fields = (receiver, "PL", account, f"{int(amount * 100):06d}", _for_banks(name, NAME_LENGTH), _for_banks(title, 32))
    return Code(
        payload="|".join((*fields, "", "", "")), caption=TRANSFER_CAPTION, sentence=TRANSFER_SENTENCE, error="L"
    )


def transfer_title(number: str, customer_code: str) -> str:
    """The code's title, at most 32 characters: number and customer, each whole or not at all (payments.md §5.2)."""
    choices = (f"{number} klient {customer_code}", f"{number} {customer_code}", number, f"Klient {customer_code}")
    return next((text for text in choices if len(text) <= TITLE_LENGTH), "")


def _for_banks(text: str, length: int) -> str:
    """The letters that banks take, without the separator, cut by characters."""
    return " ".join(_NOT_FOR_BANKS.sub(" ", text).split())[:length].rstrip()
