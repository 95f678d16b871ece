"""Who may see which mails and text messages went to whom."""

from __future__ import annotations

from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

SEE = Permission(
    key="core.mail_log",
    title=_("See which e-mails and text messages were sent to whom"),
    roles=frozenset({"clerk", "observer", "admin"}),
)

ALL = (SEE,)
