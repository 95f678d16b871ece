"""Files of forms: kept as soon as they come, so that a mistake elsewhere in the form loses none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import clock, files
from ebok_core.db import uuid7
from ebok_core.errors import NotFound
from ebok_core.files import uploads
from ebok_core.i18n import gettext as _

from . import rules
from .models import CaseFile, CaseMessage

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

OWNER = "core"
_F, _M = CaseFile.__table__, CaseMessage.__table__
_WAITING = (
    sa.select(_F.c.id, _F.c.name, _F.c.size, _F.c.media_type)
    .where(
        _F.c.token == sa.bindparam("token"),
        sa.func.coalesce(_F.c.account_id, "") == sa.bindparam("actor"),
        _F.c.message_id.is_(None),
    )
    .order_by(_F.c.sent_at, _F.c.id)
)
_OF_CASE = (
    sa.select(_F.c.sha256, _F.c.name, _F.c.media_type, _F.c.size, _M.c.kind)
    .join_from(_F, _M, _M.c.id == _F.c.message_id)
    .where(_F.c.id == sa.bindparam("file_id"), _M.c.case_id == sa.bindparam("case_id"))
)
_LATELY = (
    sa.select(sa.func.count())
    .select_from(_F.join(_M, _M.c.id == _F.c.message_id))
    .where(_M.c.case_id == sa.bindparam("case_id"), _M.c.kind == rules.PERSON, _F.c.sent_at > sa.bindparam("since"))
)


class Draft(NamedTuple):
    """A file that waits for its form; `size` in bytes."""

    id: str
    name: str
    size: int
    media_type: str


class Content(NamedTuple):
    """A file to be given out."""

    name: str
    media_type: str
    content: bytes


def waiting(session: Session, token: str, account_id: str | None) -> list[Draft]:
    """The files that came with earlier sendings of this form by the same person."""
    return [Draft._make(row) for row in session.execute(_WAITING, {"token": token, "actor": account_id or ""})]


def keep(runtime: Runtime, token: str, account_id: str | None, given: Sequence[uploads.Upload]) -> None:
    """Write the contents, then their rows; never call it inside a unit of work. Raises `StorageFull`."""
    folder = files.folder_of(runtime.settings)
    kept = [(upload, uploads.store(folder, OWNER, upload.content)) for upload in given]
    with runtime.database.unit_of_work() as session:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        for upload, stored in kept:
            files.record(session, stored, upload.media_type)
            row = {
                "id": uuid7(),
                "token": token,
                "account_id": account_id,
                "sha256": stored.sha256,
                "name": upload.name,
                "media_type": upload.media_type,
                "size": stored.size,
                "removed": upload.removed,
                "sent_at": clock.now_utc(),
            }
            session.execute(insert(_F).values(row).on_conflict_do_nothing())


def drop(session: Session, token: str, account_id: str | None, ids: Sequence[str]) -> None:
    """Take back files of a form that waits; nobody else's."""
    own = [draft.id for draft in waiting(session, token, account_id) if draft.id in ids]
    _delete(session, _F.c.id.in_(own))


def attach(session: Session, token: str, account_id: str | None, message_id: str) -> int:
    """Give the files of a form to the message that was made of it; tells how many."""
    own = [draft.id for draft in waiting(session, token, account_id)]
    if own:
        session.execute(sa.update(_F).where(_F.c.id.in_(own)).values(message_id=message_id))
    return len(own)


def sent_lately(session: Session, case_id: str) -> int:
    """How many files the person sent in a case within a day."""
    since = clock.now_utc() - rules.DRAFTS_LIVE
    return int(session.execute(_LATELY, {"case_id": case_id, "since": since}).scalar_one())


def content(session: Session, runtime: Runtime, case_id: str, file_id: str, *, for_office: bool) -> Content:
    """A file of a case; a note's only for the office. Raises `NotFound`."""
    row = session.execute(_OF_CASE, {"case_id": case_id, "file_id": file_id}).first()
    if row is None or (row.kind == rules.NOTE and not for_office):
        raise NotFound(_("There is no such file."))
    try:
        found = uploads.read(files.folder_of(runtime.settings), OWNER, row.sha256)
    except files.Missing as missing:
        raise NotFound(_("There is no such file.")) from missing
    return Content(row.name, row.media_type, found)


def forget_old(session: Session) -> int:
    """Delete files whose form was not sent within a day; tells how many (S44)."""
    old = (_F.c.message_id.is_(None), _F.c.sent_at < clock.now_utc() - rules.DRAFTS_LIVE)
    return _delete(session, *old)


def forget_cases(session: Session, case_ids: Sequence[str]) -> int:
    """Delete the files of cases that are about to be deleted."""
    messages = sa.select(_M.c.id).where(_M.c.case_id.in_(case_ids))
    return _delete(session, _F.c.message_id.in_(messages))


def _delete(session: Session, *which: sa.ColumnElement[bool]) -> int:
    """Delete rows, and forget the contents that no other row of ours names: they are kept under our own mark."""
    gone = session.execute(sa.select(_F.c.id, _F.c.sha256).where(*which).limit(500)).all()
    if not gone:
        return 0
    session.execute(sa.delete(_F).where(_F.c.id.in_([row.id for row in gone])))
    for sha256 in sorted({row.sha256 for row in gone}):
        if session.execute(sa.select(_F.c.id).where(_F.c.sha256 == sha256).limit(1)).first() is None:
            files.forget(session, sha256)
    return len(gone)
