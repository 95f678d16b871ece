"""The page "Pieczęć dziennika zdarzeń": who gets the daily seal by mail; and how the trail stands on the home page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validate, validates
from sqlalchemy.orm import Session

from ebok_core import runtime_settings
from ebok_core.contracts.admin import Level, StatusRow
from ebok_core.i18n import gettext, instant_iso
from ebok_core.i18n import lazy_gettext as _
from ebok_core.notifications import is_address
from ebok_core.runtime_settings import ConfigSchema

from . import watch

ORDER = 80
MOST_KEEPERS = 5


@dataclass(frozen=True, kw_only=True)
class AuditConfig:
    """Addresses of who keeps the seals outside the portal, one a line: best two persons of different departments."""

    keepers: str = ""

    @property
    def addresses(self) -> list[str]:
        """The addresses, each once."""
        return list(dict.fromkeys(self.keepers.split()))


class AuditConfigSchema(ConfigSchema):
    """What the page accepts."""

    key = "core.audit"
    builds = AuditConfig

    keepers = fields.String(
        validate=validate.Length(max=600),
        metadata={
            "label": _("Who gets the daily seal by mail"),
            "hint": _("One address a line, best of two persons of different departments; empty: nobody"),
            "multiline": True,
        },
    )

    @validates("keepers")
    def check_keepers(self, value: str, **_kw: Any) -> None:
        """Each line is one address."""
        addresses = value.split()
        wrong = next((address for address in addresses if not is_address(address)), None)
        if wrong:
            raise ValidationError(gettext("This is no e-mail address: %(address)s", address=wrong[:60]))
        if len(addresses) > MOST_KEEPERS:
            raise ValidationError(gettext("Give at most %(n)s addresses", n=MOST_KEEPERS))


def status(session: Session) -> StatusRow:
    """Whether the trail is whole and watched, and whether its seals leave the portal."""
    found = watch.shown(session)
    level, text, hint = Level.OK, gettext("Whole and sealed"), ""
    if found.fault_at is not None:
        level = Level.ERROR
        text = gettext("Broken at event %(seq)s", seq=found.fault_seq)
        hint = gettext("Noticed %(time)s. Look at Aktywności administratora.", time=instant_iso(found.fault_at))
    elif not runtime_settings.get(session, AuditConfigSchema).addresses:
        level, text = Level.DEFAULT, gettext("Seals stay on this machine")
        hint = gettext(
            "Name who gets the daily seal by mail: without it nobody outside can prove that nothing was cut."
        )
    title = gettext("Seal of the audit trail")
    return StatusRow(key=AuditConfigSchema.key, title=title, level=level, text=text, hint=hint, order=ORDER)
