"""Rules of the second factor: shapes of codes, time steps, ways to sign in, the name a passkey is bound to."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

# What the history of sign-ins says, and the session's `auth_level` (identity.md §6.8).
CODE, RECOVERY, PASSKEY, PASSWORD_PASSKEY = "code", "recovery", "passkey", "password_passkey"
WAYS = (CODE, RECOVERY, PASSKEY, PASSWORD_PASSKEY)

SECRET_BYTES, DIGITS, PERIOD_S = 20, 6, 30
STEP_LIVES = timedelta(minutes=10)
CHALLENGE_LIVES = timedelta(minutes=5)
# How long an app may take to be set up, from the page with the key to the first code.
OFFER_LIVES = timedelta(minutes=30)
REMOVAL_LIVES = timedelta(hours=24)
KEEP_REMOVALS = timedelta(days=730)
MOST_PASSKEYS = 20
MOST_ANSWER = 20_000
# After so many wrong codes within a day the owner hears that somebody knows the password.
WARN_AFTER = 5

RECOVERY_CODES, RECOVERY_LENGTH = 10, 16
# Base32: 16 characters are 80 bits; no 0, 1, 8 and 9 that people take for letters.
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LOOKALIKES = str.maketrans("018", "OIB")
_CODE = re.compile(r"[0-9]{6}\Z")
_RECOVERY = re.compile(rf"[{ALPHABET}]{{{RECOVERY_LENGTH}}}\Z")


class Party(NamedTuple):
    """Whom a passkey is for: `id` is the host without its port, `origin` the address of the pages."""

    id: str
    origin: str


def party_of(public_url: str) -> Party | None:
    """The relying party of an installation, or None where browsers refuse passkeys: an address of digits, plain http.

    On this machine, where the demo runs, pages must be opened as `localhost`.

    >>> party_of("https://ebok.example.pl:8443/"), party_of("http://127.0.0.1:8080")
    (Party(id='ebok.example.pl', origin='https://ebok.example.pl:8443'), Party(id='localhost', origin='http://localhost:8080'))
    """
    parts = urlsplit(public_url)
    host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    if host == "localhost" or _is_loopback(host):
        return Party("localhost", f"{parts.scheme}://localhost{port}")
    if parts.scheme != "https" or _address(host):
        return None
    return Party(host, f"https://{host}{port}")


def code_of(typed: str) -> str | None:
    """Six digits of an app, or the 16 characters of a recovery code, as they are compared; None for anything else.

    >>> code_of(" 123 456 "), code_of("abcd-efgh-ijk2-lmno"), code_of("12345")
    ('123456', 'ABCDEFGHIJK2LMNO', None)
    """
    text = re.sub(r"[\s\-\N{EN DASH}]", "", typed[:60])
    if _CODE.match(text):
        return text
    text = text.upper().translate(_LOOKALIKES)
    return text if _RECOVERY.match(text) else None


def is_recovery(code: str) -> bool:
    """Whether `code_of` found a recovery code."""
    return len(code) == RECOVERY_LENGTH


def grouped(code: str) -> str:
    """A recovery code or a key as it is shown: groups of four.

    >>> grouped("ABCDEFGHIJK2LMNO")
    'ABCD-EFGH-IJK2-LMNO'
    """
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def steps_at(now_s: float, *, earlier: int) -> list[int]:
    """Time steps whose codes are accepted, the present one first, then `earlier` ones before it; never a later one."""
    step = int(now_s // PERIOD_S)
    return [step - back for back in range(earlier + 1)]


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_loopback
