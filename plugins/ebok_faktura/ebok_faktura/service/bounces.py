"""Notices that come back: reports of mail servers read from a box, the address marked, the office's work."""

from __future__ import annotations

import errno
import hashlib
import mailbox
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import Viewer, audit, clock
from ebok_core.errors import NotFound

from ..models import BOUNCED, Bounce, FailingAddress, Notice
from ..rules import bounces as rules
from . import proof

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 2000
_UNSYNCHRONISED = {"synchronize_session": False}
_n = Notice.__table__
UNHANDLED = (
    sa.select(_n.c.id, _n.c.document_number, _n.c.customer_code, _n.c.bounced_at)
    .where(_n.c.state == BOUNCED, _n.c.handled_at.is_(None))
    .order_by(_n.c.bounced_at, _n.c.id)
    .limit(100)
)


class Read(NamedTuple):
    """What a look into the box found: reports of notices that came back, other mail, and what was read before."""

    returned: int
    others: int


def read_box(runtime: Runtime, path: Path) -> Read:
    """Read the reports in a Maildir folder or an mbox file; each is taken once, by the hash of its bytes.

    A message that was read is moved from `new` to `cur` in a Maildir; an mbox is never changed. Raises `OSError` for a
    box that can't be read.
    """
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    returned = others = 0
    for content, done in _messages(path):
        digest = hashlib.sha256(content).hexdigest()
        reports = rules.read(content)
        with runtime.database.unit_of_work() as session:
            taken = [_take(session, report) for report in reports] if _first_time(session, digest, reports) else None
        done()
        if taken is not None:
            returned += sum(taken)
            others += not any(taken)
    return Read(returned, others)


def returned(session: Session, notice: Notice, code: str, at: datetime) -> bool:
    """A notice came back: its state, the address, the log and the audit, once; the office finds it in its work."""
    known = {"address": notice.email or "", "message_id": notice.message_id, "code": code[:40]}
    if not proof.step(session, notice, "bounced", channel="mail", at=at, **known):
        return False
    session.execute(
        sa.update(Notice)
        .where(Notice.id == notice.id, Notice.state != BOUNCED)
        .values(state=BOUNCED, bounced_at=at, bounce_code=code[:40]),
        execution_options=_UNSYNCHRONISED,
    )
    if notice.email:
        _mark(session, notice, code, at)
    audit.record(
        session,
        "faktura.notice.bounced",
        actor=audit.SYSTEM,
        object_type="faktura.notice",
        object_id=notice.id,
        after={"code": code},
    )
    return True


def handle(session: Session, viewer: Viewer, notice_id: str) -> bool:
    """Tick a returned notice off the office's work, in a unit of work; False where somebody did. Raises `NotFound`."""
    if session.get(Notice, notice_id) is None:
        raise NotFound("Nie ma takiej strony.")
    done = session.execute(
        sa.update(Notice)
        .where(Notice.id == notice_id, Notice.state == BOUNCED, Notice.handled_at.is_(None))
        .values(handled_at=clock.now_utc(), handled_by=viewer.display_name[:150]),
        execution_options=_UNSYNCHRONISED,
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record(session, "faktura.notice.handled", actor=viewer, object_type="faktura.notice", object_id=notice_id)
    return True


def _take(session: Session, report: rules.Report) -> bool:
    """Apply a report to the notice that it is about; False for mail that is no notice, and for mere delays."""
    statement = sa.select(Notice).where(Notice.message_id == report.message_id).with_for_update()
    notice = session.scalars(statement).one_or_none()
    if notice is None:
        return False
    if report.action == rules.FAILED:
        return returned(session, notice, report.code or "failed", clock.now_utc())
    if report.action in (rules.DELIVERED, rules.DELAYED):
        known = {"address": notice.email or "", "message_id": notice.message_id, "code": report.code or None}
        proof.step(session, notice, report.action, channel="mail", **known)
    return False


def _mark(session: Session, notice: Notice, code: str, at: datetime) -> None:
    values = {"email": notice.email, "since": at, "code": code[:40], "document_number": notice.document_number}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(FailingAddress).values(customer_code=notice.customer_code, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[FailingAddress.customer_code], set_=values))


def _first_time(session: Session, digest: str, reports: list[rules.Report]) -> bool:
    outcome = reports[0].action if reports else rules.OTHER
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(Bounce).values(sha256=digest, read_at=clock.now_utc(), outcome=outcome)
    done = session.execute(statement.on_conflict_do_nothing().returning(Bounce.sha256))
    return done.first() is not None


def _messages(path: Path) -> Iterator[tuple[bytes, Callable[[], None]]]:
    """The bytes of each message with what to call once it was taken."""
    if path.is_dir():
        box = mailbox.Maildir(path, create=False)
        for key in sorted(box.iterkeys())[:MOST_AT_ONCE]:
            if box.get_message(key).get_subdir() == "new":
                yield box.get_bytes(key), lambda key=key: _seen(box, key)
    else:
        kept = mailbox.mbox(path, create=False)
        try:
            for key in list(kept.iterkeys())[:MOST_AT_ONCE]:
                yield kept.get_bytes(key), _nothing
        finally:
            kept.close()


def _seen(box: mailbox.Maildir, key: str) -> None:
    message = box.get_message(key)
    message.set_subdir("cur")
    message.add_flag("S")
    box[key] = message


def _nothing() -> None:
    """An mbox is the mail server's: nothing of it is changed."""
