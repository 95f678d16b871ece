"""The encrypted assertion opened, exactly as identity.md §2.8 says; the padding of the generic profile beside it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from . import xml
from .errors import Rejected
from .profiles import Profile

RULE = "V9"
_WRAPS = {
    "http://www.w3.org/2001/04/xmlenc#kw-aes128": 16,
    "http://www.w3.org/2001/04/xmlenc#kw-aes256": 32,
}
ECDH_ES = "http://www.w3.org/2009/xmlenc11#ECDH-ES"
CONCAT_KDF = "http://www.w3.org/2009/xmlenc11#ConcatKDF"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
OAEP_SHA1 = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
P256 = "urn:oid:1.2.840.10045.3.1.7"
CEK_SIZES = (16, 32)
_IV_GCM, _IV_CBC, _BLOCK = 12, 16, 16
_WHOLE_KEY = "xenc:EncryptedData/ds:KeyInfo/xenc:EncryptedKey"


@dataclass(frozen=True)
class Parties:
    """Who the key was agreed between: the provider's and our entity ID; None where nobody looks at them."""

    sender: str
    recipient: str


def opened(encrypted: xml.Element, key: PrivateKeyTypes, profile: Profile, parties: Parties | None) -> bytes:
    """The text inside a `saml2:EncryptedAssertion`. Raises `Rejected`, alike wherever the secret parts are wrong."""
    try:
        data = xml.one(encrypted, "xenc:EncryptedData")
        cipher = _algorithm(xml.one(data, "xenc:EncryptionMethod"))
        if cipher not in profile.ciphers:
            raise Rejected(RULE, "a cipher that is not allowed")
        if profile.agreement == "ecdh-es":
            cek = _agreed(xml.one(encrypted, _WHOLE_KEY), key, parties)
        else:
            cek = _transported(_encrypted_key(encrypted), key)
        if len(cek) not in CEK_SIZES:
            raise Rejected(RULE, "a content key of a length that is not allowed")
        body = _bytes(xml.one(data, "xenc:CipherData/xenc:CipherValue"))
    except (xml.BadXml, binascii.Error, ValueError) as error:
        raise Rejected(RULE, "the encryption can't be read") from error
    return _gcm(cek, body) if cipher.endswith("-gcm") else _cbc(cek, body)


def _algorithm(method: xml.Element) -> str:
    return str(method.get("Algorithm"))


def _bytes(element: xml.Element) -> bytes:
    return base64.b64decode("".join(xml.text_of(element).split()), validate=True)


# ECDH-ES, ConcatKDF, AES key wrap (the hub)


def _agreed(encrypted_key: xml.Element, key: PrivateKeyTypes, parties: Parties | None) -> bytes:
    """The content key: agreed key → key of keys → unwrapped; its length is what comes out, never what was declared."""
    wrap = _algorithm(xml.one(encrypted_key, "xenc:EncryptionMethod"))
    agreement = xml.one(encrypted_key, "ds:KeyInfo/xenc:AgreementMethod")
    derivation = xml.one(agreement, "xenc11:KeyDerivationMethod")
    parameters = xml.one(derivation, "xenc11:ConcatKDFParams")
    digest = xml.one(parameters, "ds:DigestMethod")
    names = (wrap in _WRAPS, _algorithm(agreement), _algorithm(derivation), _algorithm(digest))
    if names != (True, ECDH_ES, CONCAT_KDF, SHA256) or not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Rejected(RULE, "a key agreement that is not allowed")
    info = [bytes.fromhex(parameters.get(name, "")) for name in ("AlgorithmID", "PartyUInfo", "PartyVInfo")]
    if parties is not None and info[1:] != [_labelled(parties.sender), _labelled(parties.recipient)]:
        raise Rejected(RULE, "the key was agreed for somebody else")
    secret = key.exchange(ec.ECDH(), _sender_key(agreement))
    kek = ConcatKDFHash(hashes.SHA256(), _WRAPS[wrap], b"".join(info)).derive(secret)
    wrapped = _bytes(xml.one(encrypted_key, "xenc:CipherData/xenc:CipherValue"))
    try:
        return aes_key_unwrap(kek, wrapped)
    except InvalidUnwrap as error:
        raise Rejected(RULE, "the content does not open") from error


def _labelled(text: str) -> bytes:
    """A text with its length before it, four bytes big-endian."""
    raw = text.encode()
    return len(raw).to_bytes(4, "big") + raw


def _sender_key(agreement: xml.Element) -> ec.EllipticCurvePublicKey:
    value = xml.one(agreement, "xenc:OriginatorKeyInfo/ds:KeyValue/dsig11:ECKeyValue")
    if xml.one(value, "dsig11:NamedCurve").get("URI") != P256:
        raise Rejected(RULE, "another curve")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(xml.one(value, "dsig11:PublicKey")))


# RSA-OAEP (generic)


def _encrypted_key(encrypted: xml.Element) -> xml.Element:
    """The one key, inside the data or beside them."""
    found = xml.find(encrypted, _WHOLE_KEY) + xml.find(encrypted, "xenc:EncryptedKey")
    if len(found) != 1:
        raise xml.BadXml(f"{len(found)} keys")
    return found[0]


def _transported(encrypted_key: xml.Element, key: PrivateKeyTypes) -> bytes:
    if _algorithm(xml.one(encrypted_key, "xenc:EncryptionMethod")) != OAEP_SHA1:
        raise Rejected(RULE, "a key transport that is not allowed")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Rejected(RULE, "our key is no RSA key")
    sha1 = hashes.SHA1()  # noqa: S303 - what the algorithm's name stands for; nothing rests on its collisions
    oaep = padding.OAEP(mgf=padding.MGF1(sha1), algorithm=sha1, label=None)
    try:
        return key.decrypt(_bytes(xml.one(encrypted_key, "xenc:CipherData/xenc:CipherValue")), oaep)
    except ValueError as error:
        raise Rejected(RULE, "the content does not open") from error


# The content


def _gcm(cek: bytes, body: bytes) -> bytes:
    try:
        return AESGCM(cek).decrypt(body[:_IV_GCM], body[_IV_GCM:], None)
    except (InvalidTag, ValueError) as error:
        raise Rejected(RULE, "the content does not open") from error


def _cbc(cek: bytes, body: bytes) -> bytes:
    if len(body) < _IV_CBC + _BLOCK or len(body) % _BLOCK:
        raise Rejected(RULE, "the content does not open")
    decryptor = Cipher(algorithms.AES(cek), modes.CBC(body[:_IV_CBC])).decryptor()
    text = decryptor.update(body[_IV_CBC:]) + decryptor.finalize()
    if not 1 <= text[-1] <= _BLOCK:
        raise Rejected(RULE, "the content does not open")
    return text[: -text[-1]]
