"""What staff may do in the panel's own pages."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

CONFIGURE = Permission(key="core.configure", title=_("Change the configuration"), roles=frozenset({"admin"}))

ALL = (CONFIGURE,)
ACTIONS = (AuditAction(key="core.settings.changed", title=_("A configuration page was changed")),)
