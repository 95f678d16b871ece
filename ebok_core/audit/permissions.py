"""Who may read the trail, and how the trail names that somebody took it away as a file (security.md §4)."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

READ = Permission(key="core.audit", title=_("Read the administrators' log and activities"), roles=frozenset({"admin"}))

ALL = (READ,)
ACTIONS = (
    AuditAction(
        key="core.audit.exported",
        title=_("The trail was downloaded as a file"),
        labels=(("format", _("Kind of file")), ("filters", _("Filters")), ("list", _("List"))),
    ),
)
