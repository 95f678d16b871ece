"""What stands against an answer: the list V1–V16 of identity.md §2.9, one function each, and the person it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from . import decrypt, dsig, rules, xml
from .errors import STATUS, Rejected, Unreachable, Unsuccessful
from .profiles import BORN, FAMILY, GIVEN, IDENTIFIER, Profile

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = f"{STATUS}Success"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a good answer must agree with. `skew` bears on `Conditions` alone; `check_parties`: see §2.8, step 2."""

    profile: Profile
    now: datetime
    request_id: str
    resolve_id: str
    acs: str
    entity_id: str
    issuer: str
    level: str
    pinned: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes = field(repr=False)
    skew: timedelta = timedelta(seconds=120)
    check_parties: bool = True


@dataclass(frozen=True, kw_only=True)
class Person:
    """A verified person. `identifier` is the PESEL where `is_pesel`, else a foreign one; never stored, never logged."""

    identifier: str = field(repr=False)
    is_pesel: bool
    given: str = field(repr=False)
    family: str = field(repr=False)
    born: date | None = field(repr=False)
    level: str
    authority: str
    name_id: str = field(repr=False)
    session_index: str = field(repr=False)
    assertion_id: str
    valid_until: datetime


def read(body: bytes, expected: Expected) -> Person:
    """The person that the SOAP answer vouches for.

    Raises `Unreachable` (V1), `Unsuccessful` (V8) or `Rejected` with the number of the check. V13 is the caller's: it
    needs the table of assertions seen.
    """
    try:
        outer = _answer(body, expected)
        _status(outer)
        inner = _response(outer, expected)
        _status(inner)
        assertion = _assertion(inner, expected)
        for check in _CHECKS:
            check(assertion, expected)
        return _person(assertion, expected)
    except xml.BadXml as error:
        raise Rejected("XML", str(error)) from error


# The two outer elements


def _answer(body: bytes, expected: Expected) -> xml.Element:
    """V1 one ArtifactResponse and no fault, V2 its signature, V3 for us, of whom we asked, V4 the signed part only."""
    try:
        root = xml.parse(body)
        if root.tag != xml.tag("soap:Envelope") or xml.find(root, "soap:Body/soap:Fault"):
            raise Unreachable("a SOAP fault, or no SOAP at all")
        outer = xml.one(root, "soap:Body/saml2p:ArtifactResponse")
    except xml.BadXml as error:
        raise Unreachable(str(error)) from error
    outer = _trusted(outer, "ArtifactResponse", "V2", expected)
    if outer.get("InResponseTo") != expected.resolve_id:
        raise Rejected("V3", "an answer to another question")
    if _issuer(outer) != expected.issuer:
        raise Rejected("V3", "another issuer")
    return outer


def _response(outer: xml.Element, expected: Expected) -> xml.Element:
    """V5 one signed Response, V6 to our request, V7 for our address."""
    found = xml.find(outer, "saml2p:Response")
    if len(found) != 1:
        raise Rejected("V5", f"{len(found)} responses")
    inner = _trusted(found[0], "Response", "V5", expected)
    if inner.get("InResponseTo") != expected.request_id:
        raise Rejected("V6", "an answer to another request")
    if inner.get("Destination") not in (None, expected.acs):
        raise Rejected("V7", "sent to another address")
    return inner


def _trusted(element: xml.Element, name: str, rule: str, expected: Expected) -> xml.Element:
    if name not in expected.profile.signed:
        return element
    return dsig.verified(element, expected.pinned, expected.now, rule)


def _issuer(element: xml.Element) -> str | None:
    found = xml.find(element, "saml2:Issuer")
    return xml.text_of(found[0]) if len(found) == 1 else None


def _status(element: xml.Element) -> None:
    """V8: the most specific code decides, whatever else the message carries."""
    codes = xml.find(element, "saml2p:Status/saml2p:StatusCode")
    if len(codes) != 1:
        raise Rejected("V8", f"{len(codes)} status codes")
    if codes[0].get("Value") == SUCCESS:
        return
    nested = xml.find(codes[0], "saml2p:StatusCode")
    raise Unsuccessful(str((nested or codes)[0].get("Value")))


# The assertion


def _assertion(inner: xml.Element, expected: Expected) -> xml.Element:
    """V9 one encrypted assertion and no plain one, V10 one assertion inside, of whom we trust."""
    encrypted = xml.find(inner, "saml2:EncryptedAssertion")
    if len(encrypted) != 1 or xml.find(inner, ".//saml2:Assertion"):
        raise Rejected("V9", "not exactly one encrypted assertion")
    parties = decrypt.Parties(expected.issuer, expected.entity_id) if expected.check_parties else None
    try:
        assertion = xml.parse(decrypt.opened(encrypted[0], expected.key, expected.profile, parties))
    except xml.BadXml as error:
        raise Rejected("V10", str(error)) from error
    if assertion.tag != xml.tag("saml2:Assertion") or xml.find(assertion, ".//saml2:Assertion"):
        raise Rejected("V10", "not exactly one assertion")
    assertion = _trusted(assertion, "Assertion", "V10", expected)
    if _issuer(assertion) != expected.issuer:
        raise Rejected("V10", "another issuer")
    if not assertion.get("ID"):
        raise Rejected("V10", "an assertion without an ID")
    return assertion


def _confirmation(assertion: xml.Element, expected: Expected) -> None:
    """V11: borne by the browser that asked, to our address, still valid."""
    found = xml.one(assertion, "saml2:Subject/saml2:SubjectConfirmation")
    data = xml.one(found, "saml2:SubjectConfirmationData")
    if found.get("Method") != BEARER or data.get("InResponseTo") != expected.request_id:
        raise Rejected("V11", "confirmed for another request")
    if data.get("Recipient") != expected.acs:
        raise Rejected("V11", "confirmed for another address")
    until = _instant(data.get("NotOnOrAfter"))
    if until is None or until <= expected.now or data.get("NotBefore") is not None:
        raise Rejected("V11", "the confirmation is not valid now")


def _conditions(assertion: xml.Element, expected: Expected) -> None:
    """V12: valid now, give or take the skew of two clocks, and for us."""
    conditions = xml.one(assertion, "saml2:Conditions")
    since, until = _instant(conditions.get("NotBefore")), _instant(conditions.get("NotOnOrAfter"))
    if until is None or until + expected.skew <= expected.now:
        raise Rejected("V12", "expired")
    if since is not None and since - expected.skew > expected.now:
        raise Rejected("V12", "not valid yet")
    audiences = xml.find(conditions, "saml2:AudienceRestriction/saml2:Audience")
    if [xml.text_of(audience) for audience in audiences] != [expected.entity_id]:
        raise Rejected("V12", "for another audience")


def _level(assertion: xml.Element, expected: Expected) -> None:
    """V14: proved at least as well as the utility wants."""
    found = _level_of(assertion)
    if not rules.reaches(found, expected.level, expected.profile.levels):
        raise Rejected("V14", "the level is too low or unknown")


def _freshness(assertion: xml.Element, expected: Expected) -> None:
    """V15: signed in just now, because we asked for it."""
    at = _instant(xml.one(assertion, "saml2:AuthnStatement").get("AuthnInstant"))
    if at is None or expected.now - at > rules.MOST_AGE_OF_SIGN_IN or at - expected.skew > expected.now:
        raise Rejected("V15", "the sign-in is old")


_CHECKS: tuple[Callable[[xml.Element, Expected], None], ...] = (_confirmation, _conditions, _level, _freshness)


def _person(assertion: xml.Element, expected: Expected) -> Person:
    """V16 the four facts, each once, and the PESEL with its date of birth (§2.10)."""
    facts = _facts(assertion, expected.profile.attributes)
    born = rules.hub_date(facts[BORN])
    is_pesel = rules.is_pesel(facts[IDENTIFIER])
    if is_pesel and rules.born_on(facts[IDENTIFIER]) != born:
        raise Rejected("PESEL", "the number and the date of birth disagree")
    statement = xml.one(assertion, "saml2:AuthnStatement")
    authorities = xml.find(statement, "saml2:AuthnContext/saml2:AuthenticatingAuthority")
    until = _instant(xml.one(assertion, "saml2:Conditions").get("NotOnOrAfter"))
    return Person(
        identifier=facts[IDENTIFIER],
        is_pesel=is_pesel,
        given=facts[GIVEN],
        family=facts[FAMILY],
        born=born,
        level=next(n for n, uri in expected.profile.levels.items() if uri == _level_of(assertion)),
        authority=xml.text_of(authorities[0])[:80] if authorities else "",
        name_id=xml.text_of(xml.one(assertion, "saml2:Subject/saml2:NameID")),
        session_index=statement.get("SessionIndex") or "",
        assertion_id=assertion.get("ID"),
        valid_until=until or expected.now,
    )


def _facts(assertion: xml.Element, names: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    attributes = xml.find(assertion, "saml2:AttributeStatement/saml2:Attribute")
    for fact, name in names.items():
        values = [v for a in attributes if a.get("Name") == name for v in xml.find(a, "saml2:AttributeValue")]
        if len(values) != 1 or not xml.text_of(values[0]):
            raise Rejected("V16", f"{len(values)} × {fact}")
        found[fact] = xml.text_of(values[0])
    return found


def _level_of(assertion: xml.Element) -> str:
    return xml.text_of(xml.one(assertion, "saml2:AuthnStatement/saml2:AuthnContext/saml2:AuthnContextClassRef"))


def _instant(text: str | None) -> datetime | None:
    """An instant of SAML, in UTC with a Z; None for none and for what is none."""
    if not text or not text.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def logout_status(body: bytes) -> str:
    """The most specific status of a LogoutResponse, without its prefix. Raises `Unreachable` for no such answer."""
    try:
        answer = xml.one(xml.parse(body), "soap:Body/saml2p:LogoutResponse")
        _status(answer)
    except xml.BadXml as error:
        raise Unreachable(str(error)) from error
    except Rejected as error:
        raise Unreachable(str(error)) from error
    except Unsuccessful as unsuccessful:
        return unsuccessful.status
    return "Success"
