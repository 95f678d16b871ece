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

RESET = Permission(
    key="core.reset",
    title=_("Begin a change of a customer's password and end a customer's sessions"),
    roles=frozenset({"clerk", "admin"}),
)
RESET_STAFF = Permission(
    key="core.reset_staff",
    title=_("The same for staff, and end everybody's sessions"),
    roles=frozenset({"admin"}),
)

ALL = (PANEL, ACCOUNTS, RESET, RESET_STAFF)
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
    AuditAction(key="core.session.all_ended", title=_("Signed out on all devices")),
    AuditAction(key="core.session.ended_by_office", title=_("All sessions of an account were ended by the office")),
    AuditAction(key="core.session.everybody_ended", title=_("The sessions of all accounts were ended")),
    AuditAction(key="core.account.reset", title=_("A change of a password was begun by the office")),
    AuditAction(key="core.email.asked", title=_("Another e-mail address was asked for")),
    AuditAction(key="core.email.withdrawn", title=_("A new e-mail address was given up")),
    AuditAction(key="core.email.changed", title=_("An e-mail address was changed")),
    AuditAction(key="core.recovery.letter_made", title=_("A letter with a code was made")),
    AuditAction(key="core.recovery.letter_printed", title=_("A letter with a code was printed")),
    AuditAction(key="core.recovery.letter_typed", title=_("The code of a letter was typed")),
    AuditAction(key="core.recovery.letter_spent", title=_("A letter is worthless after five wrong codes")),
    AuditAction(key="core.alarm.raised", title=_("An owner said: that was not me")),
    AuditAction(key="core.alarm.handled", title=_("An alarm of an owner was cleared up")),
)
