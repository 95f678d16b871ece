"""Readings given in the portal that the copy does not carry yet, and how use compares with a year ago."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import Viewer
from ebok_core.tytan import reads

from .. import rules, tytan
from ..models import SETTLED, Reading
from ..tytan import MeterRow
from .facts import is_withdrawn, known_of

_OPEN = (
    sa.select(Reading)
    .where(
        Reading.customer_code == sa.bindparam("customer_code"),
        Reading.read_on >= sa.bindparam("since"),
        Reading.status != SETTLED,
    )
    .order_by(Reading.read_on.desc(), Reading.id.desc())
)
_BATCH = (
    sa.select(Reading)
    .where(Reading.batch_id == sa.bindparam("batch_id"), Reading.customer_code == sa.bindparam("customer_code"))
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
    own = list(session.scalars(_OPEN, {"customer_code": viewer.customer_code, "since": since}))
    if not own:
        return []
    ids = [reading.message_id for reading in own]
    rows = reads.rows(session, viewer, tytan.BROUGHT, as_=tytan.MessageRow, message_ids=ids)
    brought = {row.message_id: row.status for row in rows}
    return [
        reading
        for reading in own
        if reading.message_id not in brought or is_withdrawn(reading, brought[reading.message_id])
    ]


def batch(session: Session, viewer: Viewer, batch_id: str) -> list[Reading]:
    """The readings that the acting customer sent in one form; empty for anybody else's."""
    return list(session.scalars(_BATCH, {"batch_id": batch_id, "customer_code": viewer.customer_code}))


def compared(session: Session, viewer: Viewer, shown: Sequence[MeterRow], every: Sequence[MeterRow]) -> list[Compared]:
    """The comparison with the year before of each meter that has one (P27)."""
    found = [(known.row, rules.compare_years(known.spans)) for known in known_of(session, viewer, shown, every)]
    return [Compared(row, comparison) for row, comparison in found if comparison is not None]
