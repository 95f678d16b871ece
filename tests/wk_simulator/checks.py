"""What the hub says about the portal's messages: a strict reading, each complaint a sentence."""

from __future__ import annotations

import signing
from lxml import etree

P, A = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
E, D = "http://eidas.europa.eu/saml-extensions", "http://www.w3.org/2000/09/xmldsig#"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
EIDAS = "http://eidas.europa.eu/attributes/naturalperson/"
ASKED = ["CurrentGivenName", "CurrentFamilyName", "DateOfBirth", "PersonIdentifier"]
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


def _compare(what: str, found: object, wanted: object) -> list[str]:
    return [] if found == wanted else [f"{what} is {found!r}, not {wanted!r}"]


def _common(message: etree._Element, registered: dict, seen: set[str], children: list[str]) -> list[str]:
    own = message.get("ID") or ""
    said = _compare("the order of elements", [child.tag for child in message], children)
    said += _compare("the issuer", message.findtext(f"{{{A}}}Issuer"), registered["entity_id"])
    said += _compare("Version", message.get("Version"), "2.0")
    if not own.startswith("ID-") or own in seen:
        said.append(f"the ID {own!r} is not new")
    seen.add(own)
    if not (message.get("IssueInstant") or "").endswith("Z"):
        said.append("IssueInstant is not UTC")
    return said + signing.complaints(message, registered["sp_signing"])


def authn_request(text: bytes, registered: dict, seen: set[str]) -> tuple[etree._Element, list[str]]:
    """The request and what is wrong with it."""
    message = etree.fromstring(text)
    said = _compare("the message", message.tag, f"{{{P}}}AuthnRequest")
    order = [f"{{{A}}}Issuer", f"{{{D}}}Signature", f"{{{P}}}Extensions", f"{{{P}}}NameIDPolicy"]
    said += _common(message, registered, seen, [*order, f"{{{P}}}RequestedAuthnContext"])
    for name, wanted in {
        "Destination": registered["destination"],
        "AssertionConsumerServiceURL": registered["acs"],
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact",
        "ForceAuthn": "true",
        "ProviderName": registered["provider_name"],
    }.items():
        said += _compare(name, message.get(name), wanted)
    said += _compare("SPType", message.findtext(f"{{{P}}}Extensions/{{{E}}}SPType"), registered["sp_type"])
    attributes = message.findall(f"{{{P}}}Extensions/{{{E}}}RequestedAttributes/{{{E}}}RequestedAttribute")
    said += _compare("the attributes", [a.get("Name") for a in attributes], [EIDAS + name for name in ASKED])
    said += _compare("isRequired", {a.get("isRequired") for a in attributes}, {"true"})
    policy = message.find(f"{{{P}}}NameIDPolicy")
    said += _compare("NameIDPolicy", (policy.get("AllowCreate"), policy.get("Format")), ("true", UNSPECIFIED))
    wanted = message.find(f"{{{P}}}RequestedAuthnContext")
    said += _compare("Comparison", wanted.get("Comparison"), "minimum")
    return message, said


def artifact_resolve(text: bytes, registered: dict, seen: set[str]) -> tuple[etree._Element, list[str]]:
    """The question and what is wrong with it."""
    message = etree.fromstring(text).find(f"{{{SOAP}}}Body/{{{P}}}ArtifactResolve")
    order = [f"{{{A}}}Issuer", f"{{{D}}}Signature", f"{{{P}}}Artifact"]
    return message, _common(message, registered, seen, order)


def logout_request(text: bytes, registered: dict, seen: set[str]) -> tuple[etree._Element, list[str]]:
    """The request and what is wrong with it."""
    message = etree.fromstring(text).find(f"{{{SOAP}}}Body/{{{P}}}LogoutRequest")
    order = [f"{{{A}}}Issuer", f"{{{D}}}Signature", f"{{{A}}}NameID", f"{{{P}}}SessionIndex"]
    said = _common(message, registered, seen, order)
    said += _compare("Destination", message.get("Destination"), registered["logout_url"])
    return message, said


def soap_headers(headers: dict) -> list[str]:
    """What a SOAP call must carry."""
    return _compare("Content-Type", headers.get("content-type"), "text/xml; charset=utf-8") + _compare(
        "SOAPAction", headers.get("soapaction"), '""'
    )
