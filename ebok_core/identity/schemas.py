"""Runtime settings of passwords: what an administrator may set (identity.md §6.1, L24)."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import fields, validate

from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema

from . import rules


@dataclass(frozen=True, kw_only=True)
class PasswordPolicy:
    """The least length, the days after which a password lapses (0: never), and further words that are refused."""

    least_length: int = rules.LEAST_PASSWORD
    expires_after_days: int = 0
    refused_words: str = ""


class PasswordPolicySchema(ConfigSchema):
    """The page "Hasła"."""

    key = "core.passwords"
    builds = PasswordPolicy

    least_length = fields.Integer(
        strict=True,
        validate=validate.Range(8, 64, error=_("Write a number from 8 to 64")),
        metadata={"label": _("Least length of a password"), "hint": _("12 is recommended, longer is better")},
    )
    expires_after_days = fields.Integer(
        strict=True,
        validate=validate.Range(0, 3650, error=_("Write a number from 0 to 3650")),
        metadata={
            "label": _("Days after which a password must be changed"),
            "hint": _("0 means never, and that is recommended: who must change often chooses weaker passwords"),
        },
    )
    refused_words = fields.String(
        validate=validate.Length(max=2000),
        metadata={
            "label": _("Words that passwords may not be made of"),
            "hint": _("One a line: the town, districts, nicknames. The utility's own name is refused anyway"),
            "multiline": True,
        },
    )
