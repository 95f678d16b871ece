"""Mails about the account's security (identity.md §6.7): what, when, from which device; no link that signs in.

Nobody can switch them off: no setting is asked before one is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock, i18n
from ebok_core import notifications as mail
from ebok_core.audit import current_request
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _

from . import devices
from .models import Account
from .recovery import rules as recovery
from .recovery.models import EmailChange

PASSWORD_CHANGED = "core.password_changed"  # noqa: S105 - the key of a notification
NEW_DEVICE = "core.new_device"
MANY_FAILURES = "core.many_failures"
EMAIL_ASKED, EMAIL_CHANGED = "core.email_asked", "core.email_changed"
OFFICE_RESET, OFFICE_ENDED = "core.office_reset", "core.office_ended"
ALARM, EVERYWHERE = "core.alarm", "core.signed_out_everywhere"


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a notice says: its name for the office, subject, first sentence, what to do; `%(place)s` are filled in.

    `device`: the act came from the person's own side, so the browser and the address of it are told.
    """

    title: Any
    subject: Any
    lead: Any
    advice: Any
    device: bool = True


_BLOCK = _("Was it not you? Call us at once, so that we block the account.")
NOTES: Mapping[str, Note] = {
    EMAIL_ASKED: Note(
        title=_("Somebody asked for another e-mail address"),
        subject=_("Your account is to get another e-mail address"),
        lead=_("Somebody who is signed in to your account wants messages to go to %(address)s from now on."),
        advice=_(
            "Until that address is confirmed, nothing changes. Was it not you? Sign in, change the password, "
            "and call us."
        ),
    ),
    EMAIL_CHANGED: Note(
        title=_("The e-mail address was changed"),
        subject=_("The e-mail address of your account was changed"),
        lead=_("The e-mail address of your account was changed. Messages go to %(address)s from now on."),
        advice=_BLOCK,
    ),
    OFFICE_RESET: Note(
        title=_("The office began a change of the password"),
        subject=_("Our office began a change of your password"),
        lead=_(
            "Our office ended your sessions and sent you a way to a new password. The password of now only lets you "
            "set another one."
        ),
        advice=_("You did not ask for it? Call us."),
        device=False,
    ),
    OFFICE_ENDED: Note(
        title=_("The office ended the sessions"),
        subject=_("Our office signed you out everywhere"),
        lead=_("Our office ended all sessions of your account. The password stays as it is, you can sign in again."),
        advice=_("You don't know why? Call us."),
        device=False,
    ),
    ALARM: Note(
        title=_("The owner said: that was not me"),
        subject=_("You told us of a sign-in that was not yours"),
        lead=_("We ended the sessions of your account. Before anything else a new password must be set."),
        advice=_("Our office knows of it. Was it not you? Call us at once, so that we block the account."),
    ),
    EVERYWHERE: Note(
        title=_("Signed out everywhere"),
        subject=_("You are signed out everywhere"),
        lead=_("All sessions of your account were ended, on every device."),
        advice=_("Was it not you? Sign in, change the password, and call us."),
    ),
}
_TITLES: Mapping[str, Any] = {
    PASSWORD_CHANGED: _("The password was changed"),
    NEW_DEVICE: _("Sign-in from a new device"),
    MANY_FAILURES: _("Many failed sign-ins"),
}
_MAILS = "ebok_core/identity/mail"
ALL = (
    *(
        NotificationTemplate(key=key, title=title, base=f"{_MAILS}/{key.removeprefix('core.')}")
        for key, title in _TITLES.items()
    ),
    *(NotificationTemplate(key=key, title=note.title, base=f"{_MAILS}/note") for key, note in NOTES.items()),
)
# What the mailbox that was left within a week hears too: it may be the only one that still is the owner's (§6.3).
_FORMER_TOO = (PASSWORD_CHANGED, EMAIL_CHANGED, OFFICE_RESET)

_C = EmailChange.__table__
_OWNER = sa.select(Account.email, Account.display_name, Account.locale).where(Account.id == sa.bindparam("id"))
_FORMER = sa.select(_C.c.former_email).where(
    _C.c.account_id == sa.bindparam("id"),
    _C.c.former_email.is_not(None),
    _C.c.confirmed_at > sa.bindparam("since", type_=_C.c.confirmed_at.type),
)


def tell_owner(
    session: Session,
    key: str,
    account_id: str,
    *,
    at: datetime | None = None,
    note: Note | None = None,
    **places: Any,
) -> None:
    """Put a mail to the account's owner into the outbox; an account without an address gets none.

    `note` is a sub-room's own, else the key's; `places` fill the places in its words.
    """
    owner = session.execute(_OWNER, {"id": account_id}).one()
    at, meta = at or clock.now_utc(), current_request()
    with i18n.use_locale(owner.locale):
        context = {
            "name": owner.display_name,
            "at": i18n.instant_in_words(at),
            "device": devices.words(meta.user_agent),
            "ip": meta.ip or "",
        }
        note = note or NOTES.get(key)
        if note is not None:
            words = {name: str(getattr(note, name)) % places for name in ("subject", "lead", "advice")}
            context |= {"topic": words.pop("subject"), **words}
            context |= {} if note.device else {"device": "", "ip": ""}
    for address in _recipients(session, key, account_id, owner.email):
        mail.enqueue(
            session,
            key,
            recipient=address,
            context=context,
            subject_type="account",
            subject_id=account_id,
            subject_rev=int(at.timestamp()),
            locale=owner.locale,
        )


def _recipients(session: Session, key: str, account_id: str, email: str | None) -> list[str | None]:
    """The account's address, and for some notices those that it had within the last seven days."""
    found = [email]
    if key in _FORMER_TOO:
        values = {"id": account_id, "since": clock.now_utc() - recovery.FORMER_HEARS_FOR}
        former = sorted(set(session.scalars(_FORMER, values)))
        found += [address for address in former if address != email]
    return found
