"""The two ways in which identity providers answer, as data, and the addresses of the National Node (identity.md §2.2).

`wk` is login.gov.pl; `generic` is SAML with RSA, which lets a program that we did not write be the other side in tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ECDSA_SHA256 = "ecdsa-sha256"
RSA_SHA256 = "rsa-sha256"
PERSON = "http://eidas.europa.eu/attributes/naturalperson/"
LOA = "http://eidas.europa.eu/LoA/"
CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
IDENTIFIER, GIVEN, FAMILY, BORN = "identifier", "given", "family", "born"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What differs between identity providers; never tried one after the other.

    `signed` names the elements that must carry a signature of a pinned certificate: `ArtifactResponse`, `Response`,
    `Assertion`. `asks` is whether eIDAS extensions go into the request. `agreement` is `ecdh-es` or `rsa-oaep`,
    `ciphers` are what the content may be encrypted with. `attributes` are the names of a person's four facts, `levels`
    the provider's words for our three levels. `artifact_names_issuer`: the artifact carries the hash of its issuer.
    """

    key: str
    signed: frozenset[str]
    asks: bool
    agreement: str
    ciphers: frozenset[str]
    attributes: Mapping[str, str]
    levels: Mapping[str, str]
    artifact_names_issuer: bool
    friendly: Mapping[str, str] = field(default_factory=dict)


WK = Profile(
    key="wk",
    signed=frozenset({"ArtifactResponse", "Response"}),
    asks=True,
    agreement="ecdh-es",
    ciphers=frozenset({"http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm"}),
    attributes={
        GIVEN: f"{PERSON}CurrentGivenName",
        FAMILY: f"{PERSON}CurrentFamilyName",
        BORN: f"{PERSON}DateOfBirth",
        IDENTIFIER: f"{PERSON}PersonIdentifier",
    },
    levels={"low": f"{LOA}low", "substantial": f"{LOA}substantial", "high": f"{LOA}high"},
    artifact_names_issuer=False,
    friendly={GIVEN: "FirstName", FAMILY: "FamilyName", BORN: "DateOfBirth", IDENTIFIER: "PersonIdentifier"},
)
GENERIC = Profile(
    key="generic",
    signed=frozenset({"Assertion"}),
    asks=False,
    agreement="rsa-oaep",
    ciphers=frozenset({"http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"}),
    attributes={GIVEN: "FirstName", FAMILY: "FamilyName", BORN: "DateOfBirth", IDENTIFIER: "PersonIdentifier"},
    levels={
        "low": f"{CLASSES}Password",
        "substantial": f"{CLASSES}PasswordProtectedTransport",
        "high": f"{CLASSES}TimeSyncToken",
    },
    artifact_names_issuer=True,
)
PROFILES: Mapping[str, Profile] = {profile.key: profile for profile in (WK, GENERIC)}

# Presets

SIGN_IN_PATH = "/login/SingleSignOnService"
ARTIFACT_PATH = "/login-services/idpArtifactResolutionService"
LOGOUT_PATH = "/login-services/singleLogoutService"
OWN = "own"


@dataclass(frozen=True)
class Environment:
    """A host of the National Node; `sp_type` is what it expects us to call ourselves."""

    host: str
    sp_type: str


ENVIRONMENTS: Mapping[str, Environment] = {
    "symulator": Environment("symulator.login.gov.pl", "public"),
    "int": Environment("int.login.gov.pl", "public"),
    "prod": Environment("login.gov.pl", "public"),
    "int-private": Environment("int-podmiotyzewnetrzne.login.gov.pl", "private"),
    "prod-private": Environment("podmiotyzewnetrzne.login.gov.pl", "private"),
}


@dataclass(frozen=True)
class Endpoints:
    """Where the identity provider is and what it is called."""

    sso: str
    destination: str
    artifact: str
    logout: str
    issuer: str


def preset(environment: str) -> Endpoints:
    """The addresses of an environment; all empty for `own`."""
    known = ENVIRONMENTS.get(environment)
    if known is None:
        return Endpoints("", "", "", "", "")
    root = f"https://{known.host}"
    sso = root + SIGN_IN_PATH
    return Endpoints(sso, sso, root + ARTIFACT_PATH, root + LOGOUT_PATH, known.host)
