"""The menu of customers: Start with the data under it. The balance has no entry, it is there with money only."""

from __future__ import annotations

from ebok_core.contracts.web import MenuEntry, Zone
from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import lazy_pgettext

from .permissions import SEE

_START = MenuEntry(
    key="core.customer_start",
    zone=Zone.CUSTOMER,
    label=lazy_pgettext("menu", "Start"),
    endpoint="customer.core.start",
    order=0,
)
_UNDER_START = (
    ("data", _("Customer data")),
    ("points", _("Service points")),
    ("meters", _("Meters")),
    ("contracts", _("Contracts")),
)

ALL = (
    _START,
    *(
        MenuEntry(
            key=f"core.customer_{endpoint}",
            zone=Zone.CUSTOMER,
            label=label,
            endpoint=f"customer.core.{endpoint}",
            permission=SEE,
            parent=_START.key,
            order=order,
        )
        for order, (endpoint, label) in enumerate(_UNDER_START)
    ),
)
