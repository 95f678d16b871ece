"""The message that e-Faktura writes: a new e-invoice, as a mail and as a text message."""

from __future__ import annotations

from ebok_core import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _

from . import service

ALL = (
    NotificationTemplate(
        key=service.sending.ISSUED,
        title=_("A new e-invoice"),
        base="ebok_faktura/mail/issued",
        apply_result=service.sending.apply_result,
    ),
)
