"""Rules of changed and lost credentials: how long a link or a letter works, how a code looks and is compared."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import timedelta

from ebok_core.identity.rules import DelayPolicy

# A change of the address (identity.md §6.3, S10)
EMAIL_LINK_LIVES = timedelta(hours=24)
FORMER_HEARS_FOR = timedelta(days=7)
_HOUR = timedelta(hours=1)
PER_ACCOUNT = DelayPolicy(3, (_HOUR,), _HOUR)

# A letter with a code (identity.md §8.2)
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH, MOST_TRIES = 10, 5
LETTER_LIVES, ONE_LETTER_IN, PRINTABLE_FOR = timedelta(days=21), timedelta(days=7), timedelta(hours=24)

KEEP_ENDED = timedelta(days=7)


def new_code() -> str:
    """Ten characters of an alphabet in which none is taken for another: 50 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def code_of(typed: str) -> str:
    """A typed code without case, width, spaces and dashes.

    >>> code_of(" abcde-23fgh "), code_of("ＡＢＣ de23")
    ('ABCDE23FGH', 'ABCDE23')
    """
    return "".join(c for c in unicodedata.normalize("NFKC", typed).upper() if c.isalnum())


def grouped(code: str) -> str:
    """The code as it is printed, in two groups of five.

    >>> grouped("ABCDE23FGH")
    'ABCDE-23FGH'
    """
    return f"{code[:5]}-{code[5:]}"


def masked(address: str) -> str:
    """An address that its owner recognises and nobody else learns.

    >>> masked("anna.testowa@example.pl"), masked("a@example.pl")
    ('a…a@example.pl', '…@example.pl')
    """
    name, _at, host = address.rpartition("@")
    return f"{name[0]}…{name[-1]}@{host}" if len(name) > 2 else f"…@{host}"
