"""The back channel: one SOAP call at a time, no redirects, ten seconds, a mebibyte at the most (identity.md §2.6)."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

import httpx2

from ebok_core import clock

from .errors import Unreachable

TIMEOUT_S = 10.0
LARGEST = 1024 * 1024
HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Accept": "text/xml"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def post(address: str, envelope: bytes, *, old_tls: bool = False) -> bytes:
    """Send an envelope and return the body of the answer, which must be 200.

    `old_tls` bears small keys, for this connection alone (test environments of the hub). Raises `Unreachable`.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Unreachable("the address is not https")
    ends = clock.monotonic() + TIMEOUT_S
    try:
        with (
            httpx2.Client(
                verify=_context(old_tls), timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
            ) as client,
            client.stream("POST", address, content=envelope, headers=HEADERS) as answer,
        ):
            if answer.status_code != 200:
                raise Unreachable(f"HTTP {answer.status_code}")
            return _limited(answer, ends)
    except httpx2.HTTPError as error:
        raise Unreachable(type(error).__name__) from error


def _limited(answer: httpx2.Response, ends: float) -> bytes:
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise Unreachable("the answer is too big")
        if clock.monotonic() > ends:
            raise Unreachable("the answer takes too long")
    return bytes(body)


def _context(old_tls: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if old_tls:
        context.set_ciphers("DEFAULT@SECLEVEL=1")
    return context
