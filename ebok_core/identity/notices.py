"""Mails about the account's security (identity.md §6.7): what, when, from which device; no link that signs in."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock, i18n
from ebok_core import notifications as mail
from ebok_core.audit import current_request
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _

from . import devices
from .models import Account

PASSWORD_CHANGED = "core.password_changed"  # noqa: S105 - the key of a notification
NEW_DEVICE = "core.new_device"
MANY_FAILURES = "core.many_failures"

ALL = tuple(
    NotificationTemplate(key=key, title=title, base=f"ebok_core/identity/mail/{key.removeprefix('core.')}")
    for key, title in (
        (PASSWORD_CHANGED, _("The password was changed")),
        (NEW_DEVICE, _("Sign-in from a new device")),
        (MANY_FAILURES, _("Many failed sign-ins")),
    )
)
_OWNER = sa.select(Account.email, Account.display_name, Account.locale).where(Account.id == sa.bindparam("id"))


def tell_owner(session: Session, key: str, account_id: str, *, at: datetime | None = None) -> None:
    """Put a mail to the account's owner into the outbox; an account without an address gets none."""
    owner = session.execute(_OWNER, {"id": account_id}).one()
    at, meta = at or clock.now_utc(), current_request()
    with i18n.use_locale(owner.locale):
        context = {
            "name": owner.display_name,
            "at": i18n.instant_in_words(at),
            "device": devices.words(meta.user_agent),
            "ip": meta.ip or "",
        }
    mail.enqueue(
        session,
        key,
        recipient=owner.email,
        context=context,
        subject_type="account",
        subject_id=account_id,
        subject_rev=int(at.timestamp()),
        locale=owner.locale,
    )
