"""Runtime settings "Deklaracja dostępności": the facts that only the utility knows (accessibility.md §4)."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import fields, validate

from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema

_DAY = r"^$|^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
NEEDED = ("published_on", "updated_on", "made_on", "architecture", "communication")


@dataclass(frozen=True, kw_only=True)
class AccessibilityConfig:
    """The statement's facts; dates as `2026-11-24`. Without the needed ones the page says that it is being made."""

    status: str = "partial"
    published_on: str = ""
    updated_on: str = ""
    made_on: str = ""
    reviewed_on: str = ""
    issues: str = ""
    contact_person: str = ""
    architecture: str = ""
    communication: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything that must be in the statement is there; a partial conformity names its issues."""
        named = self.status == "full" or bool(self.issues)
        return named and all(getattr(self, name) for name in NEEDED)


def _day(label: object) -> fields.String:
    problem = _("Write the date as in 2026-11-24")
    return fields.String(
        validate=validate.Regexp(_DAY, error=problem),
        metadata={"label": label, "hint": _("Year-month-day: 2026-11-24")},
    )


def _words(label: object, hint: object = "") -> fields.String:
    return fields.String(validate=validate.Length(max=5000), metadata={"label": label, "hint": hint, "multiline": True})


class AccessibilityConfigSchema(ConfigSchema):
    """The page "Deklaracja dostępności"."""

    key = "core.accessibility"
    builds = AccessibilityConfig

    status = fields.String(
        validate=validate.OneOf(
            ["full", "partial", "none"],
            labels=[_("fully conforming"), _("partly conforming"), _("not conforming")],
        ),
        metadata={"label": _("State of conformity")},
    )
    published_on = _day(_("When the portal was published"))
    updated_on = _day(_("Last important update"))
    made_on = _day(_("When the declaration was made"))
    reviewed_on = _day(_("When the declaration was last reviewed"))
    issues = _words(_("Contents that are not accessible"), _("One in a line: what, where, what instead, until when"))
    contact_person = fields.String(
        validate=validate.Length(max=120), metadata={"label": _("Person or unit responsible for accessibility")}
    )
    architecture = _words(_("Accessibility of the office"), _("Entrance, ramp, lift, toilet, parking, guide dog"))
    communication = _words(
        _("Contact for deaf and hard-of-hearing people"),
        _("Sign-language interpreter online, induction loop, text contact"),
    )
