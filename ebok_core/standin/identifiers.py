"""Numbers with check digits, all of ranges that belong to nobody. Source of the rules: billing.md §4 and §11."""

from __future__ import annotations

from ebok_core.standin import utility

NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
NIP_BASE = 999_000_000
"""No tax office has the code 999, so no real company has such a NIP."""
PESEL_MONTH_OF_THE_2200S = 60
"""Nobody is born in the 2200s, so no real person has such a PESEL."""
PESEL_BIRTHDAYS = 100 * 12 * 28


def nip_check_digit(nine: str) -> int | None:
    """The tenth digit of a NIP, or None when these nine digits can't have one (remainder 10)."""
    remainder = sum(weight * int(digit) for weight, digit in zip(NIP_WEIGHTS, nine, strict=True)) % 11
    return None if remainder == 10 else remainder


def next_nip(serial: int) -> tuple[str, int]:
    """The first valid NIP from `serial` on, and the serial after it: 10 digits beginning with 999."""
    while True:
        nine = str(NIP_BASE + serial)
        serial += 1
        digit = nip_check_digit(nine)
        if digit is not None:
            return f"{nine}{digit}", serial


def pesel_check_digit(ten: str) -> int:
    """The eleventh digit of a PESEL."""
    return -sum(weight * int(digit) for weight, digit in zip(PESEL_WEIGHTS, ten, strict=True)) % 10


def pesel(serial: int, *, female: bool) -> str:
    """A PESEL of the 2200s, its own for each `serial` below 33 600 000; the tenth digit tells the sex."""
    birthday = serial * 7919 % PESEL_BIRTHDAYS
    year, rest = divmod(birthday, 12 * 28)
    month, day = divmod(rest, 28)
    sex = serial % 5 * 2 + (0 if female else 1)
    ten = f"{year:02d}{month + 1 + PESEL_MONTH_OF_THE_2200S:02d}{day + 1:02d}{serial // PESEL_BIRTHDAYS:03d}{sex}"
    return f"{ten}{pesel_check_digit(ten)}"


def nrb(account: int) -> str:
    """The 26-digit account number for mass payments; `account` has at most 12 digits."""
    body = f"{utility.BANK_BRANCH}{utility.BANK_CLIENT}{account:012d}"
    return f"{98 - int(body + '252100') % 97:02d}{body}"


def _crc8_row(byte: int) -> int:
    for _ in range(8):
        byte = (byte << 1 ^ 0x07 if byte & 0x80 else byte << 1) & 0xFF
    return byte


_CRC8 = tuple(_crc8_row(byte) for byte in range(256))


def crc8(text: str) -> int:
    """CRC-8, polynomial 0x07, start 0, not reflected: the check sum of a KSeF number."""
    register = 0
    for byte in text.encode("ascii"):
        register = _CRC8[register ^ byte]
    return register


def ksef_number(seller_nip: str, day: str, technical: int) -> str:
    """A KSeF number: `day` is ISO, `technical` below 2**48. It is well-formed and stands for no invoice."""
    body = f"{seller_nip}-{day.replace('-', '')}-{technical:012X}"
    return f"{body}-{crc8(body):02X}"
