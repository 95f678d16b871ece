"""A device in short words: what the person who used it recognises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext

from . import rules

SYSTEMS: Mapping[str, Any] = {
    "iphone": lazy_gettext("iPhone"),
    "ipad": lazy_gettext("iPad"),
    "android_phone": lazy_gettext("Android phone"),
    "android_tablet": lazy_gettext("Android tablet"),
    "windows": lazy_gettext("Windows computer"),
    "mac": lazy_gettext("Mac computer"),
    "chromebook": lazy_gettext("Chromebook"),
    "linux": lazy_gettext("Linux computer"),
}


def words(user_agent: str) -> str:
    """`Firefox, komputer z Windows`; "nieznane urządzenie" where the browser does not say."""
    device = rules.device_of(user_agent)
    known = [device.browser or "", str(SYSTEMS[device.system]) if device.system else ""]
    return ", ".join(part for part in known if part) or _("unknown device")
