"""Readings given in the portal that the copy does not carry yet, and how use compares with a year ago."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import Viewer
from ebok_core.tytan import reads

from .. import rules, tytan
from ..models import PENDING, SETTLED, Reading
from ..tytan import MeterRow
from .facts import is_withdrawn, known_of

_OPEN = (
    sa.select(Reading, tytan.BROUGHT.c.status.label("brought"))
    .outerjoin(tytan.BROUGHT, tytan.BROUGHT.c.message_id == Reading.message_id)
    .where(
        Reading.customer_code == sa.bindparam("customer_code"),
        Reading.read_on >= sa.bindparam("since"),
        Reading.status != SETTLED,
        reads.within(Reading.__table__.c.point_code),
    )
    .order_by(Reading.read_on.desc(), Reading.id.desc())
)
_WAITING = (
    sa.select(Reading.id, Reading.reference, Reading.read_on, Reading.reading_value)
    .outerjoin(tytan.BROUGHT, tytan.BROUGHT.c.message_id == Reading.message_id)
    .where(
        Reading.customer_code == sa.bindparam("customer_code"),
        Reading.meter_id == sa.bindparam("meter_id"),
        Reading.status == PENDING,
        sa.func.coalesce(tytan.BROUGHT.c.status, PENDING) == PENDING,
    )
    .order_by(Reading.read_on, Reading.id)
)
_BATCH = (
    sa.select(Reading)
    .where(
        Reading.batch_id == sa.bindparam("batch_id"),
        Reading.customer_code == sa.bindparam("customer_code"),
        reads.within(Reading.__table__.c.point_code),
    )
    .order_by(Reading.reference)
)


class Compared(NamedTuple):
    """A meter and how its last settled stretch compares with a year before."""

    row: MeterRow
    comparison: rules.Comparison


def not_copied(session: Session, viewer: Viewer, since: date) -> list[Reading]:
    """The customer's readings that the copy does not carry, newest first: with the copy's rows each one shows once.

    A withdrawn reading is ours alone until TYTAN says that it had taken it over.
    """
    found = session.execute(_OPEN, reads.bound(viewer, False, {"customer_code": viewer.customer_code, "since": since}))
    return [reading for reading, brought in found if brought is None or is_withdrawn(reading, brought)]


def waiting(session: Session, viewer: Viewer, meter_id: str) -> list[tuple[str, str, date, Decimal]]:
    """The customer's readings of a meter that wait for our check, as `(own id, reference, day, m³)`."""
    own = {"customer_code": viewer.customer_code, "meter_id": meter_id}
    return [tuple(row) for row in session.execute(_WAITING, reads.bound(viewer, False, own))]


def batch(session: Session, viewer: Viewer, batch_id: str) -> list[Reading]:
    """The readings that the acting customer sent in one form; empty for anybody else's."""
    own = {"batch_id": batch_id, "customer_code": viewer.customer_code}
    return list(session.scalars(_BATCH, reads.bound(viewer, False, own)))


def compared(session: Session, viewer: Viewer, shown: Sequence[MeterRow], every: Sequence[MeterRow]) -> list[Compared]:
    """The comparison with the year before of each meter that has one (P27)."""
    facts = known_of(session, viewer, shown, every, own_names={})
    found = [(known.row, rules.compare_years(known.spans)) for known in facts]
    return [Compared(row, comparison) for row, comparison in found if comparison is not None]
