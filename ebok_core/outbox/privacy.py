"""The personal data of the outbox: mails and messages to TYTAN about a person, and forms sent once.

References stay, order and uniqueness hang on them; what was written, and who wrote it, goes. What is still on its way
is left alone: an erasure waits for it (`privacy.deletion`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity.models import Account
from ebok_core.notifications.rules import stream_of
from ebok_core.privacy.rows import CORE, plain

from . import rules
from .models import Message, Submission
from .upkeep import STRIPPED

_M, _S = Message.__table__, Submission.__table__
_GIVEN = sa.select(_M.c.accepted_at.label("at"), _M.c.kind, _M.c.subject_type.label("what"), _M.c.customer_code)
_OWNER = sa.select(Account.email, Account.login, Account.display_name)


class Messages:
    """Messages to a person's address, and those that a person caused."""

    key = "core.messages"
    title = _("Messages sent")
    tables = (_M.name, _S.name)
    retention = _("Texts 90 days, payments five years; then only the reference")
    labels: Mapping[str, Any] = {}
    order = CORE

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """When what was sent, oldest first; the texts are in the mailbox."""
        statement = _GIVEN.where(_own(session, account_id)).order_by(_M.c.accepted_at, _M.c.id)
        return [plain(row._mapping) for row in session.execute(statement)]

    def erase(self, session: Session, account_id: str) -> int:
        """Strip what is closed of its text wherever the person's address or name stands in it; forget sent forms."""
        owner = session.execute(_OWNER.where(Account.id == account_id)).one()
        is_payment = _M.c.kind.startswith(rules.PAYMENT_KINDS, autoescape=True)
        named = [_M.c.payload.contains(owner.display_name, autoescape=True) & ~is_payment]
        named += [
            _M.c.payload.icontains(text, autoescape=True) for text in (owner.email, owner.login) if text and "@" in text
        ]
        statement = sa.update(_M).where(~_M.c.open, sa.or_(_own(session, account_id), *named)).values(**STRIPPED)
        stripped = session.execute(statement)
        forgotten = session.execute(sa.delete(_S).where(_S.c.actor == account_id))
        return int(stripped.rowcount + forgotten.rowcount)  # type: ignore[attr-defined]


def open_of(session: Session, account_id: str) -> list[tuple[str, str]]:
    """What is still on its way to or from a person: pairs of id and target."""
    rows = session.execute(sa.select(_M.c.id, _M.c.target).where(_M.c.open, _own(session, account_id)))
    return [(row.id, row.target) for row in rows]


def _own(session: Session, account_id: str) -> sa.ColumnElement[bool]:
    email = session.scalar(sa.select(Account.email).where(Account.id == account_id))
    condition = _M.c.actor_ref == account_id
    return sa.or_(condition, _M.c.stream_key == stream_of(email)) if email else condition


ALL = (Messages(),)
