"""Codes that are printed on documents: 60 bits in letters that nobody mixes up, in groups of four (N09)."""

from __future__ import annotations

import re

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
_ALIKE = str.maketrans("OIL", "011")


def written(code: str) -> str:
    """A typed code as it is kept: capitals, no spaces or dashes, letters that look like digits as digits.

    >>> written("abcd-oi1l  2345")
    'ABCD01112345'
    """
    return re.sub(r"[\s–—-]", "", code).upper().translate(_ALIKE)


def is_code(code: str) -> bool:
    """Whether a kept form can be a code at all."""
    return len(code) == LENGTH and set(code) <= set(LETTERS)


def grouped(code: str) -> str:
    """A code as it is printed: `ABCD-0123-4567`."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def of_number(number: int) -> str:
    """The code of a random number below 2**60."""
    return "".join(LETTERS[number >> 5 * place & 31] for place in range(LENGTH))
