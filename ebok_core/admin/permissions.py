"""What staff may do in the panel's own pages, and how the audit trail names it."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity import previews
from ebok_core.identity.previews import PREVIEW

CONFIGURE = Permission(key="core.configure", title=_("Change the configuration"), roles=frozenset({"admin"}))
CUSTOMERS = Permission(
    key="core.customers",
    title=_("Find customers and see their data"),
    roles=frozenset({"clerk", "observer", "accountant", "admin"}),
)
REFRESH = Permission(
    key="core.refresh_customer", title=_("Refresh the copy of a customer's data"), roles=frozenset({"clerk", "admin"})
)

SEEN, REFRESH_ASKED, REFRESHED = "core.customer.seen", "core.customer.refresh_asked", "core.customer.refreshed"

ALL = (CONFIGURE, CUSTOMERS, PREVIEW, REFRESH)
ACTIONS = (
    AuditAction(
        key="core.settings.changed",
        title=_("A configuration page was changed"),
        endpoint="admin.core.config",
        argument="key",
    ),
    AuditAction(key=SEEN, title=_("A customer's data were looked at")),
    AuditAction(key=previews.STARTED, title=_("A preview of a customer was begun")),
    AuditAction(key=previews.ENDED, title=_("A preview of a customer was ended")),
    AuditAction(key=REFRESH_ASKED, title=_("A refresh of a customer's data was asked for")),
    AuditAction(key=REFRESHED, title=_("A customer's data were refreshed")),
)
