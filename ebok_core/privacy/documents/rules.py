"""The kinds of documents: where they stand, what they are called, and how a shipped text is filled in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ebok_core.i18n import lazy_gettext as _

TERMS, PRIVACY, EINVOICES, SMS, COOKIES = "terms", "privacy", "einvoices", "sms", "cookies"
LANGUAGE = "pl"
MOST_TITLE, MOST_BODY, MOST_SUMMARY = 150, 100_000, 2_000
ACCEPTED, READ = "accepted", "read"
WAY_REGISTRATION, WAY_SIGN_IN = "registration", "sign_in"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of document. `asks` is what a new version may ask of customers after sign-in: to accept it or to read it.

    `slug` is the page's address, empty for a text that has no page of its own (a consent). `polish` is its title in the
    language of the texts themselves.
    """

    key: str
    title: Any
    polish: str
    slug: str = ""
    asks: str = ""


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            key=PRIVACY,
            title=_("Privacy policy"),
            polish="Polityka prywatności",
            slug="polityka-prywatnosci",
            asks=READ,
        ),
        Kind(key=TERMS, title=_("Terms of the portal"), polish="Regulamin portalu", slug="regulamin", asks=ACCEPTED),
        Kind(key=EINVOICES, title=_("Rules of e-invoices"), polish="Zasady e-faktur", slug="zasady-e-faktur"),
        Kind(key=SMS, title=_("Rules of text messages"), polish="Zasady wysyłania SMS-ów", slug="zasady-sms"),
        Kind(key=COOKIES, title=_("Cookies"), polish="Pliki cookie", slug="pliki-cookie"),
        Kind(key="consent_email", title=_("Consent: news by e-mail"), polish="Zgoda: informacje e-mailem"),
        Kind(key="consent_sms", title=_("Consent: news by text message"), polish="Zgoda: informacje SMS-em"),
        Kind(key="consent_phone", title=_("Consent: news by phone"), polish="Zgoda: informacje przez telefon"),
    )
}
PUBLIC = tuple(kind for kind in KINDS.values() if kind.slug)
ASKED = tuple(kind.key for kind in KINDS.values() if kind.asks)


def filled(text: str, *, name: str, address: str, contact: str) -> str:
    """A shipped text with the utility's own data in its places."""
    missing = "podany na stronie Kontakt"
    places = {"zaklad": name, "adres": address or missing, "kontakt": contact or missing}
    for place, value in places.items():
        text = text.replace("{{" + place + "}}", value)
    return text


def contact_line(*, phone: str, email: str) -> str:
    """How to reach the utility, in a sentence."""
    parts = [f"telefon {phone}" if phone else "", f"e-mail {email}" if email else ""]
    return ", ".join(part for part in parts if part)


def fingerprint(title: str, body: str) -> str:
    """The SHA-256 of a version's text, hex: what an acceptance can be checked against."""
    return hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()
