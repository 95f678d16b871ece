"""The mail that tells of a deletion: what happens, until when it can be undone, and how."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import i18n
from ebok_core import notifications as mail
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity.models import Account

DELETION = "core.account_deletion"
UNDO_PATH = "/usuniecie-konta/"
TEMPLATES = (
    NotificationTemplate(key=DELETION, title=_("Deletion of an account"), base="ebok_core/privacy/mail/deletion"),
)
_OWNER = sa.select(Account.email, Account.display_name, Account.locale).where(Account.id == sa.bindparam("id"))


def tell(
    session: Session, account_id: str, deletion_id: str, *, way: str, due: datetime, at_once: bool, token: str
) -> None:
    """Write to the person, while the address is still known; only the person's own wish carries the link to undo."""
    owner = session.execute(_OWNER, {"id": account_id}).one()
    with i18n.use_locale(owner.locale):
        context = {
            "name": owner.display_name,
            "due": i18n.instant_in_words(due),
            "own": way == "own",
            "at_once": at_once,
            "path": f"{UNDO_PATH}{token}" if way == "own" else "",
        }
    mail.enqueue(
        session,
        DELETION,
        recipient=owner.email,
        context=context,
        subject_type="account_deletion",
        subject_id=deletion_id,
        locale=owner.locale,
    )
