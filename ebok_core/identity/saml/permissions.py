"""Who sets sign-in through login.gov.pl up, and how the audit trail names what happens to external identities."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

CONFIGURE = Permission(
    key="core.epuap", title=_("Set up sign-in through login.gov.pl (ePUAP)"), roles=frozenset({"admin"})
)
ALL = (CONFIGURE,)
ACTIONS = (
    AuditAction(key="core.epuap.keys_changed", title=_("Keys or certificates of login.gov.pl were changed")),
    AuditAction(key="core.epuap.switched", title=_("Sign-in through login.gov.pl was switched on or off")),
    AuditAction(key="core.epuap.tested", title=_("Sign-in through login.gov.pl was tested")),
    AuditAction(key="core.external.linked", title=_("login.gov.pl was linked with an account")),
    AuditAction(key="core.external.unlinked", title=_("login.gov.pl was unlinked from an account")),
    AuditAction(key="core.external.rekeyed", title=_("An identity of login.gov.pl was kept under a new key")),
    AuditAction(key="core.external.refused", title=_("An answer of login.gov.pl was refused")),
    AuditAction(key="core.external.task_begun", title=_("A task of login.gov.pl was put down")),
    AuditAction(key="core.external.task_handled", title=_("A task of login.gov.pl was dealt with")),
)
