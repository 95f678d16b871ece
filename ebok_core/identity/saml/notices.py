"""Mails about login.gov.pl and one's account: linked, unlinked (§6.7), and the link by which an owner says yes (G)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity.notices import Note
from ebok_core.notifications import letters
from ebok_core.notifications.letters import Letter

LINKED, UNLINKED, CONFIRM = "core.external_linked", "core.external_unlinked", "core.external_confirm"
CONFIRM_PATH = "/logowanie/login-gov/zgoda/"

_CALL = _("Was it not you? Call us at once, so that we block the account.")
NOTES: Mapping[str, Note] = {
    LINKED: Note(
        title=_("login.gov.pl was linked"),
        subject=_("Your account is linked with login.gov.pl"),
        lead=_("From now on you can sign in to your account through login.gov.pl too."),
        advice=_CALL,
    ),
    UNLINKED: Note(
        title=_("login.gov.pl was unlinked"),
        subject=_("Your account is not linked with login.gov.pl any more"),
        lead=_("From now on login.gov.pl no longer opens your account."),
        advice=_CALL,
    ),
}
LETTERS: Mapping[str, Letter] = {
    CONFIRM: Letter(
        title=_("Link that joins login.gov.pl with an account"),
        subject=_("Confirm that this account is yours"),
        lead=_(
            "Somebody who signed in through login.gov.pl wants to use your account (login: %(login)s). Is it you? "
            "Open the link and confirm it."
        ),
        more=(
            _("The link works once, until %(until)s."),
            _("Was it not you? Then there is nothing to do: without this link nobody gets in. Let us know of it."),
        ),
        action=_("Confirm"),
    ),
}
TEMPLATES = (
    *(
        NotificationTemplate(key=key, title=note.title, base="ebok_core/identity/mail/note")
        for key, note in NOTES.items()
    ),
    *letters.templates(LETTERS),
)
# `send(session, key, recipient, subject=…, locale=…, path=…, **places)`: see `notifications.letters.send`.
send = partial(letters.send, LETTERS)
