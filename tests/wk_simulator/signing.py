"""Signatures by xmlsec: ours over answers, and a strict look at the portal's."""

from __future__ import annotations

import base64
import datetime
import re

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256, SHA1 = "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

TEMPLATE = """<ds:Signature xmlns:ds="{ds}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{exc}"/>\
<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#{id}"><ds:Transforms>\
<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="{exc}">\
<ec:InclusiveNamespaces xmlns:ec="{exc}" PrefixList="ds saml2 saml2p xenc"/></ds:Transform></ds:Transforms>\
<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>\
<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"""


class Identity:
    """A key with its certificate."""

    def __init__(self, name: str, *, now: datetime.datetime, expired: bool = False) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begin = now - datetime.timedelta(days=400 if expired else 30)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + datetime.timedelta(days=365))
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    @property
    def xmlsec_key(self) -> xmlsec.Key:
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)


def template(identity: Identity, of: str, *, digest: str = SHA256) -> str:
    """A signature to be filled in."""
    return TEMPLATE.format(ds=DS, exc=EXC, method=ECDSA, id=of, digest=digest, certificate=identity.der)


def sign(element: etree._Element, identity: Identity) -> None:
    """Fill in the signature that is the element's own child."""
    context = xmlsec.SignatureContext()
    context.key = identity.xmlsec_key
    context.register_id(element, "ID")
    context.sign(element.find(f"{{{DS}}}Signature"))


def complaints(element: etree._Element, certificate: str) -> list[str]:
    """What is wrong with the portal's signature on one of its messages."""
    signature = element.find(f"{{{DS}}}Signature")
    if signature is None or element.index(signature) != 1:
        return ["the signature does not stand after the issuer"]
    said = []
    reference = signature.findall(f"{{{DS}}}SignedInfo/{{{DS}}}Reference")
    if len(reference) != 1 or reference[0].get("URI") != f"#{element.get('ID')}":
        said.append("the reference is not the message's own ID")
    if signature.find(f"{{{DS}}}SignedInfo/{{{DS}}}SignatureMethod").get("Algorithm") not in (ECDSA, RSA):
        said.append("another signature method")
    transforms = [t.get("Algorithm") for t in signature.iter(f"{{{DS}}}Transform")]
    if transforms != ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXC]:
        said.append(f"transforms {transforms}")
    inside = signature.findtext(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate") or ""
    known = "".join(re.sub(r"-----[^-]+-----", "", certificate).split())
    if "".join(inside.split()) != known:
        said.append("the certificate inside is not the registered one")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
    context.register_id(element, "ID")
    try:
        context.verify(signature)
    except xmlsec.Error as error:
        said.append(f"the signature does not verify: {error}")
    return said
