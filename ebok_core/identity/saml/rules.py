"""Rules of sign-in through the hub: PESEL, names, artifacts, levels, whose account a verified person gets. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum

FLOW_LIVES = timedelta(minutes=10)
# How long a verified person may take to prove an account or to make one, before login.gov.pl is asked again.
PROOF_LIVES = timedelta(hours=24)
HANDLE_LIVES = timedelta(seconds=60)
KEEP_FLOWS = timedelta(hours=24)
KEEP_ASSERTIONS = timedelta(days=1)
KEEP_TASKS = timedelta(days=365)
CONFIRM_LIVES = timedelta(minutes=30)
MOST_AGE_OF_SIGN_IN = timedelta(minutes=10)
LOGOUT_TRIES = 3
EXPIRY_WARNINGS = (60, 30, 14, 7, 1)
LEVELS = ("low", "substantial", "high")
SOURCE = WAY = "wk"

# Why somebody is sent to the hub.
LOGIN, LINK, PROVE, TEST = "login", "link", "prove", "test"
# Where a flow stands: opened, its answer being fetched, answered, waiting for a proof, over.
OPENED, FETCHING, ANSWERED, PENDING, OVER, FAILED = "opened", "fetching", "answered", "pending", "over", "failed"


# PESEL

_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
# What the century adds to the month.
_CENTURIES = {80: 1800, 0: 1900, 20: 2000, 40: 2100, 60: 2200}


def is_pesel(text: str) -> bool:
    """Whether the text is a PESEL: eleven ASCII digits, the right last one, and a date that exists.

    >>> is_pesel("44051401359"), is_pesel("44051401358"), is_pesel("99999999999")
    (True, False, False)
    """
    if len(text) != 11 or not text.isascii() or not text.isdigit():
        return False
    control = (10 - sum(w * int(d) for w, d in zip(_WEIGHTS, text, strict=False)) % 10) % 10
    return control == int(text[10]) and born_on(text) is not None


def born_on(pesel: str) -> date | None:
    """The date of birth in a PESEL, or None where there is no such day."""
    month = int(pesel[2:4])
    added = month // 20 * 20
    try:
        return date(_CENTURIES[added] + int(pesel[:2]), month - added, int(pesel[4:6]))
    except (KeyError, ValueError):
        return None


def hub_date(text: str) -> date | None:
    """A date as the hub writes it, `1987-02-22Z` or without the Z; None for anything else."""
    try:
        return date.fromisoformat(text.strip().removesuffix("Z"))
    except ValueError:
        return None


# Artifacts and levels


def is_artifact(text: str, issuer: str) -> bool:
    """Whether this is an artifact of type 4 that this identity provider made: 44 bytes, the SHA-1 of its name inside.

    An issuer that does not put its name inside (the hub's was never seen) is not asked for it: `issuer` may be empty.
    """
    if len(text) > 80:
        return False
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    known = not issuer or raw[4:24] == hashlib.sha1(issuer.encode(), usedforsecurity=False).digest()
    return len(raw) == 44 and raw[:2] == b"\x00\x04" and known


def reaches(level: str, wanted: str, levels: Mapping[str, str]) -> bool:
    """Whether a level (a URI of the profile's `levels`) is at or above the wanted one; an unknown one is not."""
    found = next((name for name, uri in levels.items() if uri == level), None)
    return found is not None and LEVELS.index(found) >= LEVELS.index(wanted)


# Names


def _plain(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    letters = "".join(c if c.isalnum() else " " for c in folded if not unicodedata.combining(c))
    return letters.split()


def names_agree(given: str, family: str, name: str) -> bool:
    """Whether a customer's one name may be this person's (identity.md §5).

    Every part of the family name or its first one, and a given name or its initial, must be among the parts of `name`.

    >>> names_agree("Jan Maria", "Łęcka-Nowak", "NOWAK LECKA JAN"), names_agree("Jan", "Lis", "Lis J."), \
    names_agree("Jan", "Lis", "Lis Anna")
    (True, True, False)
    """
    parts, families, givens = set(_plain(name)), _plain(family), _plain(given)
    if not families or not givens:
        return False
    fits_family = families[0] in parts or all(part in parts for part in families)
    rest = parts - set(families)
    return fits_family and any(part in rest or part[0] in rest for part in givens)


# Whose account a verified person gets (identity.md §5, cases A to K)


class Verdict(Enum):
    """What happens next."""

    ENTER = "enter"
    """A: the identity belongs to an account: sign in."""
    CREATE = "create"
    """B, C, D: make an account for the customers of `link`."""
    PROVE = "prove"
    """G: an account is there already: its owner proves it once."""
    DISAGREES = "disagrees"
    """E: the names agree nowhere: the office looks into it."""
    NOBODY = "nobody"
    """F: no customer of this person."""
    COMPANY = "company"
    """H: only companies carry this number: they need a delegation."""


@dataclass(frozen=True)
class Found:
    """A customer of TYTAN whose number is the person's.

    `owners` are accounts that act for it and have no identity of the hub yet; `is_ours`: the account in question does.
    """

    code: str
    name_agrees: bool
    is_company: bool = False
    is_closed: bool = False
    owners: tuple[str, ...] = ()
    is_ours: bool = False


@dataclass(frozen=True)
class Decision:
    """What happens: the verdict, the customers to link, those that go to the office, whose account must be proved."""

    verdict: Verdict
    link: tuple[str, ...] = ()
    office: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


def decide(found: Iterable[Found], *, account: str | None, closed_opens: bool = False) -> Decision:
    """The case of a verified person: `account` is the one that the identity belongs to or is to belong to, or None.

    `closed_opens` is the utility's word on customers whose contract has ended (I).
    """
    everyone = [replace(c, is_ours=True) if account in c.owners else c for c in found]
    people = [c for c in everyone if not c.is_company and (closed_opens or not c.is_closed)]
    agreeing = [c for c in people if c.name_agrees]
    office = tuple(c.code for c in people if not c.name_agrees)
    free = tuple(c.code for c in agreeing if not c.owners and not c.is_ours)
    taken = [c for c in agreeing if c.owners and not c.is_ours]
    if account is not None:
        return Decision(Verdict.ENTER, free, office + tuple(c.code for c in taken))
    if not people:
        return Decision(Verdict.COMPANY if any(c.is_company for c in everyone) else Verdict.NOBODY)
    if not agreeing:
        return Decision(Verdict.DISAGREES, office=office)
    if taken:
        return Decision(Verdict.PROVE, free, office, tuple(sorted({o for c in taken for o in c.owners})))
    return Decision(Verdict.CREATE, free, office)


def days_to_warn(days_left: int) -> int | None:
    """The warning that a certificate with so many days left stands under: 60, 30, 14, 7, 1, or None."""
    return next((limit for limit in sorted(EXPIRY_WARNINGS) if days_left <= limit), None)
