"""Runtime settings of the page "Logowania przez ePUAP" (L174): the exchange, the keys, and whether it is on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from marshmallow import fields, validate
from sqlalchemy.orm import Session

from ebok_core import runtime_settings
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import lazy_pgettext
from ebok_core.runtime_settings import ConfigSchema, secret_text

from . import profiles

if TYPE_CHECKING:
    from ebok_core.settings import CoreSettings

ORDER = 30
ACS_PATH = "/logowanie/login-gov/acs"
LABEL = "Zaloguj przez login.gov.pl (Profil Zaufany / ePUAP)"
CLOSED = "Zamknięty\nNieaktywny\nRozwiązany\nZlikwidowany"
# What a change of is no other exchange: it needs no new test.
_HARMLESS = ("label", "create_without_customer", "closed_words", "closed_opens", "skew_seconds")


@dataclass(frozen=True, kw_only=True)
class EpuapConfig:
    """How the hub is reached and what is done with who comes back; empty addresses are the environment's."""

    profile: str = "wk"
    environment: str = "int"
    entity_id: str = ""
    provider_name: str = ""
    sp_type: str = ""
    level: str = "substantial"
    signature: str = profiles.ECDSA_SHA256
    label: str = LABEL
    sso_url: str = ""
    sso_destination: str = ""
    artifact_url: str = ""
    logout_url: str = ""
    idp_issuer: str = ""
    skew_seconds: int = 120
    check_parties: bool = True
    foreign_authentication: bool = False
    old_tls: bool = False
    create_without_customer: bool = False
    closed_opens: bool = False
    closed_words: str = CLOSED


def _address(label: object, hint: object = "") -> fields.String:
    return fields.String(validate=validate.Length(max=300), metadata={"label": label, "hint": hint})


def _choice(label: object, *pairs: tuple[str, object], hint: object = "") -> fields.String:
    values, labels = zip(*pairs, strict=True)
    return fields.String(validate=validate.OneOf(values, labels), metadata={"label": label, "hint": hint})


def _flag(label: object, hint: object = "") -> fields.Boolean:
    return fields.Boolean(metadata={"label": label, "hint": hint})


class EpuapConfigSchema(ConfigSchema):
    """The form of the page, in its order."""

    key = "core.epuap"
    builds = EpuapConfig

    environment = _choice(
        _("Environment"),
        ("int", _("test (int.login.gov.pl)")),
        ("prod", _("production (login.gov.pl)")),
        ("int-private", _("test for private entities")),
        ("prod-private", _("production for private entities (podmiotyzewnetrzne.login.gov.pl)")),
        ("symulator", _("simulator (symulator.login.gov.pl)")),
        (profiles.OWN, _("own addresses, given below")),
        hint=_("Begin with the test environment. Production needs certificates of its own"),
    )
    entity_id = _address(
        _("Our identifier (Issuer, entity ID)"), _("Exactly as in the application form sent to the ministry")
    )
    provider_name = _address(_("Our name (ProviderName)"), _("Exactly as given in the application form"))
    sp_type = _choice(
        _("Class of our office (SPType)"),
        ("", _("by the environment")),
        ("public", _("a public body")),
        ("private", _("a private entity")),
        hint=_("It is written in the agreement with the ministry"),
    )
    level = _choice(
        _("Level of assurance"),
        ("low", lazy_pgettext("assurance", "low")),
        ("substantial", lazy_pgettext("assurance", "substantial")),
        ("high", lazy_pgettext("assurance", "high")),
        hint=_("The trusted profile gives the substantial level"),
    )
    label = _address(_("Text of the button"), _("It stands on the sign-in page"))
    create_without_customer = _flag(
        _("Make accounts for people who are not our customers yet"),
        _("Useful for applications for a new connection"),
    )
    closed_opens = _flag(
        _("Open customers whose contract has ended"), _("They see their bills. When it is off, they are hidden")
    )
    closed_words = fields.String(
        validate=validate.Length(max=1000),
        metadata={
            "label": _("Statuses of such customers"),
            "hint": _("As TYTAN writes them, one a line"),
            "multiline": True,
        },
    )
    profile = _choice(
        _("Kind of identity provider"),
        ("wk", _("National Node (login.gov.pl)")),
        ("generic", _("another one: SAML 2.0 with artifact and RSA")),
    )
    signature = _choice(
        _("Signature of our messages"), (profiles.ECDSA_SHA256, "ECDSA-SHA256"), (profiles.RSA_SHA256, "RSA-SHA256")
    )
    sso_url = _address(_("Address of sign-in"), _("Empty: the environment's. So it is with the four below"))
    sso_destination = _address(
        _("Address of sign-in inside the message (Destination)"), _("Only where the hub expects another one")
    )
    artifact_url = _address(_("Address of the artifact service"))
    logout_url = _address(_("Address of signing out"))
    idp_issuer = _address(_("Identifier of the hub (Issuer)"))
    skew_seconds = fields.Integer(
        strict=True,
        validate=validate.Range(min=0, max=300),
        metadata={"label": _("How far the clocks may differ (seconds)")},
    )
    check_parties = _flag(
        _("Check for whom the key of an answer was agreed"), _("Switch off only when COI asks you to")
    )
    foreign_authentication = _flag(_("Sign-in from other countries (ForeignAuthentication)"))
    old_tls = _flag(
        _("Bear weak encryption of the test environment's connection"),
        _("Never works in production, and only for calls of the hub"),
    )


@dataclass(frozen=True, kw_only=True)
class EpuapKeys:
    """Our two keys with certificates, and the hub's certificates that we trust; PEM, empty while missing."""

    sig_key: str = field(default="", repr=False)
    sig_cert: str = ""
    enc_key: str = field(default="", repr=False)
    enc_cert: str = ""
    idp_certs: str = ""


class EpuapKeysSchema(ConfigSchema):
    """Stored beside the page; filled by uploads."""

    key = "core.epuap_keys"
    builds = EpuapKeys

    sig_key = secret_text()
    sig_cert = fields.String()
    enc_key = secret_text()
    enc_cert = fields.String()
    idp_certs = fields.String()


@dataclass(frozen=True, kw_only=True)
class EpuapState:
    """Whether sign-in is on, and which exchange was tested when (ISO instant)."""

    is_on: bool = False
    tested: str = ""
    tested_at: str = ""


class EpuapStateSchema(ConfigSchema):
    """Stored beside the page; set by its buttons."""

    key = "core.epuap_state"
    builds = EpuapState

    is_on = fields.Boolean()
    tested = fields.String()
    tested_at = fields.String()


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Everything about the exchange, resolved."""

    config: EpuapConfig
    keys: EpuapKeys
    state: EpuapState
    endpoints: profiles.Endpoints
    sp_type: str
    acs: str

    @property
    def profile(self) -> profiles.Profile:
        """How this provider answers."""
        return profiles.PROFILES[self.config.profile]

    @property
    def fingerprint(self) -> str:
        """What a test proves: it stays the same while the exchange does."""
        config = {n: v for n, v in dataclasses.asdict(self.config).items() if n not in _HARMLESS}
        told = json.dumps([config, self.keys.sig_cert, self.keys.enc_cert, self.acs], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def skew(self) -> timedelta:
        """How far the clocks may differ."""
        return timedelta(seconds=self.config.skew_seconds)

    @property
    def is_tested(self) -> bool:
        """Whether the exchange as it stands was tested with success."""
        return bool(self.state.tested) and self.state.tested == self.fingerprint


def setup(session: Session, settings: CoreSettings, *, with_keys: bool = False) -> Setup:
    """The settings as they are; `with_keys` opens the private keys too (raises `SecretLost`)."""
    config: EpuapConfig = runtime_settings.get(session, EpuapConfigSchema)
    keys = runtime_settings.get(session, EpuapKeysSchema, settings.encryption_keys if with_keys else ())
    known = profiles.preset(config.environment)
    sso = config.sso_url or known.sso
    environment = profiles.ENVIRONMENTS.get(config.environment)
    return Setup(
        config=config,
        keys=keys,
        state=state_of(session),
        endpoints=profiles.Endpoints(
            sso=sso,
            destination=config.sso_destination or (config.sso_url or known.destination),
            artifact=config.artifact_url or known.artifact,
            logout=config.logout_url or known.logout,
            issuer=config.idp_issuer or known.issuer,
        ),
        sp_type=config.sp_type or (environment.sp_type if environment else "public"),
        acs=settings.public_url.rstrip("/") + ACS_PATH,
    )


def state_of(session: Session) -> EpuapState:
    """Whether sign-in is on."""
    found: EpuapState = runtime_settings.get(session, EpuapStateSchema)
    return found


def label_of(session: Session) -> str:
    """The text of the button."""
    found: EpuapConfig = runtime_settings.get(session, EpuapConfigSchema)
    return found.label or LABEL
