"""The module's entries of the panel's menu."""

from __future__ import annotations

from ebok_core import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _

from ..permissions import MANAGE

MENU = (
    MenuEntry(
        key="faktura.notices",
        zone=Zone.ADMIN,
        label=_("E-invoices"),
        endpoint="admin.faktura.notices",
        permission=MANAGE,
        parent="core.service",
        order=50,
    ),
    MenuEntry(
        key="faktura.office_values",
        zone=Zone.ADMIN,
        label=_("Invoiced and paid"),
        endpoint="admin.faktura.values",
        permission=MANAGE,
        parent="core.service",
        order=60,
    ),
)
