"""The runtime settings of the page "Dostęp do bazy danych" (L172)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from marshmallow import ValidationError, fields, validate, validates, validates_schema

from ebok_core.errors import ConfigurationError
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.runtime_settings import ConfigSchema, secret_text

from . import naming


@dataclass(frozen=True, kw_only=True)
class TytanConfig:
    """Where TYTAN's database is and how often the copy is refreshed; an empty address means "not configured"."""

    address: str = ""
    password: str = field(default="", repr=False)
    schema_name: str = ""
    mapping: str = ""
    refresh_seconds: int = 120


class TytanConfigSchema(ConfigSchema):
    """What the page accepts."""

    key = "core.tytan"
    builds = TytanConfig

    address = fields.String(
        metadata={
            "label": _("Address of TYTAN's database"),
            "hint": _("For example postgresql://ebok@tytan.example.pl/tytan or sqlite:////srv/tytan.db, no password"),
        }
    )
    password = secret_text(metadata={"label": _("Password of the database account")})
    schema_name = fields.String(
        validate=validate.Length(max=128),
        metadata={"label": _("Schema"), "hint": _("Where the views are; empty: where the account looks first")},
    )
    mapping = fields.String(
        validate=validate.Length(max=100_000),
        metadata={
            "label": _("Names of views and columns"),
            "hint": _('TOML, only where they differ from the contract: [ebok_customers] table = "V_KLIENCI"'),
            "multiline": True,
        },
    )
    refresh_seconds = fields.Integer(
        strict=True,
        validate=validate.Range(min=5, max=3600),
        metadata={"label": _("Refresh the copy every (seconds)")},
    )

    @validates("address")
    def check_address(self, value: str, **_kw: Any) -> None:
        """An address that SQLAlchemy understands, without a password in it."""
        if not value.strip():
            return
        try:
            url = sa.make_url(value.strip())
        except sa.exc.ArgumentError as error:
            raise ValidationError(
                gettext("This is no database address. Write it like postgresql://user@host/database")
            ) from error
        if url.password:
            raise ValidationError(gettext("Leave the password out of the address: it has a field of its own"))

    @validates_schema
    def check_mapping(self, values: dict[str, Any], **_kw: Any) -> None:
        """A mapping that can be read; whether it fits the views is the test button's to say."""
        try:
            naming.parse(values.get("mapping", ""))
        except ConfigurationError as error:
            raise ValidationError(str(error), "mapping") from error
