"""A passkey in software, for tests without a browser: what a phone would answer, and what a thief might try."""

from __future__ import annotations

import hashlib
import json
import struct

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


class SoftKey:
    """One key pair with its counter; `options` is the JSON that the portal gave the browser."""

    def __init__(self, origin: str, credential_id: bytes = b"k" * 32) -> None:
        self.origin, self.id, self.count, self.user = origin, credential_id, 0, ""
        self._private = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: str, *, verified: bool = True, origin: str = "") -> str:
        """The answer to `navigator.credentials.create`."""
        asked = json.loads(options)
        self.user = asked["user"]["id"]
        numbers = self._private.public_key().public_numbers()
        point = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = b"\0" * 16 + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(point)
        data = self._data(asked["rp"]["id"], verified, ATTESTED) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"], origin)
        return self._answer({"clientDataJSON": client, "attestationObject": attestation})

    def get(self, options: str, *, verified: bool = True, origin: str = "", user: str | None = None) -> str:
        """The answer to `navigator.credentials.get`."""
        asked = json.loads(options)
        self.count += 1
        data = self._data(asked["rpId"], verified)
        client = self._client("webauthn.get", asked["challenge"], origin)
        signature = self._private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        handle = base64url_to_bytes(self.user if user is None else user)
        return self._answer(
            {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": handle}
        )

    def _data(self, host: str, verified: bool, more: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if verified else 0) | more
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin or self.origin}).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        own = bytes_to_base64url(self.id)
        packed = {name: bytes_to_base64url(value) for name, value in response.items()}
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": packed})
