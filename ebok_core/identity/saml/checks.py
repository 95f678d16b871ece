"""Whether the exchange can work, checked without the hub (the button "Sprawdź konfigurację"), and what expires soon."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sqlalchemy.orm import Session

from ebok_core import clock, runtime_settings
from ebok_core.contracts.admin import Level, StatusRow
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext, ngettext, pgettext
from ebok_core.runtime_settings import SecretLost

from . import extra, keys, profiles, rules, settings
from .keys import Described
from .settings import EpuapKeys, EpuapKeysSchema, Setup

KEY = "core.epuap"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SIG, ENC, IDP = "sig", "enc", "idp"
USES = {
    SIG: lazy_gettext("Our signature"),
    ENC: lazy_gettext("Our encryption"),
    IDP: lazy_gettext("Certificate of the hub"),
}


class Certificate(NamedTuple):
    """A certificate of the setup with its use; `warning` is the limit of days under which it stands."""

    use: str
    shown: Described
    warning: int | None


def certificates(stored: EpuapKeys, now: datetime) -> list[Certificate]:
    """All certificates of the setup."""
    found = []
    for use, pem in ((SIG, stored.sig_cert), (ENC, stored.enc_cert), (IDP, stored.idp_certs)):
        for certificate in keys.stored(pem):
            shown = keys.described(certificate, now)
            found.append(Certificate(use, shown, rules.days_to_warn(shown.days_left)))
    return found


def warnings(stored: EpuapKeys, now: datetime) -> list[str]:
    """A sentence for each certificate that is over or will be within 60 days, the nearest first."""
    soon = [c for c in certificates(stored, now) if c.warning is not None]
    return [in_words(c) for c in sorted(soon, key=lambda c: c.shown.days_left)]


def in_words(certificate: Certificate) -> str:
    """When a certificate ends, in words."""
    use, days = str(USES[certificate.use]), certificate.shown.days_left
    if days < 0:
        return _("%(use)s: the certificate is over. Upload a new one", use=use)
    return ngettext(
        "%(use)s: the certificate is valid for %(n)s more day",
        "%(use)s: the certificate is valid for %(n)s more days",
        days,
        use=use,
    )


# The offline check


def complaints(setup: Setup, now: datetime) -> list[str]:
    """What stands in the way of a test, each a sentence; none when all is well. `setup` carries the private keys."""
    if extra.missing():
        return [package_missing()]
    return [sentence for check in _CHECKS for sentence in check(setup, now)]


def package_missing() -> str:
    """Which packages this machine lacks, and what brings them."""
    return _(
        "Packages are missing on the server: %(names)s. Install %(extra)s and restart the portal",
        names=", ".join(extra.missing()),
        extra=extra.INSTALL,
    )


def _names(setup: Setup, _now: datetime) -> Iterable[str]:
    for value, label in (
        (setup.config.entity_id, _("our identifier")),
        (setup.config.provider_name, _("our name (ProviderName)")),
        (setup.endpoints.issuer, _("the identifier of the hub")),
    ):
        if not value:
            yield _("Missing: %(what)s", what=label)


def _addresses(setup: Setup, _now: datetime) -> Iterable[str]:
    for value, label in (
        (setup.endpoints.sso, _("the address of sign-in")),
        (setup.endpoints.artifact, _("the address of the artifact service")),
        (setup.acs, _("the address of this portal")),
    ):
        parts = urlsplit(value)
        if not value:
            yield _("Missing: %(what)s", what=label)
        elif parts.scheme != "https" and parts.hostname not in LOOPBACK:
            yield _("Not https: %(what)s", what=label)


def _own_keys(setup: Setup, now: datetime) -> Iterable[str]:
    wanted: dict[str, Any] = {
        SIG: ec.EllipticCurvePrivateKey if setup.config.signature == profiles.ECDSA_SHA256 else rsa.RSAPrivateKey,
        ENC: ec.EllipticCurvePrivateKey if setup.profile.agreement == "ecdh-es" else rsa.RSAPrivateKey,
    }
    stored = {SIG: (setup.keys.sig_key, setup.keys.sig_cert), ENC: (setup.keys.enc_key, setup.keys.enc_cert)}
    for use, (key, certificate) in stored.items():
        label = str(USES[use])
        if not key or not certificate:
            yield _("%(use)s: upload the key with its certificate", use=label)
            continue
        private, (found,) = keys.private(key), keys.stored(certificate)
        if not isinstance(private, wanted[use]):
            kind = "EC P-256" if wanted[use] is ec.EllipticCurvePrivateKey else "RSA"
            yield _("%(use)s: the key must be %(kind)s", use=label, kind=kind)
        if not keys.belongs(private, found):
            yield _("%(use)s: the certificate does not belong to the key", use=label)
        if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            yield _("%(use)s: the certificate is not valid today", use=label)


def _hub_certificates(setup: Setup, now: datetime) -> Iterable[str]:
    known = keys.stored(setup.keys.idp_certs)
    if not known:
        yield _("Upload the certificate of the hub")
    elif not any(c.not_valid_before_utc <= now <= c.not_valid_after_utc for c in known):
        yield _("No certificate of the hub is valid today")


_CHECKS: tuple[Callable[[Setup, datetime], Iterable[str]], ...] = (
    _names,
    _addresses,
    _own_keys,
    _hub_certificates,
)


# The status row (L169)


def status_row(session: Session) -> StatusRow:
    """Not configured until it was tested and switched on; an error where a certificate is over."""
    state = settings.state_of(session)
    level, text, hint = Level.MISSING, pgettext("sign-in", "Not configured"), ""
    if extra.missing():
        hint = package_missing() if state.is_on else ""
    elif state.is_on:
        level, text = Level.OK, pgettext("sign-in", "Configured")
        soon = warnings(stored_keys(session), clock.now_utc())
        if soon:
            hint = soon[0]
            level = Level.ERROR if any_is_over(session) else Level.OK
    return StatusRow(
        key=KEY,
        title=str(TITLE),
        level=level,
        text=text,
        hint=hint,
        endpoint="admin.saml.config",
        order=settings.ORDER,
    )


TITLE = lazy_gettext("Sign-in through ePUAP")


def stored_keys(session: Session) -> EpuapKeys:
    """The certificates as they are stored; the private keys stay closed."""
    found: EpuapKeys = runtime_settings.get(session, EpuapKeysSchema)
    return found


def any_is_over(session: Session) -> bool:
    """Whether one of our own certificates, or every one of the hub's, is over: then nobody can sign in."""
    found = certificates(stored_keys(session), clock.now_utc())
    own = any(c.shown.days_left < 0 for c in found if c.use != IDP)
    theirs = [c for c in found if c.use == IDP]
    return own or all(c.shown.days_left < 0 for c in theirs)


def opened(session: Session, portal_settings: Any) -> Setup:
    """The setup with its keys. Raises `Refused` where a key was encrypted with a key that is gone."""
    try:
        return settings.setup(session, portal_settings, with_keys=True)
    except SecretLost as lost:
        raise Refused(str(lost), code="key") from lost
