"""What the customer's own pages ask for: who pays only sees bills and the balance, not meters and contracts (§8.4)."""

from __future__ import annotations

from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

SEE = Permission(
    key="core.customer_data",
    title=_("See a customer's data, service points, meters and contracts"),
    roles=frozenset({"customer", "customer_manager", "customer_observer"}),
)
ALL = (SEE,)
