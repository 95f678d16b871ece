"""What staff may do with their own accounts, and how the audit trail names what happens to people."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

from .rules import STAFF_ROLES

PANEL = Permission(
    key="core.panel", title=_("Enter the panel and look after one's own account"), roles=frozenset(STAFF_ROLES)
)
ACCOUNTS = Permission(
    key="core.accounts", title=_("Look after customers' accounts"), roles=frozenset({"clerk", "admin"})
)

ALL = (PANEL, ACCOUNTS)
ACTIONS = (
    AuditAction(key="core.account.added", title=_("An account was made")),
    AuditAction(key="core.account.access_granted", title=_("An account was given a customer")),
    AuditAction(key="core.account.access_revoked", title=_("A customer was taken from an account")),
    AuditAction(key="core.account.roles_changed", title=_("Roles of an account were changed")),
    AuditAction(key="core.account.status_changed", title=_("The status of an account was changed")),
    AuditAction(key="core.account.link_made", title=_("A one-time link to a password was made")),
    AuditAction(key="core.password.changed", title=_("A password was changed")),
    AuditAction(key="core.password.set_by_link", title=_("A password was set by a one-time link")),
    AuditAction(key="core.registration.asked", title=_("Somebody asked for an account")),
    AuditAction(key="core.registration.decided", title=_("The data of a registration were compared")),
    AuditAction(key="core.registration.handled", title=_("A rejected registration was cleared up")),
    AuditAction(key="core.session.started", title=_("Signed in")),
    AuditAction(key="core.session.proved", title=_("The password was given once more")),
    AuditAction(key="core.session.ended", title=_("Signed out, or a session was ended")),
    AuditAction(key="core.session.others_ended", title=_("All other sessions were ended")),
)
