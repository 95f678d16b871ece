"""What becomes of readings: TYTAN's verdicts, the copy's later states, the mails about them. No viewer: for workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import Result, audit, clock, i18n, notifications
from ebok_core.tytan import copy

from .. import schemas, tytan
from ..models import ACCEPTED, LIVE, PENDING, REJECTED, TOO_LATE, WITHDRAWN, Reading
from .sending import HISTORY, SUBMIT

log = structlog.get_logger(__name__)

_own, _copied = Reading.__table__.c, copy.readings.c
_CHANGED = (
    sa.select(
        _own.id, _own.status.label("status"), _copied.status.label("to_status"), _copied.reason, _copied.invoice_number
    )
    .join_from(
        Reading.__table__,
        copy.readings,
        sa.and_(
            _copied.customer_code == _own.customer_code,
            _copied.meter_id == _own.meter_id,
            _copied.message_id == _own.message_id,
        ),
    )
    .where(
        _own.id > sa.bindparam("after"),
        _copied.status != _own.status,
        sa.or_(
            _own.status.in_((PENDING, ACCEPTED)),
            # A withdrawal that came too late: the reading lives on, unless the customer has given another for the day.
            sa.and_(_own.status == WITHDRAWN, _own.reason_code == TOO_LATE),
        ),
    )
    .order_by(_own.id)
    .limit(sa.bindparam("most"))
)


class Change(NamedTuple):
    """A reading of which the copy knows more than we do."""

    id: str
    status: str
    to_status: str
    reason: str | None
    invoice_number: str | None


def apply_submission(session: Session, result: Result) -> None:
    """Take TYTAN's verdict over a reading: `applied` accepts it, `rejected` ends it with a reason and a mail (R11).

    Seeing the same verdict again changes nothing.
    """
    if result.status == "applied":
        _move(session, result.subject_id, (PENDING,), status=ACCEPTED, status_at=result.status_at)
    elif result.status == "rejected":
        _reject(session, result.subject_id, result.reason_code or "other", result.reason, result.status_at)


def apply_withdrawal(session: Session, result: Result) -> None:
    """Take TYTAN's verdict over a withdrawal: when it came too late the reading goes on, and its giver is told."""
    if result.status != "rejected":
        return
    if result.reason_code != TOO_LATE:
        log.error("odczyt.withdrawal_rejected", reading=result.subject_id, reason_code=result.reason_code)
        return
    if _move(
        session, result.subject_id, (WITHDRAWN,), unless_code=TOO_LATE, reason_code=TOO_LATE, reason=result.reason
    ):
        reading = session.get_one(Reading, result.subject_id, populate_existing=True)
        _tell(session, "odczyt.not_withdrawn", reading)


def changes(session: Session, after: str, most: int) -> list[Change]:
    """The next readings, by id, of which the copy says something new. Any session will do."""
    return [Change._make(row) for row in session.execute(_CHANGED, {"after": after, "most": most})]


def take_over(session: Session, found: Sequence[Change]) -> int:
    """Bring our readings to the copy's states, in a unit of work; returns how many moved."""
    moved = 0
    for change in found:
        now = clock.now_utc()
        if change.to_status == REJECTED:
            moved += _reject(session, change.id, "other", change.reason, now)
        elif change.to_status in LIVE and not (change.status == WITHDRAWN and _has_live_sibling(session, change.id)):
            moved += _move(
                session,
                change.id,
                (change.status,),
                status=change.to_status,
                status_at=now,
                reason_code=None,
                reason=None,
                invoice_number=change.invoice_number,
            )
    return moved


def _reject(session: Session, reading_id: str, reason_code: str, reason: str | None, at: Any) -> bool:
    if reason_code not in schemas.RESULTS:
        log.error("odczyt.unknown_reason_code", reading=reading_id, reason_code=reason_code)
    values = {"status": REJECTED, "status_at": at, "reason_code": reason_code, "reason": reason}
    if not _move(session, reading_id, (PENDING, ACCEPTED), **values):
        return False
    _tell(session, "odczyt.rejected", session.get_one(Reading, reading_id, populate_existing=True))
    audit.record(
        session,
        "odczyt.reading.rejected",
        actor=audit.SYSTEM,
        object_type="odczyt.reading",
        object_id=reading_id,
        after={"reason_code": reason_code},
        reason=reason,
    )
    return True


def _move(
    session: Session, reading_id: str, allowed: tuple[str, ...], *, unless_code: str | None = None, **values: Any
) -> bool:
    """The conditional update of a state (G11); False when somebody was there before."""
    statement = sa.update(Reading).where(Reading.id == reading_id, Reading.status.in_(allowed))
    if unless_code is not None:
        statement = statement.where(sa.func.coalesce(Reading.reason_code, "") != unless_code)
    moved = session.execute(statement.values(**values), execution_options={"synchronize_session": False})
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def _has_live_sibling(session: Session, reading_id: str) -> bool:
    own = session.get_one(Reading, reading_id)
    live = sa.select(Reading.id).where(
        Reading.meter_id == own.meter_id, Reading.read_on == own.read_on, Reading.status.in_(LIVE)
    )
    return session.scalars(live).first() is not None


def _tell(session: Session, template: str, reading: Reading) -> None:
    """Write to who gave the reading; the account may be gone or without an address."""
    found = notifications.addressee(session, reading.account_id)
    if found is None:
        return
    with i18n.use_locale(found.locale):
        words = schemas.result_words(reading.reason_code, reading.reason)
    notifications.enqueue(
        session,
        template,
        recipient=found.email,
        context={
            "meter_number": reading.meter_number,
            "read_on": reading.read_on,
            "state": reading.reading_value,
            "reference": reading.reference,
            "why": words.title,
            "what_next": words.advice,
            "path": SUBMIT,
            "history": HISTORY,
        },
        subject_type=tytan.SUBJECT,
        subject_id=reading.id,
        locale=found.locale,
        customer_code=reading.customer_code,
    )


# `tytan.py` stands below this file, so the messages learn here who hears their answers.
tytan.ReadingSubmitted.apply_result = staticmethod(apply_submission)
tytan.ReadingWithdrawn.apply_result = staticmethod(apply_withdrawal)
