"""Who may move a stuck message by hand, and how the audit trail names it."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

RETRY = Permission(
    key="core.outbox_retry", title=_("Send a stuck message again"), roles=frozenset({"clerk", "accountant", "admin"})
)
CANCEL = Permission(key="core.outbox_cancel", title=_("Give up a stuck message"), roles=frozenset({"admin"}))

ALL = (RETRY, CANCEL)
_MESSAGE = {"endpoint": "admin.outbox.message", "argument": "message_id"}
ACTIONS = (
    AuditAction(key="core.outbox.retried", title=_("A stuck message was sent again"), **_MESSAGE),
    AuditAction(key="core.outbox.cancelled", title=_("A stuck message was given up"), **_MESSAGE),
    AuditAction(key="core.outbox.verdict_changed", title=_("TYTAN changed its answer to a message"), **_MESSAGE),
)
