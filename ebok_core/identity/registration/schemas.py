"""Runtime settings of registration: the page "Zakładanie kont"."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import fields

from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema


@dataclass(frozen=True, kw_only=True)
class RegistrationConfig:
    """Whether customers make their accounts themselves, and whether a customer may have a second account so."""

    is_open: bool = True
    allow_second_owner: bool = False


class RegistrationConfigSchema(ConfigSchema):
    """The page "Zakładanie kont"."""

    key = "core.registration"
    builds = RegistrationConfig

    is_open = fields.Boolean(
        metadata={
            "label": _("Customers make their accounts themselves"),
            "hint": _("With a bill in hand and an e-mail address. When it is off, the office makes the accounts"),
        }
    )
    allow_second_owner = fields.Boolean(
        metadata={
            "label": _("A customer may make a second account"),
            "hint": _("When it is off, who has a bill of a customer with an account is told by mail that it exists"),
        }
    )
