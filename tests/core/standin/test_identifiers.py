"""Check digits by the worked examples of billing.md §4 and §11."""

from __future__ import annotations

from ebok_core.standin import identifiers


def test_nip():
    assert identifiers.nip_check_digit("739204815") == 1
    assert identifiers.nip_check_digit("739100006") is None
    first, serial = identifiers.next_nip(0)
    second, _ = identifiers.next_nip(serial)
    assert first.startswith("999") and first != second


def test_pesel():
    assert identifiers.pesel_check_digit("8563127641") == 1
    made = {identifiers.pesel(serial, female=serial % 2 == 0) for serial in range(50_000)}
    assert len(made) == 50_000 and {len(number) for number in made} == {11}


def test_nrb():
    assert identifiers.nrb(104217) == "54999000094127000000104217"


def test_ksef_number():
    assert identifiers.crc8("123456789") == 0xF4
    assert identifiers.ksef_number("7777777777", "2026-09-04", 0x0A1B2C3D4E5F) == "7777777777-20260904-0A1B2C3D4E5F-13"
    assert f"{identifiers.crc8('5265877635-20250626-010080DD2B5E'):02X}" == "26"
