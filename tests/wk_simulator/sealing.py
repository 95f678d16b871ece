"""The assertion encrypted as the hub does it: ECDH-ES, ConcatKDF, AES key wrap, AES-GCM."""

from __future__ import annotations

import base64
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

WRAP = "http://www.w3.org/2001/04/xmlenc#kw-aes256"

ENCRYPTED = """<saml2:EncryptedAssertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">\
<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">\
<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>\
<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>\
<xenc:EncryptionMethod Algorithm="{wrap}"/><ds:KeyInfo>\
<xenc:AgreementMethod Algorithm="http://www.w3.org/2009/xmlenc11#ECDH-ES">\
<xenc11:KeyDerivationMethod xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" \
Algorithm="http://www.w3.org/2009/xmlenc11#ConcatKDF">\
<xenc11:ConcatKDFParams AlgorithmID="{algorithm}" PartyUInfo="{party_u}" PartyVInfo="{party_v}">\
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/></xenc11:ConcatKDFParams>\
</xenc11:KeyDerivationMethod><xenc:OriginatorKeyInfo><ds:KeyValue>\
<dsig11:ECKeyValue xmlns:dsig11="http://www.w3.org/2009/xmldsig11#"><dsig11:NamedCurve \
URI="urn:oid:1.2.840.10045.3.1.7"/><dsig11:PublicKey>{public}</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>\
</xenc:OriginatorKeyInfo></xenc:AgreementMethod></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{wrapped}\
</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{body}\
</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml2:EncryptedAssertion>"""


def _info(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode("ascii")


def seal(plain: bytes, certificate: str, *, sender: str, recipient: str, bits: int = 256, tamper: bool = False) -> str:
    """The encrypted element for the holder of the certificate; `bits` of the content key, `tamper` breaks the tag."""
    theirs = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    info = [_info(WRAP), _info(sender), _info(recipient)]
    kek = ConcatKDFHash(hashes.SHA256(), 32, b"".join(info)).derive(ephemeral.exchange(ec.ECDH(), theirs))
    cek, iv = os.urandom(bits // 8), os.urandom(12)
    body = bytearray(iv + AESGCM(cek).encrypt(iv, plain, None))
    if tamper:
        body[-1] ^= 1
    public = ephemeral.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return ENCRYPTED.format(
        wrap=WRAP,
        algorithm=info[0].hex().upper(),
        party_u=info[1].hex().upper(),
        party_v=info[2].hex().upper(),
        public=base64.b64encode(public).decode(),
        wrapped=base64.b64encode(aes_key_wrap(kek, cek)).decode(),
        body=base64.b64encode(bytes(body)).decode(),
    )
