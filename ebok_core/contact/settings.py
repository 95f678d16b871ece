"""Runtime settings "Dane kontaktowe" and "Wygląd": the utility's name, addresses, phones and colour."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import fields, validate
from sqlalchemy.orm import Session

from ebok_core import runtime_settings
from ebok_core.contracts.admin import Level, StatusRow
from ebok_core.i18n import gettext, pgettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema

REQUIRED = ("name", "address", "phone", "email")
DEFAULT_COLOUR = "#0B5C78"
_PHONE = r"^$|^\+?[0-9][0-9 ()-]{1,18}[0-9]$"


@dataclass(frozen=True, kw_only=True)
class ContactConfig:
    """Who the utility is. Empty texts are left out of every page; `address` and `hours` may have several lines."""

    name: str = "Wodociągi"
    short_name: str = ""
    address: str = ""
    hours: str = ""
    phone: str = ""
    emergency_phone: str = "994"
    email: str = ""
    website: str = ""
    software_line: bool = True
    software_text: str = ""

    @property
    def title(self) -> str:
        """The name in headers and page titles."""
        return self.short_name or self.name


class ContactConfigSchema(ConfigSchema):
    """The page "Dane kontaktowe" (L175)."""

    key = "core.contact"
    builds = ContactConfig

    name = fields.String(
        validate=validate.Length(min=2, max=120),
        metadata={"label": _("Full name of the utility"), "hint": _("As on invoices, with the legal form")},
    )
    short_name = fields.String(
        validate=validate.Length(max=60),
        metadata={"label": _("Short name"), "hint": _("Shown in the header of every page. Empty: the full name")},
    )
    address = fields.String(
        validate=validate.Length(max=300), metadata={"label": _("Address of the office"), "multiline": True}
    )
    hours = fields.String(validate=validate.Length(max=300), metadata={"label": _("Opening hours"), "multiline": True})
    phone = fields.String(
        validate=validate.Regexp(_PHONE, error=_("Write the phone number in digits, such as 61 000 00 12")),
        metadata={"label": _("Phone of the office")},
    )
    emergency_phone = fields.String(
        validate=validate.Regexp(_PHONE, error=_("Write the phone number in digits, such as 61 000 00 12")),
        metadata={"label": _("Emergency phone"), "hint": _("Answered day and night")},
    )
    email = fields.String(
        validate=validate.Regexp(
            r"^$|^[^@\s<>\"]{1,64}@[^@\s<>\"]{1,190}$",
            error=_("Write the whole e-mail address, such as jan@example.pl"),
        ),
        metadata={"label": _("E-mail address")},
    )
    website = fields.String(
        validate=validate.Regexp(
            r"^$|^https?://[^\s<>\"]{3,200}$", error=_("Write the whole address, beginning with https://")
        ),
        metadata={"label": _("Website of the utility"), "hint": _("Whole address, beginning with https://")},
    )
    software_line = fields.Boolean(metadata={"label": _("Show the line about the software in the footer")})
    software_text = fields.String(
        validate=validate.Length(max=200),
        metadata={"label": _("Own words of that line"), "hint": _("Empty: the name and version of the software")},
    )


@dataclass(frozen=True, kw_only=True)
class LookConfig:
    """How the portal looks: one colour of the utility, from which every brand colour is computed (look.md §3)."""

    colour: str = DEFAULT_COLOUR


class LookConfigSchema(ConfigSchema):
    """The page "Wygląd"."""

    key = "core.look"
    builds = LookConfig

    colour = fields.String(
        validate=validate.Regexp(r"^#[0-9A-Fa-f]{6}$", error=_("Write the colour as # and six signs, such as #0B5C78")),
        metadata={
            "label": _("Colour of the utility"),
            "hint": _("One colour, such as #0B5C78. Shades that can be read on it are computed"),
        },
    )


@dataclass(frozen=True, kw_only=True)
class CasesConfig:
    """How long closed cases are kept (identity.md §10.5): strangers' contact data, their cases, customers' cases."""

    contact_days: int = 90
    stranger_months: int = 12
    customer_years: int = 5


def _whole(label: object, least: int, most: int, hint: object = "") -> fields.Integer:
    problem = _("Write a whole number from %(least)s to %(most)s", least=least, most=most)
    return fields.Integer(
        strict=True,
        validate=validate.Range(min=least, max=most, error=problem),
        error_messages={"invalid": problem},
        metadata={"label": label, "hint": hint},
    )


class CasesConfigSchema(ConfigSchema):
    """The page "Sprawy z Kontaktu"."""

    key = "core.cases"
    builds = CasesConfig

    contact_days = _whole(
        _("Days after closing a case until a stranger's contact data are deleted"),
        1,
        90,
        _("Name, e-mail address and phone. The link of the case ends with them"),
    )
    stranger_months = _whole(_("Months after closing until a stranger's case is deleted whole"), 3, 60)
    customer_years = _whole(_("Years after closing until a customer's case is deleted whole"), 1, 10)


def contact_status(session: Session) -> StatusRow:
    """The row "Dane kontaktowe": configured once the required fields are filled (L170)."""
    config = runtime_settings.get(session, ContactConfigSchema)
    saved = runtime_settings.saved_at(session, ContactConfigSchema)
    missing = [name for name in REQUIRED if not getattr(config, name)]
    done = saved is not None and not missing
    labels = ContactConfigSchema._declared_fields
    return StatusRow(
        key=ContactConfigSchema.key,
        title=gettext("Contact data"),
        level=Level.OK if done else Level.MISSING,
        text=pgettext("contact data", "Configured") if done else pgettext("contact data", "Not configured"),
        hint=""
        if done
        else gettext("Still empty: %(names)s", names=", ".join(str(labels[n].metadata["label"]) for n in missing)),
        order=40,
    )
