"""Runtime settings of privacy: which consents are asked for, and how long evidence and the diary are kept."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import fields, validate

from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema


@dataclass(frozen=True, kw_only=True)
class ConsentsConfig:
    """Which consents the page "Zgody" offers; one that was given stays there until it is withdrawn."""

    email: bool = True
    sms: bool = True
    phone: bool = False

    @property
    def offered(self) -> frozenset[str]:
        """The codes of the consents that are asked for."""
        return frozenset(code for code in ("email", "sms", "phone") if getattr(self, code))


class ConsentsConfigSchema(ConfigSchema):
    """The page "Zgody klientów"."""

    key = "core.consents"
    builds = ConsentsConfig

    email = fields.Boolean(metadata={"label": _("Ask for the consent to news by e-mail")})
    sms = fields.Boolean(metadata={"label": _("Ask for the consent to news by text message")})
    phone = fields.Boolean(metadata={"label": _("Ask for the consent to news by phone")})


@dataclass(frozen=True, kw_only=True)
class RetentionConfig:
    """How long things of this room are kept (identity.md §10.5)."""

    grace_days: int = 14
    export_days: int = 7
    evidence_years: int = 6
    diary_months: int = 24


def _number(least: int, most: int, label: object, hint: object = "") -> fields.Integer:
    problem = _("Write a whole number from %(least)s to %(most)s", least=least, most=most)
    return fields.Integer(
        strict=True,
        validate=validate.Range(min=least, max=most, error=problem),
        metadata={"label": label, "hint": hint},
    )


class RetentionConfigSchema(ConfigSchema):
    """The page "Dane osobowe: jak długo"."""

    key = "core.retention"
    builds = RetentionConfig

    grace_days = _number(1, 60, _("Days in which a deletion of an account can be undone"))
    export_days = _number(1, 30, _("Days for which the file with one's own data can be fetched"))
    evidence_years = _number(
        1,
        10,
        _("Years for which proofs of acceptances and consents are kept"),
        _("Counted from their end; the law of claims needs six"),
    )
    diary_months = _number(3, 60, _("Months for which the diary of views is kept"))
