"""What a person reads when a way to the hub ends without them (identity.md §2.11), and with which status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ebok_core.i18n import lazy_gettext as _

from . import flow


class Said(NamedTuple):
    """The page's title, its sentence, its HTTP status."""

    title: Any
    text: Any
    status: int


_NOT_NOW = _("login.gov.pl does not answer as it should")
_TOLD = _("Sign-in through login.gov.pl is not available at the moment. Sign in with the password, or try later.")
FAILED: Mapping[str, Said] = {
    flow.GAVE_UP: Said(
        _("Sign-in did not succeed"),
        _("Sign-in through login.gov.pl failed or was broken off. Try again, or sign in with the password."),
        200,
    ),
    flow.DENIED: Said(
        _NOT_NOW,
        _("login.gov.pl refused our question. We have told the administrator. Sign in with the password."),
        502,
    ),
    flow.UNAVAILABLE: Said(_NOT_NOW, _TOLD, 502),
    flow.REFUSED: Said(
        _NOT_NOW,
        _("The answer of login.gov.pl did not pass our checks, so we let nobody in. We have told the administrator."),
        502,
    ),
    flow.BLOCKED: Said(_("This account is blocked"), _("Call us, and we will tell you why and what can be done."), 403),
    flow.LINKED_ELSEWHERE: Said(
        _("We did not link anything"),
        _("This person has another account in our portal, or your account is linked with another person. Call us."),
        409,
    ),
    flow.ANOTHER_PERSON: Said(
        _("This is another person"),
        _("Somebody else signed in at login.gov.pl than the person whose account this is. Try again."),
        409,
    ),
}
OVER = Said(
    _("This try to sign in is over"),
    _("It took longer than 10 minutes, was used already, or was begun in another browser. Begin again."),
    400,
)
