"""What the portal sets in a browser: the list that the page "Pliki cookie" shows (identity.md §10.7)."""

from __future__ import annotations

from typing import Any, NamedTuple

from ebok_core.i18n import lazy_gettext as _


class Cookie(NamedTuple):
    """A cookie: what it is for, and how long it lives; `%(idle)s` and `%(staff)s` are minutes of silence."""

    name: str
    purpose: Any
    lives: Any


COOKIES = (
    Cookie(
        "__Host-ebok",
        _("Keeps you signed in and protects forms. Holds no data about you."),
        _("Until you close the browser; the session itself ends after %(idle)s minutes of silence (staff: %(staff)s)"),
    ),
    Cookie("__Host-ui", _("Remembers contrast, text size and language, once you choose them."), _("One year")),
    Cookie(
        "__Host-device",
        _("Recognises your device, so that we can write to you about a sign-in from a new one."),
        _("90 days"),
    ),
    Cookie("__Host-wk", _("Joins the two halves of a sign-in through login.gov.pl."), _("10 minutes")),
)
