"""What the diary says: kinds of viewers and of what they did, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ebok_core.i18n import lazy_gettext as _

STAFF, DELEGATE, MODULE, TOKEN = "staff", "delegate", "module", "token"
PREVIEW, CUSTOMER, REFRESH, DOCUMENTS, ACTING, EXPORT = (
    "preview", "customer", "refresh", "documents", "acting", "export"
)  # fmt: skip
ONCE_WITHIN = timedelta(minutes=30)
"""A look of the same person at the same thing within this time is one line."""

VIEWERS: Mapping[str, Any] = {
    STAFF: _("An employee of the utility"),
    DELEGATE: _("A person with a right to act"),
    MODULE: _("A part of the portal"),
    TOKEN: _("A program with a key of yours"),
}
WHAT: Mapping[str, Any] = {
    PREVIEW: _("looked at the portal as you see it"),
    CUSTOMER: _("looked at the customer's data in the panel"),
    REFRESH: _("refreshed the copy of your data"),
    DOCUMENTS: _("looked at documents"),
    ACTING: _("entered the portal to act for you"),
    EXPORT: _("fetched a file with your data"),
}
