"""Who publishes documents and who deletes accounts; how the audit trail names what happens here."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

PUBLISH = Permission(
    key="core.documents", title=_("Publish the privacy policy and the terms"), roles=frozenset({"admin", "editor"})
)
DELETE = Permission(key="core.delete_accounts", title=_("Delete customers' accounts"), roles=frozenset({"admin"}))

ALL = (PUBLISH, DELETE)
ACTIONS = (
    AuditAction(key="core.document.published", title=_("A version of a document was published")),
    AuditAction(key="core.document.accepted", title=_("Documents were accepted")),
    AuditAction(key="core.consent.given", title=_("A consent was given")),
    AuditAction(key="core.consent.withdrawn", title=_("A consent was withdrawn")),
    AuditAction(key="core.own_data.asked", title=_("The own data were asked for")),
    AuditAction(key="core.own_data.fetched", title=_("The own data were fetched")),
    AuditAction(key="core.account.deletion_asked", title=_("A deletion of an account was asked for")),
    AuditAction(key="core.account.deletion_undone", title=_("A deletion of an account was undone")),
    AuditAction(key="core.account.erased", title=_("An account was erased")),
)
