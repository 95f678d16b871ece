"""Asking once more who it is before something sensitive (identity.md §6.6): a field of the form, only when it is time.

    class ConsentSchema(FormSchema):
        password = password_field()

    form = load(ConsentSchema)
    if form.ok and proved(form):
        …

The template shows `{{ ui.field(form, "password") }}` while `needs_password()`. Staff who have a second factor are asked
for that one in the same field; who has a passkey alone is led to a page that asks the passkey.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import url_for
from markupsafe import Markup, escape

from ebok_core import clock
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _
from ebok_core.identity import proving

from .context import runtime, viewer
from .fields import Secret
from .forms import Form
from .login import live_session, proved_with

PASSWORD = "password"  # noqa: S105 - the name of a form field
PASSKEY_PAGE = {"customer": "customer.factor.prove", "staff": "admin.factor.prove"}


class _Said:
    """A text that depends on who asks: made when the form is shown, markup stays markup."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def __str__(self) -> str:
        return self._make()


def password_field() -> Secret:
    """The field; it is empty while the last proof is fresh."""
    return Secret(
        max=1000,
        metadata={
            "label": _Said(_label),
            "hint": _Said(_hint),
            "autocomplete": _Said(_autocomplete),
            "asked": True,
        },
    )


def asks_factor() -> bool:
    """Whether this person is asked for the second factor, not for the password."""
    return proving.asks_factor(live_session())


def needs_password() -> bool:
    """Whether the proof was given longer than five minutes ago."""
    return not proving.is_fresh(live_session())


def proved(form: Form, name: str = PASSWORD) -> bool:
    """Whether the viewer has proved who it is, now or within five minutes; else the reason stands at the field.

    `name` is the field's, where a page has two such forms.
    """
    if not needs_password():
        return True
    typed = form.data.get(name, "")
    if not typed:
        form.fail(name, _("Type the code") if asks_factor() else _("Type your password"))
        return False
    prove = proving.prove_by_code if asks_factor() else proving.prove
    try:
        token = prove(runtime(), viewer(), typed)
    except Refused as refused:
        form.fail(name, str(refused))
        return False
    now = clock.now_utc()
    proved_with(token, authenticated_at=now, factor_at=now if asks_factor() else None)
    return True


def _label() -> str:
    live = live_session()
    if live is None or not proving.asks_factor(live):
        return _("Your password")
    return _("Code from the app, or a recovery code") if live.has_totp else _("Recovery code")


def _hint() -> str:
    live = live_session()
    if live is None or not proving.asks_factor(live):
        return _("We ask once more, because you signed in some time ago.")
    text = _("We ask once more, because this is about other people's data.")
    if not live.has_passkey:
        return text
    link = Markup('<a href="{}" target="_blank">{}</a>').format(
        url_for(PASSKEY_PAGE["staff"]), _("confirm with the passkey (a new window)")
    )
    return escape(text) + " " + escape(_("Without a code:")) + " " + link + escape(_(", then send this form."))


def _autocomplete() -> str:
    return "one-time-code" if asks_factor() else "current-password"
