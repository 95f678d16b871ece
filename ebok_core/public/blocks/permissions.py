"""Who writes the public zone, and how the audit trail names what happens in it."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

PUBLISH = Permission(
    key="core.public_zone", title=_("Write and publish the public zone"), roles=frozenset({"editor", "admin"})
)

ALL = (PUBLISH,)
_LABELS = (
    ("number", _("Version")),
    ("title", _("Title")),
    ("body", _("Text")),
    ("starts_on", _("First day")),
    ("ends_on", _("Last day")),
    ("order", _("Order")),
    ("hidden", _("Hidden ones")),
)


def _action(name: str, title: str) -> AuditAction:
    return AuditAction(
        key=f"core.public.{name}", title=title, labels=_LABELS, endpoint="admin.zone.editor", argument="block_id"
    )


ACTIONS = (
    _action("written", _("A text of the public zone was written")),
    _action("published", _("A text of the public zone was published")),
    _action("withdrawn", _("A block was taken off the public zone")),
    _action("restored", _("A block was put back into the public zone")),
    AuditAction(key="core.public.arranged", title=_("The blocks of the public zone were arranged"), labels=_LABELS),
)
