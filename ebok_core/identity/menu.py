"""Menu entries of the room: the strangers' first page, "Moje konto", one's own account and password in the panel."""

from __future__ import annotations

from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import lazy_pgettext

from .permissions import ACCOUNTS, RESET

ALL = (
    MenuEntry(
        key="core.public_start",
        zone=Zone.PUBLIC,
        label=lazy_pgettext("menu", "Start"),
        endpoint="public.identity.sign_in",
        order=0,
    ),
    MenuEntry(
        key="core.account", zone=Zone.CUSTOMER, label=_("My account"), endpoint="customer.identity.account", order=800
    ),
    MenuEntry(
        key="core.admin_reset",
        zone=Zone.ADMIN,
        label=_("Reset of a user's password"),
        endpoint="admin.recovery.index",
        permission=RESET,
        parent="core.service",
        order=LEAFLET["core.admin_reset"],
    ),
    MenuEntry(
        key="core.admin_password",
        zone=Zone.ADMIN,
        label=_("Change the administrator's password"),
        endpoint="admin.identity.password",
        parent="core.service",
        order=LEAFLET["core.admin_password"],
    ),
    MenuEntry(
        key="core.admin_account",
        zone=Zone.ADMIN,
        label=_("My account"),
        endpoint="admin.identity.account",
        parent="core.start",
        order=80,
    ),
    MenuEntry(
        key="core.admin_registrations",
        zone=Zone.ADMIN,
        label=_("Registrations"),
        endpoint="admin.registration.index",
        permission=ACCOUNTS,
        parent="core.service",
        order=60,
    ),
)
