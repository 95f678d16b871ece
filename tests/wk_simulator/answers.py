"""Answers of the hub, right and wrong: each fault of identity.md §4.4 is a change of the parts or of the text."""

from __future__ import annotations

import copy
import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

import sealing
import signing
from lxml import etree

P = "urn:oasis:names:tc:SAML:2.0:protocol"
S = "urn:oasis:names:tc:SAML:2.0:status:"
LOA = "http://eidas.europa.eu/LoA/"
EIDAS = "http://eidas.europa.eu/attributes/naturalperson/"

SOAP = '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{}</soap:Body></soap:Envelope>'
A = "urn:oasis:names:tc:SAML:2.0:assertion"
HEAD = f'xmlns:saml2p="{P}" xmlns:saml2="{A}" Version="2.0"'


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything that an answer is made of."""

    now: datetime.datetime
    resolve_id: str
    request_id: str
    acs: str
    entity_id: str
    issuer: str
    certificate: str
    outer_signer: signing.Identity | None
    inner_signer: signing.Identity | None
    given: str = "Maria"
    family: str = "Zielińska"
    born: str = ""
    identifier: str | None = ""
    level: str = f"{LOA}substantial"
    authority: str = "pz.gov.pl"
    destination: str | None = None
    recipient: str = ""
    audience: str = ""
    assertion_issuer: str = ""
    party_v: str = ""
    assertion_id: str = ""
    signed_in_ago: int = 5
    since_ago: int = 60
    lives: int = 3000
    confirmed_lives: int = 3000
    status: str = f"<saml2p:StatusCode Value='{S}Success'/>"
    bits: int = 256
    tamper: bool = False
    digest: str = signing.SHA256
    assertions: int = 1
    plain: bool = False
    responses: int = 1
    comment: bool = False


def _at(parts: Parts, seconds: int) -> str:
    return (parts.now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _attribute(name: str, value: str) -> str:
    return (
        f'<saml2:Attribute Name="{EIDAS}{name}"><saml2:AttributeValue>{value}</saml2:AttributeValue></saml2:Attribute>'
    )


def assertion(parts: Parts) -> str:
    """The assertion as it is before it is encrypted."""
    facts = [
        _attribute("CurrentGivenName", escape(parts.given)),
        _attribute("CurrentFamilyName", escape(parts.family)),
        _attribute("DateOfBirth", parts.born),
    ]
    if parts.identifier is not None:
        number = parts.identifier
        facts.append(_attribute("PersonIdentifier", f"{number[:6]}<!-- -->{number[6:]}" if parts.comment else number))
    return (
        f'<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="{parts.assertion_id}" Version="2.0" '
        f'IssueInstant="{_at(parts, 0)}"><saml2:Issuer>{parts.assertion_issuer}</saml2:Issuer><saml2:Subject>'
        f"<saml2:NameID>wk-{uuid.uuid4()}</saml2:NameID>"
        '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData '
        f'InResponseTo="{parts.request_id}" NotOnOrAfter="{_at(parts, parts.confirmed_lives)}" '
        f'Recipient="{parts.recipient}"/></saml2:SubjectConfirmation></saml2:Subject>'
        f'<saml2:Conditions NotBefore="{_at(parts, -parts.since_ago)}" NotOnOrAfter="{_at(parts, parts.lives)}">'
        f"<saml2:AudienceRestriction><saml2:Audience>{parts.audience}</saml2:Audience></saml2:AudienceRestriction>"
        f'</saml2:Conditions><saml2:AuthnStatement AuthnInstant="{_at(parts, -parts.signed_in_ago)}" '
        f'SessionIndex="s-{uuid.uuid4()}"><saml2:AuthnContext><saml2:AuthnContextClassRef>{parts.level}'
        f"</saml2:AuthnContextClassRef><saml2:AuthenticatingAuthority>{parts.authority}</saml2:AuthenticatingAuthority>"
        f"</saml2:AuthnContext></saml2:AuthnStatement><saml2:AttributeStatement>{''.join(facts)}"
        "</saml2:AttributeStatement></saml2:Assertion>"
    )


def _sealed(parts: Parts) -> str:
    return sealing.seal(
        assertion(parts).encode(),
        parts.certificate,
        sender=parts.issuer,
        recipient=parts.party_v or parts.entity_id,
        bits=parts.bits,
        tamper=parts.tamper,
    )


def _response(parts: Parts) -> str:
    own = f"r-{uuid.uuid4()}"
    to = f' Destination="{parts.destination}"' if parts.destination else ""
    signature = signing.template(parts.inner_signer, own, digest=parts.digest) if parts.inner_signer else ""
    inside = assertion(parts) if parts.plain else _sealed(parts) * parts.assertions
    return (
        f'<saml2p:Response {HEAD} ID="{own}" InResponseTo="{parts.request_id}"{to} IssueInstant="{_at(parts, 0)}">'
        f"<saml2:Issuer>{parts.issuer}</saml2:Issuer>{signature}<saml2p:Status>{parts.status}</saml2p:Status>{inside}"
        "</saml2p:Response>"
    )


def built(parts: Parts) -> etree._Element:
    """The whole answer, signed inside and outside."""
    own = f"a-{uuid.uuid4()}"
    signature = signing.template(parts.outer_signer, own, digest=parts.digest) if parts.outer_signer else ""
    text = SOAP.format(
        f'<saml2p:ArtifactResponse {HEAD} ID="{own}" InResponseTo="{parts.resolve_id}" IssueInstant="{_at(parts, 0)}">'
        f"<saml2:Issuer>{parts.issuer}</saml2:Issuer>{signature}<saml2p:Status>{parts.status}</saml2p:Status>"
        f"{''.join(_response(parts) for _ in range(parts.responses))}</saml2p:ArtifactResponse>"
    )
    root = etree.fromstring(text)
    outer = root.find(f".//{{{P}}}ArtifactResponse")
    for inner in outer.findall(f"{{{P}}}Response"):
        if parts.inner_signer:
            signing.sign(inner, parts.inner_signer)
    if parts.outer_signer:
        signing.sign(outer, parts.outer_signer)
    return root


Change = Callable[[Parts, "Others"], Parts]


@dataclass(frozen=True)
class Others:
    """Signers that nobody pinned, and one whose certificate is over."""

    foreign: signing.Identity
    expired: signing.Identity


def _with(**changes: object) -> Change:
    return lambda parts, others: replace(parts, **changes)


PARTS: dict[str, Change] = {
    "none": _with(),
    "foreign_key": lambda p, o: replace(p, outer_signer=o.foreign, inner_signer=o.foreign),
    "foreign_inner_key": lambda p, o: replace(p, inner_signer=o.foreign),
    "expired_certificate": lambda p, o: replace(p, outer_signer=o.expired, inner_signer=o.expired),
    "no_outer_signature": _with(outer_signer=None),
    "no_inner_signature": _with(inner_signer=None),
    "sha1": _with(digest=signing.SHA1),
    "outer_in_response_to": _with(resolve_id="ID-other"),
    "inner_in_response_to": _with(request_id="ID-other"),
    "issuer": _with(issuer="evil.example", assertion_issuer="evil.example"),
    "assertion_issuer": _with(assertion_issuer="evil.example"),
    "audience": _with(audience="https://inny.example"),
    "recipient": _with(recipient="https://inny.example/acs"),
    "destination": _with(destination="https://inny.example/acs"),
    "expired": _with(lives=-300),
    "confirmation_expired": _with(confirmed_lives=-1),
    "not_yet": _with(since_ago=-300),
    "within_the_skew": _with(since_ago=-100, signed_in_ago=-100),
    "old_sign_in": _with(signed_in_ago=700),
    "replayed_assertion": _with(assertion_id="as-1"),
    "two_responses": _with(responses=2),
    "two_assertions": _with(assertions=2),
    "plain_assertion": _with(plain=True),
    "level_low": _with(level=f"{LOA}low"),
    "level_high": _with(level=f"{LOA}high"),
    "level_unknown": _with(level="urn:example:very-sure"),
    "no_identifier": _with(identifier=None),
    "empty_identifier": _with(identifier=""),
    "born_another_day": _with(born="1901-01-01Z"),
    "foreign_identifier": _with(identifier="DE/PL/4711"),
    "born_without_z": lambda p, o: replace(p, born=p.born.removesuffix("Z")),
    "cek_128": _with(bits=128),
    "cek_192": _with(bits=192),
    "tampered_tag": _with(tamper=True),
    "party_v": _with(party_v="https://inny.example"),
    "comment": _with(comment=True),
    "failed": _with(status=f"<saml2p:StatusCode Value='{S}AuthnFailed'/>"),
    "denied": _with(status=f"<saml2p:StatusCode Value='{S}RequestDenied'/>"),
    "responder": _with(status=f"<saml2p:StatusCode Value='{S}Responder'/>"),
    "nested_failed": _with(
        status=f"<saml2p:StatusCode Value='{S}Responder'>"
        f"<saml2p:StatusCode Value='{S}AuthnFailed'/></saml2p:StatusCode>"
    ),
    "nested_unknown": _with(
        status=f"<saml2p:StatusCode Value='{S}Requester'>"
        f"<saml2p:StatusCode Value='{S}UnknownPrincipal'/></saml2p:StatusCode>"
    ),
}
_BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'


def _bad_signature(root: etree._Element, path: str) -> bytes:
    """One letter of a signed value changed."""
    element = root.find(f".//{{{P}}}{path}")
    element.set("IssueInstant", "2001-01-01T00:00:00.000Z")
    return etree.tostring(root)


def _wrapped(root: etree._Element) -> bytes:
    """An evil twin stands where the signed answer stood, carries its signature, and hides it inside."""
    body = root[0]
    good = body[0]
    evil = copy.deepcopy(good)
    evil.set("ID", "evil")
    evil.find(f"{{{P}}}Response").set("ID", "evil-inside")
    holder = etree.SubElement(evil, f"{{{P}}}Extensions")
    body.replace(good, evil)
    holder.append(good)
    return etree.tostring(root)


def _wrapped_inside(root: etree._Element) -> bytes:
    """The same one level deeper; the outer signature is left alone, so it does not hold any more."""
    outer = root[0][0]
    good = outer.find(f"{{{P}}}Response")
    evil = copy.deepcopy(good)
    evil.set("ID", "evil")
    holder = etree.SubElement(evil, f"{{{P}}}Extensions")
    outer.replace(good, evil)
    holder.append(good)
    return etree.tostring(root)


TEXTS: dict[str, Callable[[etree._Element], bytes]] = {
    "bad_outer_signature": lambda root: _bad_signature(root, "ArtifactResponse"),
    "bad_inner_signature": lambda root: _bad_signature(root, "Response"),
    "wrapping": _wrapped,
    "wrapping_inside": _wrapped_inside,
    "same_id_twice": lambda root: etree.tostring(root).replace(
        b"</soap:Body>", f'<x ID="{root[0][0].get("ID")}"/></soap:Body>'.encode()
    ),
    "soap_fault": lambda root: SOAP.format(
        "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>x</faultstring></soap:Fault>"
    ).encode(),
    "no_xml": lambda root: b"<html><p>Serwis niedost",
    "entity_bomb": lambda root: _BOMB.encode() + etree.tostring(root).replace(b"Maria", b"&c;"),
    "dtd": lambda root: b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + etree.tostring(root),
    "huge": lambda root: etree.tostring(root) + b" " * (1024 * 1024),
}
# The transport fails, not the text: answered by the server itself.
TRANSPORT = ("http_500", "redirect", "hang_up")
FAULTS = (*PARTS, *TEXTS, *TRANSPORT)


def answer(parts: Parts, fault: str, others: Others) -> bytes:
    """The body of the answer with one fault in it."""
    root = built(PARTS[fault](parts, others) if fault in PARTS else parts)
    return TEXTS[fault](root) if fault in TEXTS else etree.tostring(root)
