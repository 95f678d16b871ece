"""The room's entries of the panel; the customer's pages stand under "Moje konto"."""

from __future__ import annotations

from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _

from .permissions import DELETE, PUBLISH

ALL = (
    MenuEntry(
        key="core.admin_delete",
        zone=Zone.ADMIN,
        label=_("Delete a user's account"),
        endpoint="admin.deletion.index",
        permission=DELETE,
        parent="core.service",
        order=LEAFLET["core.admin_delete"],
    ),
    MenuEntry(
        key="core.privacy_policy",
        zone=Zone.ADMIN,
        label=_("Privacy policy"),
        endpoint="admin.documents.index",
        permission=PUBLISH,
        parent="core.configuration",
        order=LEAFLET["core.privacy_policy"],
    ),
)
