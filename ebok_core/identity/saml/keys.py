"""Keys and certificates as they are uploaded, kept and shown; the private part is never shown again."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _

LEAST_RSA_BITS = 2048
MOST_CERTIFICATES = 10


class Pair(NamedTuple):
    """A private key and its certificate, both as PEM."""

    key: str
    certificate: str


class Described(NamedTuple):
    """A certificate as a person checks it; `fingerprint` is SHA-256, `days_left` may be below zero."""

    subject: str
    fingerprint: str
    valid_from: datetime
    valid_to: datetime
    days_left: int


def pair(key_file: bytes, certificate_file: bytes, password: str) -> Pair:
    """A key with its certificate from PEM files, or both from one PKCS#12 file.

    Raises `Refused` with `key` or `certificate` as the code: what the file is and what it should be.
    """
    secret = password.encode() or None
    if b"-----BEGIN" in key_file:
        key, found = _pem_key(key_file, secret), certificates(certificate_file or key_file)
    else:
        key, found = _pkcs12(key_file, secret)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        fits = isinstance(key.curve, ec.SECP256R1)
    else:
        fits = isinstance(key, rsa.RSAPrivateKey) and key.key_size >= LEAST_RSA_BITS
    if not fits:
        raise Refused(_("The key must be EC on the curve P-256, or RSA of at least 2048 bits"), code="key")
    certificate = next((c for c in found if belongs(key, c)), None)
    if certificate is None:
        raise Refused(_("This certificate does not belong to this key. Choose the matching pair"), code="certificate")
    pem = key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return Pair(pem, pem_of([certificate]))


def _pem_key(text: bytes, secret: bytes | None) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(text, secret)
    except TypeError as error:
        raise Refused(_("The key is protected by a password: type it beside the file"), code="key") from error
    except ValueError as error:
        raise Refused(_("This file holds no private key that we can read (PEM or PKCS#12)"), code="key") from error


def _pkcs12(text: bytes, secret: bytes | None) -> tuple[PrivateKeyTypes, list[x509.Certificate]]:
    try:
        key, certificate, _more = pkcs12.load_key_and_certificates(text, secret)
    except (ValueError, TypeError) as error:
        raise Refused(
            _("This is no PKCS#12 file that opens with this password. Check both, or choose a PEM file"), code="key"
        ) from error
    if key is None or certificate is None:
        raise Refused(_("There is no key with a certificate in this file"), code="key")
    return key, [certificate]


def certificates(text: bytes) -> list[x509.Certificate]:
    """The certificates of a file, PEM (one or more) or DER. Raises `Refused` with `certificate`."""
    try:
        if b"-----BEGIN CERTIFICATE" in text:
            found = x509.load_pem_x509_certificates(text)
        else:
            found = [x509.load_der_x509_certificate(text)]
    except (ValueError, binascii.Error) as error:
        raise Refused(_("This file holds no certificate (PEM or DER)"), code="certificate") from error
    if len(found) > MOST_CERTIFICATES:
        raise Refused(_("There are too many certificates in this file"), code="certificate")
    return found


def belongs(key: PrivateKeyTypes, certificate: x509.Certificate) -> bool:
    """Whether a certificate certifies this very key."""
    return _public(key.public_key()) == _public(certificate.public_key())


def _public(key: object) -> bytes:
    found: bytes = key.public_bytes(Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return found


def private(pem: str) -> PrivateKeyTypes:
    """A stored key."""
    return serialization.load_pem_private_key(pem.encode(), None)


def stored(pem: str) -> list[x509.Certificate]:
    """Stored certificates; none for an empty text."""
    return x509.load_pem_x509_certificates(pem.encode()) if pem.strip() else []


def pem_of(found: Sequence[x509.Certificate]) -> str:
    """Certificates as they are stored."""
    return "".join(c.public_bytes(Encoding.PEM).decode() for c in found)


def described(certificate: x509.Certificate, now: datetime) -> Described:
    """What the panel shows of a certificate."""
    until = certificate.not_valid_after_utc
    digits = certificate.fingerprint(hashes.SHA256()).hex().upper()
    return Described(
        subject=certificate.subject.rfc4514_string() or "–",
        fingerprint=":".join(digits[i : i + 2] for i in range(0, len(digits), 2)),
        valid_from=certificate.not_valid_before_utc,
        valid_to=until,
        days_left=(until - now).days,
    )
