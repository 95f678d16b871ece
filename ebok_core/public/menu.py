"""Kontakt and Pomoc stand last in the menus of strangers and customers (L94, L95)."""

from __future__ import annotations

from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _

ALL = tuple(
    MenuEntry(key=f"core.{zone.value}_{name}", zone=zone, label=label, endpoint=f"public.public.{name}", order=order)
    for zone in (Zone.PUBLIC, Zone.CUSTOMER)
    for name, label, order in (("contact", _("Contact"), 900), ("help_start", _("Help"), 910))
)
