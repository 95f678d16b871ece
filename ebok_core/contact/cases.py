"""Cases: received from a customer or a stranger, followed by their signature, answered by the office.

Each act is one unit of work: the rows, the mail, the audit event. Whoever sends a form again gets the first answer.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import audit, clock, i18n, notifications, outbox
from ebok_core.contracts.admin import WorkItem
from ebok_core.contracts.identity import Viewer
from ebok_core.db import search_key, uuid7
from ebok_core.errors import NotAllowed, NotFound, Refused
from ebok_core.i18n import gettext as _

from . import directory, drafts, letters, rules
from .models import Case, CaseCounter, CaseFile, CaseMessage, ContactPerson, Department, DepartmentClerk, Topic
from .permissions import ANSWER, SEE, SET_UP

STRANGER = "stranger"
FOLLOW, OFFICE_PATH = "/kontakt/sprawa/", "/panel/sprawy/"

_C, _M, _F = Case.__table__, CaseMessage.__table__, CaseFile.__table__
_T, _D, _K, _P = Topic.__table__, Department.__table__, DepartmentClerk.__table__, ContactPerson.__table__
_HAS_CLERKS = sa.exists().where(_K.c.department_id == _D.c.id)
MAY_SEE = sa.or_(
    sa.exists().where(_K.c.department_id == _D.c.id, _K.c.account_id == sa.bindparam("viewer_id")),
    sa.and_(~_HAS_CLERKS, sa.or_(_D.c.kind != rules.ADMINISTRATOR, sa.bindparam("sets_up", type_=sa.Boolean))),
)
"""The departments whose cases a member of staff sees: those that it answers for, and those that are everybody's."""
_WHOLE = (
    sa.select(_C, _T.c.name.label("topic"), _D.c.name.label("department"), _D.c.email.label("department_email"))
    .add_columns(_P.c.name.label("person"), _P.c.role.label("person_role"), _P.c.email.label("person_email"))
    .select_from(
        _C.join(_T, _T.c.id == _C.c.topic_id)
        .join(_D, _D.c.id == _C.c.department_id)
        .outerjoin(_P, _P.c.id == _C.c.person_id)
    )
)
_BY_NUMBER = _WHOLE.where(_C.c.number == sa.bindparam("number"))
_OWN = _BY_NUMBER.where(_C.c.account_id == sa.bindparam("account_id"))
_OWN_FILE = (
    sa.select(_C.c.id)
    .select_from(_F.join(_M, _M.c.id == _F.c.message_id).join(_C, _C.c.id == _M.c.case_id))
    .where(_F.c.id == sa.bindparam("file_id"), _C.c.account_id == sa.bindparam("account_id"))
)
_SEEN = _BY_NUMBER.where(MAY_SEE)
_THREAD = (
    sa.select(_M.c.id, _M.c.kind, _M.c.author, _M.c.text, _M.c.written_at)
    .add_columns(_F.c.id.label("file_id"), _F.c.name, _F.c.size, _F.c.media_type, _F.c.removed)
    .select_from(_M.outerjoin(_F, _F.c.message_id == _M.c.id))
    .where(_M.c.case_id == sa.bindparam("case_id"))
    .order_by(_M.c.written_at, _M.c.id, _F.c.sent_at, _F.c.id)
)
_WORK = (
    sa.select(_C.c.id, _C.c.number, _C.c.received_at, _T.c.name)
    .select_from(_C.join(_T, _T.c.id == _C.c.topic_id).join(_D, _D.c.id == _C.c.department_id))
    .where(_C.c.state.in_(rules.WAITING), MAY_SEE)
    .order_by(_C.c.received_at, _C.c.id)
    .limit(100)
)


class Sender(NamedTuple):
    """Who writes: a name, and an e-mail address or a phone number (one is enough)."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class SentFile(NamedTuple):
    """A file in the thread; `removed`: active content was taken out of it."""

    id: str
    name: str
    size: int
    media_type: str
    removed: bool


class Said(NamedTuple):
    """A message of the thread with its files."""

    kind: str
    author: str | None
    text: str
    written_at: datetime
    files: list[SentFile]


# Received


def receive(
    session: Session,
    viewer: Viewer | None,
    *,
    topic: directory.TopicRow,
    chosen: str,
    text: str,
    sender: Sender,
    token: str,
) -> str:
    """Make a case of a form; the form's `token` sent again gives the first case's signature, which is returned.

    Raises `Refused` when the recipient is gone, or for a token of somebody else.
    """
    actor = viewer.account_id if viewer else STRANGER
    earlier = outbox.once(session, actor, token)
    if earlier:
        return earlier
    now, to = clock.now_utc(), directory.recipient(session, chosen, topic)
    signed = rules.Signature(rules.number_of(clock.local(now).year, _next_number(session, now)), rules.new_code())
    case_id, due = uuid7(), rules.due_on(clock.local(now).date(), topic.answer_days)
    code = viewer.customer_code if viewer else None
    words = " ".join(filter(None, (signed.number, sender.name, sender.email, sender.phone, code)))
    session.execute(
        sa.insert(_C).values(
            id=case_id,
            number=signed.number,
            code=signed.code,
            topic_id=topic.id,
            department_id=to.department_id,
            person_id=to.person_id,
            account_id=viewer.account_id if viewer else None,
            customer_code=code,
            sender_name=sender.name,
            sender_email=sender.email,
            sender_phone=sender.phone,
            locale=i18n.current_locale(),
            state=rules.NEW,
            received_at=now,
            due_on=due,
            search_text=search_key(words)[:500],
        )
    )
    _say(session, case_id, rules.PERSON, text, sender.name, viewer, token)
    about = {"number": signed.number, "topic": topic.name, "due": due}
    letters.send(
        session,
        letters.RECEIVED,
        sender.email,
        path=f"{FOLLOW}{signed}",
        about=("core.case", case_id),
        locale=i18n.current_locale(),
        customer_code=code,
        **about,
    )
    _tell_office(session, letters.ARRIVED, to.email, ("core.case", case_id), about)
    after = {"number": signed.number, "topic": topic.slug, "department": to.department_id, "due_on": due.isoformat()}
    audit.record(
        session, "core.case.received", actor=viewer or actor, object_type="case", object_id=signed.number, after=after
    )
    outbox.conclude(session, token, str(signed))
    return str(signed)


def write_more(session: Session, case: Any, viewer: Viewer | None, text: str, token: str) -> None:
    """The person writes more: an answered or closed case is open again, with new days for the answer."""
    actor = viewer.account_id if viewer else STRANGER
    if outbox.once(session, actor, token) is not None:
        return
    moved = {}
    if case.state in (rules.ANSWERED, rules.CLOSED):
        days = session.execute(sa.select(_T.c.answer_days).where(_T.c.id == case.topic_id)).scalar_one()
        moved = {"state": rules.OPEN, "due_on": rules.due_on(clock.today(), days), "closed_at": None}
        session.execute(sa.update(_C).where(_C.c.id == case.id).values(**moved))
    message_id = _say(session, case.id, rules.PERSON, text, case.sender_name, viewer, token)
    email = case.person_email or case.department_email
    about = {"number": case.number, "topic": case.topic, "due": moved.get("due_on", case.due_on)}
    _tell_office(session, letters.WRITTEN_IN, email, ("core.case_message", message_id), about)
    _note(session, viewer or actor, "core.case.written_in", case, after={"reopened": bool(moved)})


# Read


def by_signature(session: Session, typed: str) -> Any | None:
    """The case that a signature opens, or None."""
    signed = rules.signature(typed)
    row = session.execute(_BY_NUMBER, {"number": signed.number}).first() if signed else None
    return row if row and signed and row.code and hmac.compare_digest(row.code, signed.code) else None


def own_case(session: Session, viewer: Viewer, number: str) -> Any:
    """A case that this account sent. Raises `NotFound`."""
    return _found(session.execute(_OWN, {"number": number, "account_id": viewer.account_id}).first())


def own_case_of_file(session: Session, viewer: Viewer, file_id: str) -> str:
    """The id of the account's own case that a file was sent in. Raises `NotFound`."""
    row = session.execute(_OWN_FILE, {"file_id": file_id, "account_id": viewer.account_id}).first()
    return str(_found(row).id)


def seen_case(session: Session, viewer: Viewer, number: str) -> Any:
    """A case of a department that this member of staff looks after. Raises `NotFound`."""
    return _found(session.execute(_SEEN, {"number": number, **sight(viewer)}).first())


def sight(viewer: Viewer) -> dict[str, Any]:
    """The values of `MAY_SEE` for somebody of the staff."""
    return {"viewer_id": viewer.account_id, "sets_up": viewer.may(SET_UP)}


def thread(session: Session, case: Any, *, for_office: bool) -> list[Said]:
    """Everything that was written, oldest first; notes only for the office."""
    said: dict[str, Said] = {}
    for row in session.execute(_THREAD, {"case_id": case.id}):
        if row.kind == rules.NOTE and not for_office:
            continue
        entry = said.setdefault(row.id, Said(row.kind, row.author, row.text, row.written_at, []))
        if row.file_id:
            entry.files.append(SentFile(row.file_id, row.name, row.size, row.media_type, row.removed))
    return list(said.values())


def work_items(viewer: Viewer, session: Session) -> list[WorkItem]:
    """The cases that wait for an answer of the departments that the viewer looks after, oldest first (L03)."""
    if not viewer.may(SEE):
        return []
    return [
        WorkItem(
            key=f"core.case.{row.id}",
            kind=_("Message from Kontakt"),
            title=f"{row.number}, {row.name}",
            since=row.received_at,
            endpoint="admin.contact.case",
            arguments=(("number", row.number),),
        )
        for row in session.execute(_WORK, sight(viewer))
    ]


# The office


def answer(session: Session, viewer: Viewer, case: Any, text: str, token: str, *, close: bool = False) -> None:
    """Answer the person, who gets a mail without the text; the case is answered, or closed at once."""
    if _sent_before(session, viewer, token):
        return
    now, state = clock.now_utc(), rules.CLOSED if close else rules.ANSWERED
    message_id = _say(session, case.id, rules.ANSWER, text, viewer.display_name, viewer, token)
    values = {"state": state, "answered_at": now, "closed_at": now if close else None}
    session.execute(sa.update(_C).where(_C.c.id == case.id).values(**values))
    _tell_person(session, case, message_id)
    _note(session, viewer, "core.case.answered", case, before={"state": case.state}, after={"state": state})


def note(session: Session, viewer: Viewer, case: Any, text: str, token: str) -> None:
    """Write a note that the person never sees."""
    if not _sent_before(session, viewer, token):
        _say(session, case.id, rules.NOTE, text, viewer.display_name, viewer, token)
        _note(session, viewer, "core.case.noted", case)


def set_state(session: Session, viewer: Viewer, case: Any, state: str) -> None:
    """Take a case up, close it or open it again. Raises `Refused` for a state that does not follow."""
    _must(viewer)
    values = {"state": state, "closed_at": clock.now_utc() if state == rules.CLOSED else None}
    moved = session.execute(sa.update(_C).where(_C.c.id == case.id, _C.c.state == case.state).values(**values))
    if state not in rules.states_after(case.state) or not moved.rowcount:  # type: ignore[attr-defined]
        raise Refused(_("The case stands elsewhere by now. Look at it once more"), code="state")
    _note(session, viewer, "core.case.state_changed", case, before={"state": case.state}, after={"state": state})


def pass_on(session: Session, viewer: Viewer, case: Any, department_id: str) -> str:
    """Give a case to another department, which gets a mail; returns its name. Raises `Refused` for a closed one."""
    _must(viewer)
    to = session.execute(
        sa.select(_D.c.id, _D.c.name, _D.c.email).where(_D.c.id == department_id, _D.c.closed_at.is_(None))
    ).first()
    if to is None or to.id == case.department_id:
        raise Refused(_("Choose another department, one that is open"), code="target")
    session.execute(sa.update(_C).where(_C.c.id == case.id).values(department_id=to.id, person_id=None))
    about = {"number": case.number, "topic": case.topic, "due": case.due_on}
    _tell_office(session, letters.ARRIVED, to.email, ("core.case_passed", uuid7()), about)
    before, after = {"department": case.department_id}, {"department": to.id}
    _note(session, viewer, "core.case.passed_on", case, before=before, after=after)
    return str(to.name)


def _sent_before(session: Session, viewer: Viewer, token: str) -> bool:
    _must(viewer)
    return outbox.once(session, viewer.account_id, token) is not None


def _must(viewer: Viewer) -> None:
    if not viewer.may(ANSWER):
        raise NotAllowed(_("You may look at cases, not answer them."))


def _found(row: Any) -> Any:
    if row is None:
        raise NotFound(_("There is no such case."))
    return row


def _say(
    session: Session, case_id: str, kind: str, text: str, author: str | None, viewer: Viewer | None, token: str
) -> str:
    message_id = uuid7()
    account_id = viewer.account_id if viewer else None
    row = {
        "id": message_id,
        "case_id": case_id,
        "kind": kind,
        "account_id": account_id,
        "author": author,
        "text": text,
        "written_at": clock.now_utc(),
    }
    session.execute(sa.insert(_M).values(row))
    drafts.attach(session, token, account_id, message_id)
    return message_id


def _tell_office(session: Session, key: str, email: str | None, about: tuple[str, str], facts: dict[str, Any]) -> None:
    recipient = letters.office_address(session, email)
    letters.send(session, key, recipient, path=f"{OFFICE_PATH}{facts['number']}", about=about, **facts)


def _tell_person(session: Session, case: Any, message_id: str) -> None:
    known = notifications.addressee(session, case.account_id) if case.account_id else None
    recipient = case.sender_email or (known.email if known else None)
    if not recipient or not case.code:
        return
    letters.send(
        session,
        letters.ANSWERED,
        recipient,
        number=case.number,
        topic=case.topic,
        path=f"{FOLLOW}{rules.Signature(case.number, case.code)}",
        about=("core.case_message", message_id),
        locale=known.locale if known else case.locale,
        customer_code=case.customer_code,
    )


def _note(session: Session, actor: Viewer | str, action: str, case: Any, **changes: Any) -> None:
    audit.record(session, action, actor=actor, object_type="case", object_id=case.number, **changes)


def _next_number(session: Session, now: datetime) -> int:
    """The next number of the year; the counter's row is locked until the commit."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(CaseCounter).values(year=clock.local(now).year, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=[CaseCounter.year], set_={"last": CaseCounter.last + 1}
    ).returning(CaseCounter.last)
    return int(session.execute(statement).scalar_one())
