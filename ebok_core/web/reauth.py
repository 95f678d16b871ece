"""Asking for the password before something sensitive (identity.md §6.6): a field of the form, only when it is time.

    class ConsentSchema(FormSchema):
        password = password_field()

    form = load(ConsentSchema)
    if form.ok and proved(form):
        …

The template shows `{{ ui.field(form, "password") }}` while `needs_password()`.
"""

from __future__ import annotations

from ebok_core.errors import Refused
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity import proving

from .context import runtime, viewer
from .fields import Secret
from .forms import Form
from .login import live_session

PASSWORD = "password"  # noqa: S105 - the name of a form field


def password_field() -> Secret:
    """The field; it is empty while the last proof is fresh."""
    return Secret(
        max=1000,
        metadata={
            "label": _("Your password"),
            "hint": _("We ask once more, because you signed in some time ago."),
            "autocomplete": "current-password",
        },
    )


def needs_password() -> bool:
    """Whether the password was given longer than five minutes ago."""
    return not proving.is_fresh(live_session())


def proved(form: Form, name: str = PASSWORD) -> bool:
    """Whether the viewer has proved who it is, now or within five minutes; else the reason stands at the field.

    `name` is the field's, where a page has two such forms.
    """
    if not needs_password():
        return True
    typed = form.data.get(name, "")
    if not typed:
        form.fail(name, gettext("Type your password"))
        return False
    try:
        proving.prove(runtime(), viewer(), typed)
    except Refused as refused:
        form.fail(name, str(refused))
        return False
    return True
