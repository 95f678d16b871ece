"""The mails that e-Odczyt writes; each has a subject line, a text and HTML under `templates/ebok_odczyt/mail/`."""

from __future__ import annotations

from ebok_core import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _

MAIL = "ebok_odczyt/mail"

ALL = (
    NotificationTemplate(key="odczyt.submitted", title=_("A reading was received"), base=f"{MAIL}/submitted"),
    NotificationTemplate(key="odczyt.rejected", title=_("A reading was rejected"), base=f"{MAIL}/rejected"),
    NotificationTemplate(
        key="odczyt.not_withdrawn", title=_("A reading could no longer be withdrawn"), base=f"{MAIL}/not_withdrawn"
    ),
    NotificationTemplate(
        key="odczyt.window_closes", title=_("The time for readings ends soon"), base=f"{MAIL}/window_closes"
    ),
)
