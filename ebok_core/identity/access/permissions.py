"""Who shares a customer, who sees accounts, who gives rights to staff; what the audit trail calls it."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

DELEGATE = Permission(
    key="core.delegate", title=_("Let other people act for one's customer"), roles=frozenset({"customer"})
)
STAFF = Permission(
    key="core.staff", title=_("Make accounts of staff, give roles and rights"), roles=frozenset({"admin"})
)
SEE_ACCOUNTS = Permission(
    key="core.accounts_see",
    title=_("See accounts, groups and rights"),
    roles=frozenset({"clerk", "observer", "admin"}),
)

ALL = (DELEGATE, STAFF, SEE_ACCOUNTS)
ACTIONS = (
    AuditAction(key="core.delegation.offered", title=_("An access to a customer was offered")),
    AuditAction(key="core.delegation.accepted", title=_("An offered access was accepted")),
    AuditAction(key="core.delegation.declined", title=_("An offered access was declined")),
    AuditAction(key="core.delegation.revoked", title=_("An offered or given access was taken back")),
    AuditAction(key="core.delegation.renewed", title=_("A given access was prolonged")),
    AuditAction(key="core.delegation.left", title=_("A given access was left")),
    AuditAction(key="core.customer.asked", title=_("Somebody asked to add a customer to an account")),
    AuditAction(key="core.customer.decided", title=_("The data of a customer to be added were compared")),
    AuditAction(key="core.group.added", title=_("A group was made")),
    AuditAction(key="core.group.changed", title=_("A group was changed")),
    AuditAction(key="core.group.removed", title=_("A group was deleted")),
)
