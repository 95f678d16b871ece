"""The personal data of this room: acceptances, consents, files with one's own data, deletions, the diary."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.i18n import lazy_gettext as _

from .consents import service as consents
from .models import AccountDeletion, ConsentEvent, DataExport, DocumentAcceptance, LegalDocument, Sight
from .rows import ACCOUNT, CODES, CORE, Rows, plain

_A, _C, _D = DocumentAcceptance.__table__, ConsentEvent.__table__, LegalDocument.__table__
_X, _W, _S = DataExport.__table__, AccountDeletion.__table__, Sight.__table__
_ACCEPTED = (
    sa.select(
        sa.literal("accepted").label("kind"), _D.c.title, _D.c.version, _A.c.at, _A.c.way, _A.c.ip, _A.c.user_agent
    )
    .join_from(_A, _D, _D.c.id == _A.c.document_id)
    .where(_A.c.subject_id == ACCOUNT)
)
_DECIDED = (
    sa.select(
        _C.c.kind, _D.c.body.label("title"), _D.c.version, _C.c.at, _C.c.way, _C.c.ip, sa.null().label("user_agent")
    )
    .join_from(_C, _D, _D.c.id == _C.c.document_id)
    .where(_C.c.subject_id == ACCOUNT)
)


class Evidence:
    """What a person agreed to. Evidence for claims: after an erasure it stays under a random id, without addresses."""

    key = "core.evidence"
    title = _("Acceptances and consents")
    tables = (_A.name, _C.name)
    retention = _("Six years after the account or the consent ended, as evidence when claims are disputed")
    labels: Mapping[str, Any] = {"title": _("Document")}
    order = CORE

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """Acceptances, then decisions about consents, with the texts as they were."""
        for statement in (_ACCEPTED.order_by(_A.c.at), _DECIDED.order_by(_C.c.id)):
            for row in session.execute(statement, {ACCOUNT.key: account_id}):
                yield plain(row._mapping)

    def erase(self, session: Session, account_id: str) -> int:
        """Withdraw what stands, then cut every tie to the person."""
        consents.withdraw_all(session, account_id)
        nobody, now, count = str(uuid.uuid4()), clock.now_utc(), 0
        for table, more in ((_A, {"user_agent": None}), (_C, {})):
            values = {"subject_id": nobody, "subject_ended_at": now, "ip": None, **more}
            erased = session.execute(
                sa.update(table).where(table.c.subject_id == account_id).values(**values),
                execution_options={"synchronize_session": False},
            )
            count += int(erased.rowcount)  # type: ignore[attr-defined]
        return count


ALL = (
    Evidence(),
    Rows(
        key="core.own_data",
        title=_("Files with one's own data"),
        tables=(_X.name,),
        retention=_("The file seven days; the note of it until the account is deleted"),
        statement=sa.select(_X.c.asked_at, _X.c.state, _X.c.expires_at).where(_X.c.account_id == ACCOUNT),
        erasing=(sa.delete(_X).where(_X.c.account_id == ACCOUNT),),
    ),
    Rows(
        key="core.deletions",
        title=_("Deletions of the account that were asked for"),
        tables=(_W.name,),
        retention=_("What is left is a date without a person"),
        statement=sa.select(_W.c.asked_at, _W.c.way, _W.c.reason, _W.c.state).where(_W.c.account_id == ACCOUNT),
        # One that was undone names nobody any more either; the waiting one is closed by who erases.
        erasing=(sa.delete(_W).where(_W.c.account_id == ACCOUNT, _W.c.state != "waiting"),),
    ),
    Rows(
        key="core.diary",
        title=_("Who looked at my data"),
        tables=(_S.name,),
        retention=_("24 months"),
        statement=sa.select(_S.c.at, _S.c.customer_code, _S.c.viewer_kind.label("who"), _S.c.what)
        .where(_S.c.customer_code.in_(CODES), _S.c.viewer_id != ACCOUNT)
        .order_by(_S.c.at),
    ),
)
