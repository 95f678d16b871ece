"""Give readings and take them back: the fact, the message to TYTAN, the mail and the audit entry are one write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import Viewer, audit, clock, i18n, notifications, outbox
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext as _
from ebok_core.tytan import reads

from .. import rules, schemas, tytan
from ..models import PENDING, WITHDRAWN, Counter, Reading
from .facts import Known, known_of, limits_of, mains, meters_of

CONFIRMATION = "/odczyty/przyjete/{batch_id}"
"""Where the answer to a submission leads; the view with this address shows it."""
SUBMIT = "/odczyty/"
HISTORY = "/odczyty/historia"

_LITRE = Decimal("0.001")
_MINE = sa.select(Reading).where(
    Reading.id == sa.bindparam("id"),
    Reading.customer_code == sa.bindparam("customer_code"),
    reads.within(Reading.__table__.c.point_code),
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A reading as the customer typed it; `confirmation` is the digest of the questions that were ticked."""

    meter_id: str
    text: str
    read_on: date
    reason: str = ""
    note: str = ""
    confirmation: str = ""


class Judged(NamedTuple):
    """An entry, what is known of its meter, and the verdict of the rules."""

    entry: Entry
    known: Known
    verdict: rules.Verdict

    @property
    def passes(self) -> bool:
        """Whether the reading may be sent as it stands."""
        return self.verdict.lets_pass(self.entry.confirmation)


class NotPlausible(Refused):
    """A reading is stopped or a question about it is open: nothing was stored, `judged` tells why."""

    def __init__(self, judged: Sequence[Judged]) -> None:
        super().__init__(_("Correct the errors"), code="implausible")
        self.judged = judged


def examine(session: Session, viewer: Viewer, entries: Sequence[Entry]) -> list[Judged]:
    """Judge readings by all the rules, in the order given. Any session will do; nothing is stored.

    Raises `NotFound` when one of the meters is not the acting customer's: then nothing of the form is looked at (S08).
    """
    limits = limits_of(session)
    every = meters_of(session, viewer)
    rows = {row.id: row for row in every}
    if any(entry.meter_id not in rows for entry in entries):
        raise NotFound("Nie ma takiej strony.")
    shown = [rows[entry.meter_id] for entry in entries]
    main_rows = [main for row in shown for main in mains(row, every) if main.id not in {r.id for r in shown}]
    known = {k.row.id: k for k in known_of(session, viewer, [*shown, *main_rows], every)}
    given = {
        e.meter_id: rules.State(read_on=e.read_on, value=value)
        for e in entries
        if isinstance(value := rules.parse_state(e.text), int)
    }
    return [Judged(entry, known[entry.meter_id], _judge(entry, known, every, given, limits)) for entry in entries]


def _judge(
    entry: Entry, known: dict[str, Known], every: Any, given: dict[str, rules.State], limits: rules.Limits
) -> rules.Verdict:
    meter = known[entry.meter_id]
    value = rules.parse_state(entry.text)
    main = next((known[row.id] for row in mains(meter.row, every)), None)
    main_states = () if main is None else (*main.states, *filter(None, [given.get(main.row.id)]))
    case = rules.Case(
        meter=meter.meter,
        read_on=entry.read_on,
        value=value if isinstance(value, int) else None,
        flaw="" if isinstance(value, int) else value,
        today=clock.today(),
        limits=limits,
        states=meter.states,
        spans=meter.spans,
        reason=entry.reason,
        main_use=rules.use_on_days(main_states, main.meter.digits if main else 5),
    )
    return rules.judge(case)


def submit_readings(session: Session, viewer: Viewer, entries: Sequence[Entry], token: str) -> str:
    """Accept readings of one form, all or none, and return the path of their confirmation (R01, R03, R04, S08).

    `token` is the form's own: sent again it gives the same answer and no second fact. Raises `NotPlausible`,
    `Refused` (`duplicate_day`: somebody else gave a reading of that meter and day in the same moment) and `NotFound`.
    """
    earlier = outbox.once(session, viewer.account_id, token)
    if earlier is not None:
        return earlier or HISTORY
    judged = examine(session, viewer, entries)
    if not judged or not all(item.passes for item in judged):
        raise NotPlausible(judged)
    now = clock.now_utc()
    batch_id = uuid7()
    references = _references(session, now, len(judged))
    readings = [
        _reading(viewer, item, batch_id, reference, now) for item, reference in zip(judged, references, strict=True)
    ]
    try:
        session.add_all(readings)
        session.flush()
    except IntegrityError as error:
        raise Refused(_("A state of this meter for this day has just been given."), code="duplicate_day") from error
    outbox.enqueue_many(session, [_message(viewer, reading, now) for reading in readings])
    _confirm_by_mail(session, viewer, batch_id, readings)
    path = CONFIRMATION.format(batch_id=batch_id)
    outbox.conclude(session, token, path)
    _record(session, viewer, readings)
    return path


def _record(session: Session, viewer: Viewer, readings: Sequence[Reading]) -> None:
    for reading in readings:
        audit.record(
            session,
            "odczyt.reading.submitted",
            actor=viewer,
            object_type="odczyt.reading",
            object_id=reading.id,
            after={
                "meter_id": reading.meter_id,
                "read_on": reading.read_on,
                "reading_value": reading.reading_value,
                "confirmed_warnings": reading.confirmed_warnings,
            },
        )


def withdraw_reading(session: Session, viewer: Viewer, reading_id: str) -> Reading:
    """Take a pending reading back and tell TYTAN, after its submission (P25). Withdrawn already: nothing happens.

    Raises `NotFound` for somebody else's, `Refused` (`too_late`) once it was taken over.
    """
    reading = own_reading(session, viewer, reading_id)
    if reading.status == WITHDRAWN:
        return reading
    in_copy = reads.rows(session, viewer, tytan.BROUGHT_BY, as_=tytan.MessageRow, message_id=reading.message_id)
    now, message_id = clock.now_utc(), uuid7()
    moved = session.execute(
        sa.update(Reading)
        .where(Reading.id == reading_id, Reading.status == PENDING)
        .values(status=WITHDRAWN, status_at=now, withdrawal_id=message_id),
        execution_options={"synchronize_session": False},
    )
    session.refresh(reading)
    if moved.rowcount != 1 and reading.status == WITHDRAWN:  # type: ignore[attr-defined]
        return reading  # the same button, pressed twice
    if moved.rowcount != 1 or any(row.status != PENDING for row in in_copy):  # type: ignore[attr-defined]
        raise Refused(_("We have taken this state over already. If it is wrong, write to us."), code="too_late")
    outbox.enqueue(
        session,
        tytan.ReadingWithdrawn(
            id=message_id,
            customer_code=reading.customer_code,
            stream_key=f"c:{reading.customer_code}",
            subject_type=tytan.SUBJECT,
            subject_id=reading.id,
            actor_ref=viewer.account_id,
            payload={"reading_message_id": reading.message_id},
        ),
        depends_on=reading.message_id,
    )
    audit.record(session, "odczyt.reading.withdrawn", actor=viewer, object_type="odczyt.reading", object_id=reading.id)
    return reading


def own_reading(session: Session, viewer: Viewer, reading_id: str) -> Reading:
    """A reading that the acting customer gave in the portal. Raises `NotFound`."""
    own = {"id": reading_id, "customer_code": viewer.customer_code}
    found = session.scalars(_MINE, reads.bound(viewer, False, own)).first()
    if found is None:
        raise NotFound("Nie ma takiej strony.")
    return found


def _reading(viewer: Viewer, judged: Judged, batch_id: str, reference: str, now: datetime) -> Reading:
    entry, row, case = judged.entry, judged.known.row, judged.verdict.case
    warnings = [finding.code for finding in judged.verdict.of(rules.Level.QUESTION)]
    return Reading(
        id=uuid7(),
        batch_id=batch_id,
        message_id=uuid7(),
        reference=reference,
        account_id=viewer.account_id,
        customer_code=row.customer_code,
        point_code=row.point_code,
        meter_id=row.id,
        meter_number=row.meter_number,
        read_on=entry.read_on,
        reading_value=Decimal(case.value or 0),
        previous_on=case.previous.read_on,
        previous_value=Decimal(case.previous.value),
        consumption_m3=None if case.use is None else Decimal(case.use),
        expected_m3=None if case.expected is None else case.expected.quantize(_LITRE),
        confirmed_warnings=" ".join(warnings),
        explanation=entry.reason or None,
        note=entry.note or None,
        status=PENDING,
        submitted_at=now,
        status_at=now,
    )


def _message(viewer: Viewer, reading: Reading, now: datetime) -> tytan.ReadingSubmitted:
    return tytan.ReadingSubmitted(
        id=reading.message_id,
        customer_code=reading.customer_code,
        stream_key=f"c:{reading.customer_code}",
        subject_type=tytan.SUBJECT,
        subject_id=reading.id,
        actor_ref=viewer.account_id,
        payload={
            "meter_id": reading.meter_id,
            "read_on": reading.read_on.isoformat(),
            "reading_value_m3": int(reading.reading_value),
            "confirmed_warnings": reading.confirmed_warnings.split(),
            "note": _note_for_office(reading),
            "reference": reading.reference,
            "accepted_at": now.isoformat(timespec="milliseconds"),
        },
    )


def _note_for_office(reading: Reading) -> str | None:
    """The reason and the customer's words, in the office's language whatever the page's was."""
    with i18n.use_locale(i18n.DEFAULT_LOCALE):
        reason = str(dict(schemas.REASONS)[reading.explanation]) if reading.explanation else ""
    return ". ".join(part for part in (reason, reading.note or "") if part) or None


def _references(session: Session, now: datetime, count: int) -> list[str]:
    """The next confirmation numbers of the month, `OD-2026-11-0384`; the counter's row is locked until the commit."""
    month = clock.local(now).strftime("%Y-%m")
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(Counter).values(month=month, last=count)
    statement = statement.on_conflict_do_update(
        index_elements=[Counter.month], set_={"last": Counter.last + count}
    ).returning(Counter.last)
    last = int(session.execute(statement).scalar_one())
    return [f"OD-{month}-{number:04d}" for number in range(last - count + 1, last + 1)]


def _confirm_by_mail(session: Session, viewer: Viewer, batch_id: str, readings: Iterable[Reading]) -> None:
    """The confirmation to the customer's e-mail (L181); without an address the page and its print have to do."""
    rows = [
        {
            "meter_number": reading.meter_number,
            "read_on": reading.read_on,
            "state": reading.reading_value,
            "consumption": reading.consumption_m3,
            "reference": reading.reference,
        }
        for reading in readings
    ]
    notifications.enqueue(
        session,
        "odczyt.submitted",
        recipient=viewer.email,
        context={"readings": rows, "path": CONFIRMATION.format(batch_id=batch_id), "history": HISTORY},
        subject_type="odczyt.batch",
        subject_id=batch_id,
        locale=viewer.locale,
        customer_code=viewer.customer_code,
        actor_ref=viewer.account_id,
    )
