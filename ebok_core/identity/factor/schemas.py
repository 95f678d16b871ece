"""Runtime settings of the second factor (security.md S13)."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import fields

from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema


@dataclass(frozen=True, kw_only=True)
class SecondFactorPolicy:
    """Of whom the second factor is demanded beside administrators, and whether the code before the present one works.

    Administrators must always have one; the deployment setting `EBOK_SECOND_FACTOR` stands above both.
    """

    of_staff: bool = True
    earlier_code: bool = True


class SecondFactorPolicySchema(ConfigSchema):
    """The page "Drugi składnik logowania"."""

    key = "core.second_factor"
    builds = SecondFactorPolicy

    of_staff = fields.Boolean(
        metadata={
            "label": _("All staff must have a second factor of sign-in"),
            "hint": _("Administrators must have one in any case. Customers may have one, and choose for themselves"),
        }
    )
    earlier_code = fields.Boolean(
        metadata={
            "label": _("Accept the code before the present one too"),
            "hint": _("Each code lives for 30 seconds. With this, slow typing and a late clock do no harm"),
        }
    )
