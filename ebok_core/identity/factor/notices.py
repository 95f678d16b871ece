"""Mails about second factors (identity.md §6.7): what happened, when, where, and what to do if it was not you."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity import notices
from ebok_core.identity.notices import Note

ADDED, REMOVED, CODES_MADE, CODE_USED = (
    "core.factor_added",
    "core.factor_removed",
    "core.recovery_codes_made",
    "core.recovery_code_used",
)
WRONG_CODES, KEY_WENT_BACK, RESET = "core.wrong_codes", "core.passkey_warning", "core.factor_reset"

_CALL = _("Was it not you? Change the password and call us at once.")
NOTES: Mapping[str, Note] = {
    ADDED: Note(
        title=_("A second factor was added"),
        subject=_("A second factor was added to your account"),
        lead=_("Your account has a new second factor of sign-in: %(what)s."),
        advice=_CALL,
    ),
    REMOVED: Note(
        title=_("A second factor was removed"),
        subject=_("A second factor was removed from your account"),
        lead=_("A second factor of sign-in was removed from your account: %(what)s."),
        advice=_CALL,
    ),
    CODES_MADE: Note(
        title=_("New recovery codes were made"),
        subject=_("New recovery codes of your account"),
        lead=_("New recovery codes were made for your account. The former ones no longer work."),
        advice=_CALL,
    ),
    CODE_USED: Note(
        title=_("A recovery code was used"),
        subject=_("A recovery code of your account was used"),
        lead=_("A recovery code was used with your account. Codes that are left: %(what)s."),
        advice=_CALL,
    ),
    WRONG_CODES: Note(
        title=_("The right password and wrong codes"),
        subject=_("Somebody may know your password"),
        lead=_("Somebody gave the right password of your account and wrong codes after it. Nobody got in."),
        advice=_("Was it not you? Change the password, because somebody knows it. Then call us."),
    ),
    KEY_WENT_BACK: Note(
        title=_("The counter of a passkey went back"),
        subject=_("A passkey of your account behaves oddly"),
        lead=_("The counter of your passkey went back: %(what)s. Somebody may have copied the key."),
        advice=_("Remove this passkey from your account and add it anew. You did not sign in now? Call us at once."),
    ),
    RESET: Note(
        title=_("The office removed a lost second factor"),
        subject=_("We removed the second factor of your account"),
        lead=_("Two of our staff confirmed who you are and removed the second factor of your account."),
        advice=_("Sign in with the password and add a new one. You did not ask for this? Call us at once."),
        device=False,
    ),
}
ALL = tuple(
    NotificationTemplate(key=key, title=note.title, base="ebok_core/identity/mail/note") for key, note in NOTES.items()
)


def tell_owner(session: Session, key: str, account_id: str, what: Any = "") -> None:
    """Put the mail into the outbox; `what` fills the sentence's place and may be lazy."""
    notices.tell_owner(session, key, account_id, note=NOTES[key], what=what)
