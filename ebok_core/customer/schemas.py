"""What the customer's own pages accept."""

from __future__ import annotations

from ebok_core.i18n import lazy_gettext as _
from ebok_core.web import FormSchema, Text


class SwitchSchema(FormSchema):
    """Which customer of the account to act for, and the page to go on with."""

    klient = Text(required=True, max=20, metadata={"label": _("Customer code")})
    dalej = Text(max=600)
