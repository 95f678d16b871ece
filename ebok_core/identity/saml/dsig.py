"""Signatures: ours on what we send, and the provider's, checked against pinned certificates alone. Needs signxml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from signxml import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConfiguration,
    SignatureMethod,
    XMLSigner,
    XMLVerifier,
    methods,
)
from signxml.exceptions import SignXMLException

from . import profiles, xml
from .errors import Rejected

METHODS = {
    profiles.ECDSA_SHA256: SignatureMethod.ECDSA_SHA256,
    profiles.RSA_SHA256: SignatureMethod.RSA_SHA256,
}
_EXPECTED = SignatureConfiguration(
    signature_methods=frozenset(METHODS.values()),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    location="./",
    expect_references=1,
)


def signed(element: xml.Element, key: PrivateKeyTypes, certificate: x509.Certificate, method: str) -> xml.Element:
    """The element with an enveloped signature at its `ds:Signature` placeholder, over its own ID."""
    signer = XMLSigner(
        method=methods.enveloped,
        signature_algorithm=METHODS[method],
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return signer.sign(element, key=key, cert=[certificate], reference_uri=element.get("ID"), id_attribute="ID")


def placeholder() -> xml.Element:
    """Where the signature will stand: schemas fix its place after the issuer."""
    return xml.make("ds:Signature", Id="placeholder")


def verified(element: xml.Element, pinned: Iterable[x509.Certificate], now: datetime, rule: str) -> xml.Element:
    """What a pinned certificate really signed of the element: the only thing to read on (V4).

    The certificate inside the message proves nothing. Raises `Rejected` with `rule`.
    """
    if len(xml.find(element, "ds:Signature")) != 1:
        raise Rejected(rule, "not exactly one signature")
    usable = [c for c in pinned if c.not_valid_before_utc <= now <= c.not_valid_after_utc]
    for certificate in usable:
        try:
            found = (
                XMLVerifier()
                .verify(element, x509_cert=certificate, id_attribute="ID", expect_config=_at(now))
                .signed_xml
            )  # type: ignore[union-attr]
        except (SignXMLException, ValueError, KeyError):
            continue
        if found is None or found.tag != element.tag or not found.get("ID") or found.get("ID") != element.get("ID"):
            raise Rejected(rule, "something else is signed")
        return found
    raise Rejected(rule, "no valid signature of a pinned certificate" if usable else "no pinned certificate is valid")


def _at(now: datetime) -> SignatureConfiguration:
    return replace(_EXPECTED, verification_time=now)
