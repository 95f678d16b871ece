"""Announce new e-invoices: which documents are new, who is told and how, and what the mail server said. For workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import Result, clock, i18n, notifications, outbox
from ebok_core.db import uuid7
from ebok_core.errors import EbokError
from ebok_core.tytan import state

from .. import schemas, tytan
from ..models import ACCEPTED, EMAIL, HELD, PAPER, QUEUED, SMS, Notice, Progress
from ..rules.consents import Standing
from ..tytan import IssuedRow
from . import bounces, consents, proof

log = structlog.get_logger(__name__)

ISSUED = "faktura.issued"
LINK = "/faktury/list/{id}"
"""Where the link of a notice leads; it opens nothing by itself and goes on to the document after signing in."""
LOOKED_BACK = timedelta(days=120)
"""Documents with an older date of issue are not announced any more, however late the copy learns of them."""
AGAIN_AFTER = timedelta(hours=1)

_p = notifications.PEOPLE.c
_OWNERS = (
    sa.select(_p.customer_code, _p.email, _p.locale)
    .where(_p.customer_code.in_(sa.bindparam("codes", expanding=True)), _p.role == "owner")
    .order_by(_p.customer_code, _p.account_id)
)
_UNSYNCHRONISED = {"synchronize_session": False}
_n = Notice.__table__
_NEW = tytan.ISSUED.where(~sa.exists().where(_n.c.document_number == tytan.NUMBER)).limit(sa.bindparam("most"))
_SEEN = sa.select(Progress.seen_change_no, Progress.seen_compared_at).where(Progress.id == 1)
_WATERMARK = sa.select(state.views.c.watermark).where(state.views.c.view == "ebok_invoices")
_HELD = (
    sa.select(_n.c.id)
    .where(
        _n.c.state == HELD,
        _n.c.reason == "limit",
        _n.c.created_at > sa.bindparam("since", type_=_n.c.created_at.type),
    )
    .order_by(_n.c.created_at, _n.c.id)
    .limit(sa.bindparam("most"))
)
_SLOW_SMS = (
    sa.select(_n.c.id)
    .where(_n.c.sms_state == QUEUED, _n.c.queued_at < sa.bindparam("before", type_=_n.c.queued_at.type))
    .order_by(_n.c.queued_at)
    .limit(200)
)


class Plan(NamedTuple):
    """How a document's customer is told; `reason` says why not, or why otherwise than chosen."""

    state: str
    channel: str | None
    email: str | None
    phone: str | None
    locale: str
    reason: str | None


# Which documents are new


def start(session: Session) -> Progress | None:
    """The progress of this installation, made at the first call: what the copy holds by then is never announced.

    None before the first complete copy.
    """
    found = session.get(Progress, 1, with_for_update=True)
    if found is None and state.copy_state(session).as_of is not None:
        newest = int(session.execute(tytan.NEWEST_CHANGE).scalar_one())
        found = Progress(id=1, since=clock.today(), change_no=newest)
        session.add(found)
        session.flush()
        log.info("faktura.begins", since=found.since.isoformat(), change_no=newest)
    return found


def is_seen(session: Session) -> bool:
    """Whether the copy's invoices stand as they were last looked through to the end. Any session will do."""
    row = session.execute(_SEEN).first()
    return row is not None and tuple(row) == copied(session)


def fresh(session: Session, progress: Progress, most: int) -> list[IssuedRow]:
    """The next documents that nobody was told of, at most so many."""
    since = max(progress.since, clock.today() - LOOKED_BACK)
    values = {"since": since, "change_no": progress.change_no, "most": most}
    return [IssuedRow._make(row) for row in session.execute(_NEW, values)]


def looked_through(session: Session, seen: tuple[int | None, datetime | None]) -> None:
    """Note that everything of this state of the copy was taken."""
    values = {"seen_change_no": seen[0], "seen_compared_at": seen[1]}
    session.execute(sa.update(Progress).where(Progress.id == 1).values(values), execution_options=_UNSYNCHRONISED)


def copied(session: Session) -> tuple[int | None, datetime | None]:
    """Which state of the invoices the copy holds: it changes with every run that brings any of them."""
    return session.execute(_WATERMARK).scalar_one_or_none(), state.last_run(session).compared_at


# Telling


def announce(session: Session, documents: Sequence[IssuedRow]) -> int:
    """Write the notices of documents, in a unit of work; returns how many mails and text messages were queued.

    A document that another worker has taken meanwhile is left to it.
    """
    plans = _plans(session, documents)
    queued = 0
    for row in documents:
        plan = plans[row.number]
        notice_id = _insert(session, row, plan)
        if notice_id is not None and plan.state == QUEUED:
            queued += send(session, session.get_one(Notice, notice_id))
    return queued


def send(session: Session, notice: Notice) -> int:
    """Queue what a notice's channel asks for; returns how many messages. A notice that nothing fits becomes held."""
    ids = {}
    if notice.channel != EMAIL and notice.phone and notice.sms_id is None:
        ids["sms_id"] = _enqueue(session, notice, notifications.enqueue_sms, notice.phone)
    wants_mail = notice.channel != SMS or not ids.get("sms_id")
    if wants_mail and notice.message_id is None:
        ids["message_id"] = _enqueue(session, notice, notifications.enqueue, notice.email)
    queued = {name: value for name, value in ids.items() if value is not None}
    values: dict[str, Any] = {**queued, "queued_at": clock.now_utc(), "state": QUEUED, "reason": notice.reason}
    if "sms_id" in queued:
        values["sms_state"] = QUEUED
    if not queued:
        usable = notifications.is_address(notice.email or "")
        values = {"state": HELD, "reason": "limit" if usable else "no_address"}
    elif notice.reason == "limit":
        values["reason"] = None
    session.execute(sa.update(Notice).where(Notice.id == notice.id).values(values), execution_options=_UNSYNCHRONISED)
    for name, value in queued.items():
        channel, address = ("sms", notice.phone) if name == "sms_id" else ("mail", notice.email)
        proof.step(session, notice, "queued", channel=channel, address=address or "", message_id=value)
    session.refresh(notice)
    return len(queued)


def _enqueue(session: Session, notice: Notice, way: Any, recipient: str | None) -> str | None:
    with i18n.use_locale(notice.locale):
        kind = schemas.kind_name(notice.kind)
    found: str | None = way(
        session,
        ISSUED,
        recipient=recipient,
        context={
            "kind": kind,
            "number": notice.document_number,
            "gross": notice.gross,
            "due_on": notice.due_on,
            "issued_on": notice.issued_on,
            "path": LINK.format(id=notice.id),
        },
        subject_type=tytan.DOCUMENT,
        subject_id=notice.document_number,
        locale=notice.locale,
        customer_code=notice.customer_code,
    )
    return found


def _plans(session: Session, documents: Sequence[IssuedRow]) -> dict[str, Plan]:
    customers = {row.customer_code: row.einvoice_since for row in documents}
    standings = consents.standings(session, customers)
    failing = consents.failing(session, customers)
    owners = _owners(session, [code for code, stands in standings.items() if stands.active])
    after_bounce = consents.config_of(session).after_bounce
    found = {}
    for row in documents:
        code = row.customer_code
        found[row.number] = _plan(row, standings[code], owners.get(code), failing.get(code), after_bounce)
    return found


def _plan(
    row: IssuedRow, stands: Standing, owner: tuple[str | None, str] | None, failing: str | None, after_bounce: str
) -> Plan:
    """One document: paper without a consent on its day of issue, else the chosen way, or what a bad address allows."""
    locale = owner[1] if owner else i18n.DEFAULT_LOCALE
    if not stands.active or (stands.since is not None and row.issued_on < stands.since):
        return Plan(PAPER, None, None, None, locale, "no_consent")
    email = stands.email or row.customer_email or (owner[0] if owner else None)
    channel, phone = stands.channel, stands.phone
    if channel != EMAIL and not phone:
        channel = EMAIL
    if failing is not None and failing == email and after_bounce != "mail":
        if after_bounce == "sms" and phone:
            return Plan(QUEUED, SMS, email, phone, locale, "failing_address")
        return Plan(PAPER, None, email, phone, locale, "failing_address")
    if not notifications.is_address(email or "") and channel == EMAIL:
        return Plan(HELD, channel, email, phone, locale, "no_address")
    return Plan(QUEUED, channel, email, phone, locale, None)


def _owners(session: Session, codes: Iterable[str]) -> dict[str, tuple[str | None, str]]:
    """Address and language of the account that owns each customer; the first one with an address, else the first."""
    found: dict[str, tuple[str | None, str]] = {}
    for code, email, locale in session.execute(_OWNERS, {"codes": list(codes), "today": clock.today()}):
        if code not in found or (found[code][0] is None and email):
            found[code] = (email, locale)
    return found


def _insert(session: Session, row: IssuedRow, plan: Plan) -> str | None:
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_n).values(
        id=uuid7(),
        document_number=row.number,
        customer_code=row.customer_code,
        kind=row.kind,
        issued_on=row.issued_on,
        due_on=row.due_on,
        gross=row.gross,
        created_at=clock.now_utc(),
        **plan._asdict(),
    )
    done = statement.on_conflict_do_nothing(index_elements=[_n.c.document_number]).returning(_n.c.id)
    found: str | None = session.execute(done).scalar_one_or_none()
    return found


# What could not go out


def held(session: Session, most: int = 200) -> list[str]:
    """Notices that wait because their recipient got as many mails as one day allows."""
    since = clock.now_utc() - LOOKED_BACK
    return list(session.scalars(_HELD, {"since": since, "most": most}))


def slow_sms(session: Session) -> list[str]:
    """Notices whose text message has not gone out within the utility's patience (L184)."""
    patience = timedelta(minutes=consents.config_of(session).sms_patience_minutes)
    return list(session.scalars(_SLOW_SMS, {"before": clock.now_utc() - patience}))


def try_again(session: Session, notice_id: str) -> int:
    """Queue a held notice once more, in a unit of work."""
    notice = session.get(Notice, notice_id, with_for_update=True)
    return send(session, notice) if notice is not None and notice.state == HELD else 0


def give_up_sms(session: Session, notice_id: str, code: str = "not_sent_in_time") -> int:
    """Give a text message up, in a unit of work; where no mail was asked for, one is written. Both stand in the log."""
    notice = session.get(Notice, notice_id, with_for_update=True)
    if notice is None or notice.sms_id is None or notice.sms_state != QUEUED:
        return 0
    try:
        with session.begin_nested():
            outbox.cancel(session, notice.sms_id, actor="system", reason=code)
    except EbokError:
        log.info("faktura.sms_not_cancelled", notice=notice.id)
    _sms_failed(session, notice, code)
    return send(session, notice) if notice.message_id is None and notice.state == QUEUED else 0


def _sms_failed(session: Session, notice: Notice, code: str) -> None:
    proof.step(
        session, notice, "failed", channel="sms", address=notice.phone or "", message_id=notice.sms_id, code=code
    )
    session.execute(
        sa.update(Notice).where(Notice.id == notice.id).values(sms_state="failed"), execution_options=_UNSYNCHRONISED
    )
    session.refresh(notice)


# What the far sides say


def apply_result(session: Session, result: Result) -> None:
    """Hear that a mail server or the gateway took a notice or refused it for good; the same again changes nothing."""
    notice = session.scalars(
        sa.select(Notice).where(Notice.document_number == result.subject_id).with_for_update()
    ).one_or_none()
    if notice is None:
        return
    by_sms = result.kind == "core.sms"
    if result.message_id != (notice.sms_id if by_sms else notice.message_id):
        return  # an earlier notice of the document, to another address
    if result.status == "delivered":
        _taken(session, notice, result, by_sms)
    elif by_sms:
        _sms_failed(session, notice, result.reason_code or "refused")
        if notice.message_id is None:
            send(session, notice)
    else:
        bounces.returned(session, notice, result.reason_code or "refused", result.status_at)


def _taken(session: Session, notice: Notice, result: Result, by_sms: bool) -> None:
    channel, address = ("sms", notice.phone or "") if by_sms else ("mail", notice.email or "")
    sent_at = proof.sent_at(session, result.message_id) or result.status_at
    known = {"channel": channel, "address": address, "message_id": result.message_id}
    proof.step(session, notice, "sent", at=sent_at, **known)
    proof.step(session, notice, "accepted", at=result.status_at, **known)
    values: dict[str, Any] = {"sms_state": ACCEPTED} if by_sms else {}
    if notice.state == QUEUED and (not by_sms or notice.message_id is None):
        values |= {"state": ACCEPTED, "sent_at": sent_at, "accepted_at": result.status_at}
    if values:
        statement = sa.update(Notice).where(Notice.id == notice.id).values(values)
        session.execute(statement, execution_options=_UNSYNCHRONISED)
    if not by_sms:
        proof.tell_delivered(session, notice, result.status_at)
