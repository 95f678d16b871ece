"""What the office hands to debt collection: for one customer each document with when it was sent, delivered, received.

The record is read, sealed by an audit event, and then written as a PDF or as CSV from the same rows (L185).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import Viewer, audit, clock
from ebok_core.errors import NotFound
from ebok_core.tytan import copy

from ..models import Notice, Proof
from .proof import CONFIRMED, STRONG

_n, _p, _i, _c = Notice.__table__.c, Proof.__table__.c, copy.invoices.c, copy.customers.c
_day = {"type_": sa.Date}
_NOTICES = (
    sa.select(Notice)
    .where(
        _n.customer_code == sa.bindparam("code"),
        _n.issued_on >= sa.bindparam("first", **_day),
        _n.issued_on <= sa.bindparam("last", **_day),
    )
    .order_by(_n.issued_on, _n.document_number)
)
_PROOFS = (
    sa.select(_p.document_number, _p.kind, _p.at, _p.display_name, _p.audit_seq)
    .where(_p.customer_code == sa.bindparam("code"), _p.kind.in_(STRONG))
    .order_by(_p.at, _p.id)
)
# Documents from before the installation have no notice; what proves their receipt counts all the same.
_EARLIER = (
    sa.select(*(_i[name] for name in ("number", "kind", "issued_on", "due_on", "gross")))
    .where(
        _i.customer_code == sa.bindparam("code"),
        _i.number.in_(sa.bindparam("numbers", expanding=True)),
        _i.issued_on >= sa.bindparam("first", **_day),
        _i.issued_on <= sa.bindparam("last", **_day),
    )
    .order_by(_i.issued_on, _i.number)
)
_NAME = sa.select(_c.name).where(_c.code == sa.bindparam("code"))


@dataclass(frozen=True, kw_only=True)
class Line:
    """One document of the record. `received_*` is the first step that counts, `audit_seq` the event that seals it."""

    number: str
    kind: str
    issued_on: date
    due_on: date
    gross: Decimal
    state: str
    email: str | None = None
    queued_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    bounced_at: datetime | None = None
    received_at: datetime | None = None
    received_how: str | None = None
    received_by: str | None = None
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    audit_seq: int | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of one customer: its lines by date of issue, when and by whom it was made, its seal in the trail."""

    customer_code: str
    customer_name: str
    first: date | None
    last: date | None
    lines: Sequence[Line]
    made_at: datetime
    made_by: str
    audit_seq: int
    audit_hash: str


def make(session: Session, viewer: Viewer, code: str, first: date | None, last: date | None) -> Record:
    """Read the record of a customer and note in the audit trail that it was handed out, in a unit of work.

    `first` and `last` are days of issue, both included; None is open. Raises `NotFound` for a customer whom neither
    the copy nor the notices know.
    """
    lines = lines_of(session, code, first or date.min, last or date.max)
    name = session.execute(_NAME, {"code": code}).scalar()
    if name is None and not lines:
        raise NotFound("Nie ma takiej strony.")
    audit.record(
        session,
        "faktura.record.handed_out",
        actor=viewer,
        object_type="faktura.customer",
        object_id=code,
        after={"documents": len(lines), "first": first, "last": last},
    )
    _at, seq, sealed = audit.anchor(session)
    return Record(
        customer_code=code,
        customer_name=name or "",
        first=first,
        last=last,
        lines=lines,
        made_at=clock.now_utc(),
        made_by=viewer.display_name,
        audit_seq=seq,
        audit_hash=sealed,
    )


def lines_of(session: Session, code: str, first: date, last: date) -> list[Line]:
    """The lines of a customer's record. Three queries, whatever their number."""
    bounds = {"code": code, "first": first, "last": last}
    proofs: dict[str, list[Any]] = {}
    for step in session.execute(_PROOFS, {"code": code}):
        proofs.setdefault(step.document_number, []).append(step)
    notices = session.scalars(_NOTICES, bounds).all()
    found = [_of_notice(notice, proofs.get(notice.document_number, [])) for notice in notices]
    earlier = sorted(proofs.keys() - {notice.document_number for notice in notices})
    for row in session.execute(_EARLIER, {**bounds, "numbers": earlier}) if earlier else ():
        found.append(Line(**row._mapping, state="earlier", **_receipt(proofs[row.number])))
    return sorted(found, key=lambda line: (line.issued_on, line.number))


def _of_notice(notice: Notice, steps: Sequence[Any]) -> Line:
    return Line(
        number=notice.document_number,
        kind=notice.kind,
        issued_on=notice.issued_on,
        due_on=notice.due_on,
        gross=notice.gross,
        state=notice.state,
        email=notice.email,
        queued_at=notice.queued_at,
        sent_at=notice.sent_at,
        delivered_at=notice.accepted_at,
        bounced_at=notice.bounced_at,
        **_receipt(steps),
    )


def _receipt(steps: Sequence[Any]) -> dict[str, Any]:
    """The first step that counts, and the confirmation; the audit number is the confirmation's where there is one."""
    if not steps:
        return {}
    first, confirmed = steps[0], next((step for step in steps if step.kind == CONFIRMED), None)
    return {
        "received_at": first.at,
        "received_how": first.kind,
        "received_by": first.display_name,
        "confirmed_at": confirmed.at if confirmed else None,
        "confirmed_by": confirmed.display_name if confirmed else None,
        "audit_seq": (confirmed or first).audit_seq,
    }
