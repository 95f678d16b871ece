"""The rights that e-Odczyt checks, and the ready-made roles that have them unless a utility says otherwise."""

from __future__ import annotations

from ebok_core import Permission
from ebok_core.i18n import lazy_gettext as _

SUBMIT = Permission(key="odczyt.submit", title=_("Give and see meter readings"), roles=frozenset({"customer"}))
MANAGE = Permission(
    key="odczyt.manage",
    title=_("See the readings that customers gave in the portal"),
    roles=frozenset({"clerk", "observer", "admin"}),
)

ALL = (SUBMIT, MANAGE)
