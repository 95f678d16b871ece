"""The runtime settings of the page "Wiadomości SMS", and what stands about them on the panel's home page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy.orm import Session

from ebok_core import runtime_settings
from ebok_core.contracts.admin import Level, StatusRow
from ebok_core.i18n import gettext, pgettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema, secret_text

NONE, SMSAPI, FOLDER = "", "smsapi", "folder"
ORDER = 58


@dataclass(frozen=True, kw_only=True)
class SmsConfig:
    """Which gateway sends text messages, by whose token and under which name; no gateway: none are sent."""

    gateway: str = NONE
    token: str = field(default="", repr=False)
    sender: str = ""


class SmsConfigSchema(ConfigSchema):
    """What the page accepts."""

    key = "core.sms"
    builds = SmsConfig

    gateway = fields.String(
        validate=validate.OneOf(
            [NONE, SMSAPI, FOLDER],
            labels=[_("no text messages"), _("SMSAPI"), _("a folder of this server (for trials)")],
        ),
        metadata={"label": _("Gateway")},
    )
    token = secret_text(
        metadata={"label": _("Token of the gateway"), "hint": _("From the gateway's panel; it may send messages only")}
    )
    sender = fields.String(
        validate=validate.Regexp(r"[A-Za-z0-9 .\-]{0,11}\Z"),
        metadata={
            "label": _("Name of the sender"),
            "hint": _("Up to 11 letters and digits, as registered at the gateway; empty: the gateway's own"),
        },
    )

    @validates_schema
    def check_token(self, values: dict[str, Any], **_kw: Any) -> None:
        """A name of the sender says nothing without a gateway."""
        if values.get("sender") and values.get("gateway", NONE) == NONE:
            raise ValidationError(gettext("Choose the gateway that sends under this name"), "gateway")


def sms_status(session: Session) -> StatusRow:
    """Whether text messages are sent, and what is missing where a gateway is chosen without a token."""
    config: SmsConfig = runtime_settings.get(session, SmsConfigSchema)
    level, text, hint = Level.OK, pgettext("text messages", "Configured"), ""
    if config.gateway == NONE:
        level, text = Level.DEFAULT, pgettext("text messages", "Switched off")
        hint = gettext("Nobody gets text messages; e-mails go out as usual.")
    elif config.gateway == SMSAPI and not _has_token(session):
        level, text = Level.MISSING, pgettext("text messages", "Not configured")
        hint = gettext("Enter the token of the gateway.")
    return StatusRow(
        key=SmsConfigSchema.key, title=gettext("Text messages (SMS)"), level=level, text=text, hint=hint, order=ORDER
    )


def _has_token(session: Session) -> bool:
    """Whether a token is stored; it is not opened for that."""
    return runtime_settings.has_secret(session, SmsConfigSchema, "token")
