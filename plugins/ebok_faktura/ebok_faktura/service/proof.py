"""The ladder of proof of billing.md §9.5: each step of a document once, and which of them count as receipt (N04).

A step that happens in the portal counts only for a signed-in customer; what a machine fetches without signing in is
kept and counts for nothing. TYTAN hears of the first arrival and of the first receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import Viewer, audit, clock, outbox
from ebok_core.db import Instant, uuid7
from ebok_core.tytan import reads

from .. import tytan
from ..models import Notice, Proof
from ..tytan import OwnRow

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

OPENED, DOWNLOADED, CONFIRMED, MACHINE = "opened", "downloaded", "confirmed", "machine"
STRONG = (OPENED, DOWNLOADED, CONFIRMED)
"""Steps that count as receipt; a confirmation is the strongest."""
PORTAL = "portal"

_p, _n = Proof.__table__, Notice.__table__
_UNSYNCHRONISED = {"synchronize_session": False}
_OF_DOCUMENT = (
    sa.select(_p.c.kind, _p.c.at, _p.c.display_name)
    .where(_p.c.document_number == sa.bindparam("number"), _p.c.kind.in_(STRONG))
    .order_by(_p.c.at, _p.c.id)
)
_IS_KNOWN = sa.select(sa.literal(1)).where(
    _p.c.document_number == sa.bindparam("number"),
    _p.c.kind == sa.bindparam("kind"),
    _p.c.channel == PORTAL,
    _p.c.address == "",
)
_attempt = sa.table("core_outbox_attempt", sa.column("message_id"), sa.column("started_at", Instant))
_SENT_AT = sa.select(sa.func.max(_attempt.c.started_at, type_=Instant)).where(
    _attempt.c.message_id == sa.bindparam("message_id")
)

_OF_MESSAGE = ("id", "kind", "subject_type", "subject_id", "open")
_message = sa.table("core_outbox_message", *(sa.column(name) for name in _OF_MESSAGE))
_DELIVERY = sa.select(_message.c.id).where(
    _message.c.kind == tytan.InvoiceDelivered.kind,
    _message.c.subject_type == tytan.DOCUMENT,
    _message.c.subject_id == sa.bindparam("number"),
    _message.c.open == sa.true(),
)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What is known of a document's receipt: when it was first opened or fetched, when and by whom it was confirmed."""

    document_number: str
    received_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None


def receipt_of(session: Session, number: str) -> Receipt:
    """The receipt of a document that the caller has read in the viewer's scope. One query."""
    steps = session.execute(_OF_DOCUMENT, {"number": number}).all()
    confirmed = next((row for row in steps if row.kind == CONFIRMED), None)
    return Receipt(
        document_number=number,
        received_at=steps[0].at if steps else None,
        confirmed_at=confirmed.at if confirmed else None,
        confirmed_by=confirmed.display_name if confirmed else None,
    )


def record_opened(runtime: Runtime, viewer: Viewer, number: str, how: str = OPENED) -> bool:
    """Note that a signed-in customer opened (`opened`) or fetched (`downloaded`) a document; True the first time.

    Call it when the page is made, outside any unit of work: the first time it writes, later it costs one read. Only a
    customer's own document counts; staff never do.
    """
    if viewer.kind != "customer":
        return False
    with runtime.database.snapshot() as session:
        if session.execute(_IS_KNOWN, {"number": number, "kind": how}).first():
            return False
        if not reads.rows(session, viewer, tytan.OWN, as_=OwnRow, number=number):
            return False
    with runtime.database.unit_of_work() as session:
        return _received(session, viewer, number, how)


def confirm(session: Session, viewer: Viewer, number: str) -> bool:
    """Confirm the receipt of one's own document by the button, in a unit of work; False where it was confirmed before.

    Raises `NotFound` for a document that is not the acting customer's.
    """
    row = reads.one(session, viewer, tytan.OWN, as_=OwnRow, number=number)
    return _received(session, viewer, row.number, CONFIRMED)


def note_machine(runtime: Runtime, notice_id: str) -> bool:
    """Note that the link of a notice was fetched by nobody who is signed in: a mail scanner, or before signing in."""
    with runtime.database.snapshot() as session:
        known = session.execute(sa.select(_n.c.fetched_at).where(_n.c.id == notice_id)).first()
    if known is None or known.fetched_at is not None:
        return False
    with runtime.database.unit_of_work() as session:
        notice = session.get_one(Notice, notice_id)
        came = audit.current_request()
        if not step(session, notice, MACHINE, channel="link", user_agent=came.user_agent[:200], ip=came.ip):
            return False
        statement = sa.update(Notice).where(Notice.id == notice_id, Notice.fetched_at.is_(None))
        session.execute(statement.values(fetched_at=clock.now_utc()), execution_options=_UNSYNCHRONISED)
    return True


def document_of(session: Session, viewer: Viewer, notice_id: str) -> str | None:
    """The document that a notice's link means, if it belongs to any of the viewer's customers."""
    found = session.execute(sa.select(_n.c.document_number, _n.c.customer_code).where(_n.c.id == notice_id)).first()
    return found.document_number if found and found.customer_code in viewer.customer_codes else None


def step(
    session: Session,
    notice: Notice,
    kind: str,
    *,
    channel: str,
    address: str = "",
    at: datetime | None = None,
    **more: Any,
) -> bool:
    """Write a step of a notice's document, once; False where it is there already."""
    values = {"document_number": notice.document_number, "customer_code": notice.customer_code}
    return _insert(session, kind=kind, channel=channel, address=address, at=at or clock.now_utc(), **values, **more)


def sent_at(session: Session, message_id: str) -> datetime | None:
    """When the outbox began to hand a message over, by its last attempt."""
    found: datetime | None = session.execute(_SENT_AT, {"message_id": message_id}).scalar()
    return found


def tell_delivered(session: Session, notice: Notice, at: datetime) -> None:
    """Tell TYTAN that the mail server took a notice, once a document."""
    _tell(session, tytan.InvoiceDelivered, notice.document_number, notice.customer_code, "accepted_by_mta", "mail", at)


def _received(session: Session, viewer: Viewer, number: str, how: str) -> bool:
    came, now = audit.current_request(), clock.now_utc()
    is_first = _insert(
        session,
        document_number=number,
        customer_code=viewer.customer_code,
        kind=how,
        channel=PORTAL,
        address="",
        at=now,
        account_id=viewer.account_id,
        display_name=viewer.display_name,
        ip=came.ip,
        user_agent=came.user_agent[:200],
    )
    if not is_first:
        return False
    of_number = Notice.document_number == number
    first = sa.update(Notice).where(of_number, Notice.received_at.is_(None)).values(received_at=now, received_how=how)
    had_notice = session.execute(first, execution_options=_UNSYNCHRONISED)
    if how == CONFIRMED:
        confirmed = {"confirmed_at": now, "confirmed_by": viewer.display_name[:150]}
        session.execute(sa.update(Notice).where(of_number).values(confirmed), execution_options=_UNSYNCHRONISED)
    if had_notice.rowcount:  # type: ignore[attr-defined]
        _tell(session, tytan.InvoiceOpened, number, viewer.customer_code or "", _NAMES[how], PORTAL, now)
    seq = audit.record(
        session, f"faktura.receipt.{how}", actor=viewer, object_type="faktura.document", object_id=number
    )
    sealed = sa.update(Proof).where(
        Proof.document_number == number, Proof.kind == how, Proof.channel == PORTAL, Proof.address == ""
    )
    session.execute(sealed.values(audit_seq=seq), execution_options=_UNSYNCHRONISED)
    return True


# The steps in the words of billing.md §9.5, as TYTAN hears them.
_NAMES = {OPENED: "logged_in_view", DOWNLOADED: "pdf_downloaded", CONFIRMED: "receipt_confirmed"}


def _tell(
    session: Session,
    message: type[tytan.InvoiceDelivered] | type[tytan.InvoiceOpened],
    number: str,
    customer_code: str,
    event: str,
    channel: str,
    at: datetime,
) -> None:
    """One message of a kind a document; a receipt waits for the arrival while that is on its way."""
    payload = {"document_number": number, "event": event, "channel": channel, "at": at.isoformat(timespec="seconds")}
    fact = message(
        customer_code=customer_code,
        stream_key=f"c:{customer_code}",
        subject_type=tytan.DOCUMENT,
        subject_id=number,
        payload=payload,
    )
    before = session.execute(_DELIVERY, {"number": number}).scalar() if message is tytan.InvoiceOpened else None
    try:
        outbox.enqueue(session, fact, depends_on=before)
    except outbox.AlreadyQueued:
        return


def _insert(session: Session, **values: Any) -> bool:
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_p).values(id=uuid7(), **values)
    key = [_p.c[name] for name in ("document_number", "kind", "channel", "address")]
    done = session.execute(statement.on_conflict_do_nothing(index_elements=key).returning(_p.c.id))
    return done.first() is not None
