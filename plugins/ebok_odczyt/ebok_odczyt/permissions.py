"""The rights that e-Odczyt checks, and the ready-made roles that have them unless a utility says otherwise."""

from __future__ import annotations

from ebok_core import Permission
from ebok_core.i18n import lazy_gettext as _

SEE = Permission(
    key="odczyt.see",
    title=_("See meter readings"),
    roles=frozenset({"customer", "customer_manager", "customer_observer"}),
)
SUBMIT = Permission(
    key="odczyt.submit",
    title=_("Give meter readings and take them back"),
    roles=frozenset({"customer", "customer_manager"}),
)
MANAGE = Permission(
    key="odczyt.manage",
    title=_("See the readings that customers gave in the portal"),
    roles=frozenset({"clerk", "observer", "admin"}),
)

ALL = (SEE, SUBMIT, MANAGE)
