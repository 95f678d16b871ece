"""What the room declares to the portal, in one place."""

from __future__ import annotations

from ebok_core.contracts.web import HelpPage, Mount, Zone
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity.permissions import PANEL

from . import menu, permissions, refreshing, views

MOUNTS = (
    Mount(zone=Zone.ADMIN, blueprint=views.mounted.blueprint, permission=PANEL),
    Mount(zone=Zone.ADMIN, blueprint=views.mounted.customers, permission=permissions.CUSTOMERS),
    Mount(zone=Zone.ADMIN, blueprint=views.mounted.previews, permission=permissions.PREVIEW),
    Mount(zone=Zone.ADMIN, blueprint=views.mounted.copies, permission=permissions.REFRESH),
)
PERMISSIONS = permissions.ALL
MENU = menu.ALL
ACTIONS = permissions.ACTIONS
MESSAGES = (refreshing.RefreshCustomer,)
targets = refreshing.targets
HELP = tuple(
    HelpPage(
        key=f"core.help_{name}",
        zone=Zone.ADMIN,
        title=title,
        template=f"ebok_core/admin/help/{name}.html",
        endpoints=endpoints,
        order=order,
    )
    for order, (name, title, endpoints) in enumerate(
        (
            ("start", _("First steps in the panel"), ("admin.core.home",)),
            ("work", _("Work that waits"), ("admin.core.to_do",)),
            (
                "customers",
                _("Finding a customer and seeing what they see"),
                ("admin.core.search", "admin.customers.find", "admin.customers.card", "admin.previews.begin"),
            ),
            ("refresh", _("Refreshing one customer's data"), ("admin.copies.refresh_customer",)),
            ("database", _("Access to TYTAN's database"), ("admin.core.config:core.tytan",)),
            ("configuration", _("Configuration pages"), ("admin.core.config",)),
            ("modules", _("Modules and their health"), ("admin.core.modules", "admin.core.module")),
        ),
        start=1,
    )
)
