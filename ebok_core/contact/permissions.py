"""Who looks at cases and who answers, and how the audit trail names what happens here."""

from __future__ import annotations

from ebok_core.admin.permissions import CONFIGURE
from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

SEE = Permission(
    key="core.cases",
    title=_("See the cases of one's departments"),
    roles=frozenset({"clerk", "observer", "dispatcher", "admin"}),
)
ANSWER = Permission(
    key="core.cases_answer",
    title=_("Answer cases, pass them on and close them"),
    roles=frozenset({"clerk", "dispatcher", "admin"}),
)

# Everybody who acts for a customer may write to the office; a case belongs to who wrote it (security.md §4).
WRITE = Permission(
    key="core.cases_write",
    title=_("Write to the office and read the answers"),
    roles=frozenset({"customer", "customer_manager", "customer_payer", "customer_observer"}),
)

ALL = (SEE, ANSWER, WRITE)
SET_UP = CONFIGURE
_CASE = {"endpoint": "admin.contact.case", "argument": "number"}
ACTIONS = (
    AuditAction(key="core.case.received", title=_("Somebody wrote to the utility"), **_CASE),
    AuditAction(key="core.case.written_in", title=_("Somebody wrote more in a case"), **_CASE),
    AuditAction(key="core.case.answered", title=_("A case was answered"), **_CASE),
    AuditAction(key="core.case.noted", title=_("A note was added to a case"), **_CASE),
    AuditAction(key="core.case.state_changed", title=_("The state of a case was changed"), **_CASE),
    AuditAction(key="core.case.passed_on", title=_("A case was passed on to another department"), **_CASE),
    AuditAction(key="core.department.changed", title=_("A department was added or changed")),
    AuditAction(key="core.department.closed", title=_("A department was closed")),
    AuditAction(key="core.contact_person.changed", title=_("A contact person was added or changed")),
    AuditAction(key="core.contact_topic.changed", title=_("A topic of the contact form was added or changed")),
)
