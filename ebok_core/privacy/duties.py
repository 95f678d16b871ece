"""What a customer must do before anything else: undo a deletion, or answer a new version of a document.

Asked once, when a session begins, so that no page pays for it; the session's row carries the answer.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.identity.models import Account, SignInSession

from .documents.service import UNANSWERED
from .models import AccountDeletion, LegalDocument

DOCUMENTS, DELETION = "documents", "deletion"

_D, _W = LegalDocument.__table__, AccountDeletion.__table__
_A, _S = Account.__table__, SignInSession.__table__
_DUTY = sa.select(
    sa.exists(sa.select(_W.c.id).where(_W.c.account_id == sa.bindparam("subject_id"), _W.c.state == "waiting")),
    sa.exists(sa.select(_D.c.id).where(UNANSWERED)),
).where(sa.exists(sa.select(_A.c.id).where(_A.c.id == sa.bindparam("subject_id"), _A.c.kind == "customer")))
_OWNER = sa.select(_S.c.account_id).where(_S.c.id == sa.bindparam("session_id"))


def duty_of(session: Session, account_id: str) -> str | None:
    """The duty with which a customer's session begins, or with which it goes on when another duty is done."""
    found = session.execute(_DUTY, {"subject_id": account_id, "today": clock.today()}).first()
    deletion, documents = found if found is not None else (False, False)
    return DELETION if deletion else DOCUMENTS if documents else None


def next_duty(session: Session, session_id: str) -> str | None:
    """The duty that is left for an open session when the one before is done."""
    account_id = session.scalar(_OWNER, {"session_id": session_id})
    return duty_of(session, account_id) if account_id else None


def done(session: Session, account_id: str) -> None:
    """A duty of this room is done: every session of the account that waits for it goes on with what is left."""
    waiting = sa.update(_S).where(
        _S.c.account_id == account_id, _S.c.ended_at.is_(None), _S.c.duty.in_((DOCUMENTS, DELETION))
    )
    session.execute(waiting.values(duty=duty_of(session, account_id)), execution_options={"synchronize_session": False})
