"""What we send: AuthnRequest, ArtifactResolve, LogoutRequest, our own metadata (identity.md §2.4, §2.6, §2.12)."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from . import dsig, xml
from .profiles import BORN, FAMILY, GIVEN, IDENTIFIER, Profile

ARTIFACT_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
URI_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Our signing key, its certificate and the method."""

    key: PrivateKeyTypes
    certificate: x509.Certificate
    method: str


def new_id() -> str:
    """An XML ID of its own for each message; it may not begin with a digit."""
    return f"ID-{uuid.uuid4()}"


def instant(moment: datetime) -> str:
    """UTC with milliseconds and a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def authn_request(
    profile: Profile,
    signing: Signing,
    *,
    request_id: str,
    now: datetime,
    destination: str,
    acs: str,
    issuer: str,
    provider_name: str,
    sp_type: str,
    level: str,
) -> str:
    """The signed request as base64 without DEFLATE, for the form field `SAMLRequest`."""
    request = xml.make(
        "saml2p:AuthnRequest",
        "",
        xml.make("saml2:Issuer", issuer),
        dsig.placeholder(),
        ID=request_id,
        Version="2.0",
        IssueInstant=instant(now),
        Destination=destination,
        AssertionConsumerServiceURL=acs,
        ProtocolBinding=ARTIFACT_BINDING,
        ForceAuthn="true",
        IsPassive="false",
        ProviderName=provider_name,
    )
    if profile.asks:
        request.append(_extensions(profile, sp_type))
    request.append(xml.make("saml2p:NameIDPolicy", AllowCreate="true", Format=UNSPECIFIED))
    wanted = xml.make("saml2:AuthnContextClassRef", profile.levels[level])
    request.append(xml.make("saml2p:RequestedAuthnContext", "", wanted, Comparison="minimum"))
    return base64.b64encode(xml.written(_sealed(request, signing))).decode()


def _extensions(profile: Profile, sp_type: str) -> xml.Element:
    asked = (
        xml.make(
            "eidas:RequestedAttribute",
            FriendlyName=profile.friendly[fact],
            Name=profile.attributes[fact],
            NameFormat=URI_FORMAT,
            isRequired="true",
        )
        for fact in (GIVEN, FAMILY, BORN, IDENTIFIER)
    )
    return xml.make(
        "saml2p:Extensions",
        "",
        xml.make("eidas:SPType", sp_type),
        xml.make("eidas:RequestedAttributes", "", *asked),
    )


def artifact_resolve(signing: Signing, *, resolve_id: str, now: datetime, issuer: str, artifact: str) -> bytes:
    """The SOAP envelope that asks for the message behind an artifact; the signature covers what is inside it."""
    resolve = xml.make(
        "saml2p:ArtifactResolve",
        "",
        xml.make("saml2:Issuer", issuer),
        dsig.placeholder(),
        xml.make("saml2p:Artifact", artifact),
        ID=resolve_id,
        Version="2.0",
        IssueInstant=instant(now),
    )
    return _enveloped(_sealed(resolve, signing))


def logout_request(
    signing: Signing, *, now: datetime, destination: str, issuer: str, name_id: str, session_index: str
) -> bytes:
    """The SOAP envelope that ends the person's session at the provider."""
    request = xml.make(
        "saml2p:LogoutRequest",
        "",
        xml.make("saml2:Issuer", issuer),
        dsig.placeholder(),
        xml.make("saml2:NameID", name_id, Format=UNSPECIFIED),
        xml.make("saml2p:SessionIndex", session_index),
        ID=new_id(),
        Version="2.0",
        IssueInstant=instant(now),
        Destination=destination,
    )
    return _enveloped(_sealed(request, signing))


def _sealed(element: xml.Element, signing: Signing) -> xml.Element:
    return dsig.signed(element, signing.key, signing.certificate, signing.method)


def _enveloped(message: xml.Element) -> bytes:
    body = xml.make("soap:Body", "", message)
    return xml.written(xml.make("soap:Envelope", "", xml.make("soap:Header"), body))


def metadata(*, issuer: str, acs: str, signing: x509.Certificate, encryption: x509.Certificate) -> bytes:
    """Our own metadata, for providers of the generic profile that read such a file."""
    from lxml import etree

    def md(name: str, *children: xml.Element, **attributes: str) -> xml.Element:
        made = etree.Element(f"{{{METADATA}}}{name}", attributes, nsmap={None: METADATA, "ds": xml.NS["ds"]})
        made.extend(children)
        return made

    def key(use: str, certificate: x509.Certificate) -> xml.Element:
        der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        data = xml.make("ds:X509Data", "", xml.make("ds:X509Certificate", der))
        return md("KeyDescriptor", xml.make("ds:KeyInfo", "", data), use=use)

    service = md("AssertionConsumerService", Binding=ARTIFACT_BINDING, Location=acs, index="0", isDefault="true")
    role = md(
        "SPSSODescriptor",
        key("signing", signing),
        key("encryption", encryption),
        service,
        AuthnRequestsSigned="true",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=PROTOCOL,
    )
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + xml.written(md("EntityDescriptor", role, entityID=issuer))
