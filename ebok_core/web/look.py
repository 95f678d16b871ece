"""How a person sees the portal: theme, text size and language, kept in a cookie (accessibility.md §3.8)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from flask import Flask, Response, g, request

from ebok_core import i18n
from ebok_core.contracts.identity import Viewer

# Browsers take the prefix and `Secure` on http://127.0.0.1 too, where the demo runs (identity.md §6.4).
COOKIE = "__Host-ui"
YEAR_S = 365 * 24 * 3600
# "" follows the device; "normal" follows it but for high contrast, which the person switched off here.
THEMES = ("", "light", "dark", "contrast", "normal")
SIZES = ("1", "2", "3")
_SHAPE = re.compile(r"([a-z]*)\.([123])\.([a-z]*)\Z")


@dataclass(frozen=True)
class Look:
    """A person's choices; `locale` is empty while they follow the account's language."""

    theme: str = ""
    size: str = "1"
    locale: str = ""

    @property
    def is_contrast(self) -> bool:
        """Whether high contrast was chosen here."""
        return self.theme == "contrast"

    def with_choice(self, name: str, value: str) -> Look:
        """The look after one button of the service line; an unknown choice changes nothing."""
        if name == "kontrast" and value in ("zwykly", "wysoki"):
            return replace(self, theme="contrast" if value == "wysoki" else "normal")
        if name == "motyw" and value in THEMES:
            return replace(self, theme=value)
        if name == "tekst" and value in SIZES:
            return replace(self, size=value)
        if name == "jezyk" and value in i18n.LOCALES:
            return replace(self, locale=value)
        return self


def init_app(app: Flask) -> None:
    """Read the cookie before each request, and speak its language."""
    app.before_request(_before)
    app.teardown_request(_after)


def current() -> Look:
    """The look of this request."""
    found = g.get("ebok_look")
    return found if isinstance(found, Look) else Look()


def speak_to(viewer: Viewer | None) -> None:
    """Set the language: the one chosen here, else the account's, else Polish. The zones' guard calls it."""
    i18n.set_locale(current().locale or (viewer.locale if viewer else i18n.DEFAULT_LOCALE))


def remember(response: Response, look: Look) -> None:
    """Keep the choices for a year."""
    g.ebok_look = look
    response.set_cookie(
        COOKIE,
        f"{look.theme}.{look.size}.{look.locale}",
        max_age=YEAR_S,
        secure=True,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _before() -> None:
    found = _SHAPE.match(request.cookies.get(COOKIE, "")[:40])
    theme, size, locale = found.groups() if found else ("", "1", "")
    g.ebok_look = Look(
        theme=theme if theme in THEMES else "", size=size, locale=locale if locale in i18n.LOCALES else ""
    )
    speak_to(None)


def _after(_error: BaseException | None) -> None:
    i18n.set_locale(i18n.DEFAULT_LOCALE)
