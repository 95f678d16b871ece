"""The mails that lead somewhere: to the yes of a new mailbox, to a new password that the office began."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ebok_core.i18n import lazy_gettext as _
from ebok_core.notifications import letters
from ebok_core.notifications.letters import Letter

EMAIL_LINK, EMAIL_TAKEN, OFFICE_LINK = "core.email_link", "core.email_taken", "core.office_link"
CONFIRM_PATH, SIGN_IN_PATH = "/adres-email/", "/logowanie"

_ONCE = _("The link works once, until %(until)s.")
LETTERS: Mapping[str, Letter] = {
    EMAIL_LINK: Letter(
        title=_("Link that confirms a new e-mail address"),
        subject=_("Confirm your new e-mail address"),
        lead=_("The account with the login %(login)s is to use this e-mail address. Open the link and confirm it."),
        more=(_ONCE, _("It is not your account? Then there is nothing to do: without this link nothing changes.")),
        action=_("Confirm the address"),
    ),
    EMAIL_TAKEN: Letter(
        title=_("The new e-mail address has an account already"),
        subject=_("This e-mail address has an account already"),
        lead=_(
            "Somebody wanted to use this e-mail address for another account. It has an account in our portal already."
        ),
        more=(
            _("Was it you? Sign in to that account, or choose another address."),
            _("You want both in one account? Call us, and we will help."),
            _("Was it not you? Then there is nothing to do, nobody got in."),
        ),
        action=_("Sign in"),
    ),
    OFFICE_LINK: Letter(
        title=_("Link to a new password, sent by the office"),
        subject=_("Set a new password"),
        lead=_(
            "Our office sends you a link to a new password to your account (login: %(login)s). Open it and set one."
        ),
        more=(
            _ONCE,
            _("Too late? On the sign-in page choose: I don't remember the password."),
            _("You did not ask for it? Call us. Nobody in our office knows or sees your password."),
        ),
        action=_("Set a new password"),
    ),
}
TEMPLATES = letters.templates(LETTERS)
# `send(session, key, recipient, subject=…, locale=…, path=…, **places)`: see `notifications.letters.send`.
send = partial(letters.send, LETTERS)
