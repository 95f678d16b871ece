"""What a utility sets about e-Faktura: deployment settings, and the page "e-Faktura" of the panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from ebok_core.errors import ConfigurationError
from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema
from ebok_core.web import PLDecimal, WholeNumber

from .rules.codes import ENVIRONMENTS

CONSENT_TEXT = (
    "Wyrażam zgodę na wystawianie i przesyłanie mi faktur, faktur korygujących i duplikatów faktur w formie "
    "elektronicznej (art. 106n ustawy o podatku od towarów i usług). Faktury będą dostępne w e-BOK, a o każdej dostanę "
    "powiadomienie na podany adres. Zgodę mogę w każdej chwili wycofać w e-BOK; wtedy faktury znów przyjdą pocztą."
)


@dataclass(frozen=True, kw_only=True)
class FakturaSettings:
    """Deployment settings, `EBOK_FAKTURA__…`."""

    notify_batch: int = 20
    """How many notices one transaction writes; a mail's texts cost some milliseconds, and others wait meanwhile."""
    bounce_mailbox: str = ""
    """The box of the sender's address that the mail server writes to: a Maildir folder or an mbox file."""
    ksef_environment: str = "test"
    """Where the codes on documents lead: `prod`, `demo` or `test`. A demonstration always leads to `test`."""

    def __post_init__(self) -> None:
        if self.ksef_environment not in ENVIRONMENTS:
            raise ConfigurationError(
                f"EBOK_FAKTURA__KSEF_ENVIRONMENT is {self.ksef_environment!r}: write one of {', '.join(ENVIRONMENTS)}"
            )


@dataclass(frozen=True, kw_only=True)
class FakturaConfig:
    """The page "e-Faktura". Prices are złoty gross for one bill."""

    consent_text: str = CONSENT_TEXT
    paper_price: Decimal = Decimal(0)
    einvoice_price: Decimal = Decimal(0)
    after_bounce: str = "paper"
    sms_patience_minutes: int = 60
    keep_years: int = 6


def _price(label: Any, hint: Any) -> PLDecimal:
    return PLDecimal(whole=4, places=2, metadata={"label": label, "hint": hint})


class FakturaConfigSchema(ConfigSchema):
    """What the page accepts."""

    key = "faktura.distribution"
    builds = FakturaConfig

    consent_text = fields.String(
        validate=validate.Length(min=40, max=5000),
        metadata={
            "label": _("Wording of the consent"),
            "hint": _("A changed wording gets a new number; who agreed before keeps the wording that they saw"),
            "multiline": True,
        },
    )
    paper_price = _price(_("What a paper bill costs the customer [zł]"), _("For one bill, gross; 0: nothing is shown"))
    einvoice_price = _price(_("What an e-invoice costs the customer [zł]"), _("For one bill, gross"))
    after_bounce = fields.String(
        validate=validate.OneOf(
            ["paper", "sms", "mail"],
            labels=[
                _("paper until the address works"),
                _("a text message where a number is known, else paper"),
                _("the same address again"),
            ],
        ),
        metadata={"label": _("After a returned e-mail the next invoices go by")},
    )
    sms_patience_minutes = WholeNumber(
        digits=4,
        least=5,
        most=1440,
        metadata={
            "label": _("Send an e-mail when a text message has not gone out for (minutes)"),
            "hint": _("For customers who chose text messages alone"),
        },
    )
    keep_years = WholeNumber(
        digits=2,
        least=6,
        most=20,
        metadata={
            "label": _("Keep consents and proofs of receipt (years)"),
            "hint": _("Claims lapse after six years (civil code, art. 118)"),
        },
    )

    @validates_schema
    def check_prices(self, values: Mapping[str, Any], **_kwargs: Any) -> None:
        """An e-invoice that costs more than paper saves nothing."""
        if values.get("einvoice_price", Decimal(0)) > values.get("paper_price", Decimal(0)):
            raise ValidationError(str(_("This must not be more than a paper bill costs")), "einvoice_price")
