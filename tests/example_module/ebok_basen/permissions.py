"""Who may swim and who may look at the list."""

from __future__ import annotations

from ebok_core import Permission
from ebok_core.i18n import lazy_gettext as _

SWIM = Permission(key="basen.swim", title=_("Buy passes to the pool"), roles=frozenset({"customer"}))
MANAGE = Permission(key="basen.manage", title=_("See all passes"), roles=frozenset({"clerk", "admin"}))
ALL = [SWIM, MANAGE]
