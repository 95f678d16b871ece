"""What the sub-room says to the portal; `identity.declared` gathers it."""

from __future__ import annotations

from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import MenuEntry, Mount, Zone
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity.permissions import ACCOUNTS

from . import jobs, joining, mails, permissions, views

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=views.invited),
    Mount(zone=Zone.CUSTOMER, blueprint=views.customer, own_account=True),
    Mount(zone=Zone.ADMIN, blueprint=views.panel, permission=permissions.SEE_ACCOUNTS),
    Mount(zone=Zone.ADMIN, blueprint=views.groups_panel, permission=permissions.SEE_ACCOUNTS),
    Mount(zone=Zone.ADMIN, blueprint=views.rights_panel, permission=permissions.SEE_ACCOUNTS),
)
PERMISSIONS = permissions.ALL
ACTIONS = permissions.ACTIONS
MENU = (
    MenuEntry(
        key="core.admin_add_user",
        zone=Zone.ADMIN,
        label=_("Add a user"),
        endpoint="admin.people.add_customer",
        permission=ACCOUNTS,
        parent="core.start",
        order=LEAFLET["core.admin_add_user"],
    ),
    MenuEntry(
        key="core.admin_add_group",
        zone=Zone.ADMIN,
        label=_("Add a group of users"),
        endpoint="admin.groups.add",
        permission=ACCOUNTS,
        parent="core.start",
        order=LEAFLET["core.admin_add_group"],
    ),
    *(
        MenuEntry(
            key=key,
            zone=Zone.ADMIN,
            label=label,
            endpoint=endpoint,
            permission=permissions.SEE_ACCOUNTS,
            parent="core.start",
            order=order,
        )
        for key, label, endpoint, order in (
            ("core.admin_people", _("Users"), "admin.people.index", 20),
            ("core.admin_groups", _("Groups of users"), "admin.groups.index", 21),
            ("core.admin_rights", _("Roles and rights"), "admin.rights.index", 22),
        )
    ),
)
MESSAGES = (joining.CustomerCheck,)
TEMPLATES = mails.TEMPLATES
JOBS = jobs.JOBS
