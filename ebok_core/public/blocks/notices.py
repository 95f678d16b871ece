"""The mail that goes to the office when a text with a bank account is published (security.md §6, S78)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.i18n import lazy_gettext as _
from ebok_core.notifications import enqueue, posts

ACCOUNT = NotificationTemplate(
    key="core.public_account",
    title=_("A bank account in the public zone"),
    base="ebok_core/public/mail/account",
)
TEMPLATES = (ACCOUNT,)


def account_published(session: Session, viewer: Viewer, block_id: str, number: int, title: str) -> None:
    """Tell the office who published which text; without an address of the office nobody can be told."""
    office = posts.of(session).office(session)
    enqueue(
        session,
        ACCOUNT.key,
        recipient=getattr(office, "email", ""),
        context={"title": title, "who": viewer.display_name},
        subject_type="core.public_block",
        subject_id=block_id,
        subject_rev=number,
    )
