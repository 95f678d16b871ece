"""What the portal knows of a viewer's meters: the copy's rows, their states and use, and what was given meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import Viewer, clock, runtime_settings
from ebok_core.tytan import reads

from .. import rules, settings, tytan
from ..models import ACCEPTED, LIVE, PENDING, TOO_LATE, WITHDRAWN, MeterGroup, Reading
from ..tytan import MeterRow

# Enough for a year's average before the last reading, and for a garden's season of the year before.
HISTORY = timedelta(days=800)
QUARTER_DAYS = 91

_GROUPS = sa.select(MeterGroup.meter_id, MeterGroup.name).where(
    MeterGroup.customer_code == sa.bindparam("customer_code")
)
_OWN = sa.select(
    Reading.id, Reading.meter_id, Reading.read_on, Reading.reading_value, Reading.status, Reading.message_id,
    Reading.submitted_at, Reading.reference, Reading.reason_code,
).where(
    Reading.customer_code == sa.bindparam("customer_code"),
    Reading.meter_id.in_(sa.bindparam("meter_ids", expanding=True)),
    Reading.read_on >= sa.bindparam("since"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Known:
    """A meter with what the rules and the pages need. `group` is the customer's own name for it, else the utility's.

    `waiting` are the viewer's pending readings as `(own id, reference, day, m³)`.
    """

    row: MeterRow
    meter: rules.Meter
    group: str | None
    states: tuple[rules.State, ...] = ()
    spans: tuple[rules.Span, ...] = ()
    waiting: tuple[tuple[str, str, date, Decimal], ...] = ()

    @property
    def last(self) -> rules.State:
        """The last state that we took over, settled or not; without one that at installation."""
        start = rules.State(read_on=self.meter.installed_on, value=self.meter.installed_value, method="initial")
        return max((start, *(s for s in self.states if s.status != "pending")), key=lambda s: s.read_on)

    @property
    def usual_quarter(self) -> int | None:
        """What is usual in a quarter, whole m³; None without history and for gardens, which follow the season."""
        average = (
            None
            if self.meter.role == "garden"
            else rules.daily_average(self.spans, self.spans[-1].end if self.spans else self.last.read_on)
        )
        return None if average is None else int((average * QUARTER_DAYS).to_integral_value())

    @property
    def takes_readings(self) -> bool:
        """Whether the meter is in use and billed, so that a reading of it means something."""
        return self.meter.removed_on is None and self.meter.billed


def limits_of(session: Session) -> rules.Limits:
    """The utility's reading rules as they stand now."""
    found: rules.Limits = runtime_settings.get(session, settings.OdczytConfigSchema)
    return found


def meters_of(session: Session, viewer: Viewer) -> list[MeterRow]:
    """All meters of the acting customer, removed ones too, by service point."""
    return reads.rows(session, viewer, tytan.METERS, as_=MeterRow)


def groups_of(session: Session, viewer: Viewer) -> dict[str, str]:
    """The customer's own names of groups, by meter."""
    return {row.meter_id: row.name for row in session.execute(_GROUPS, {"customer_code": viewer.customer_code})}


def known_of(
    session: Session,
    viewer: Viewer,
    shown: Sequence[MeterRow],
    every: Sequence[MeterRow],
    today: date | None = None,
    own_names: Mapping[str, str] | None = None,
) -> list[Known]:
    """What is known of the `shown` meters; `every` are all of the customer's, for exchanges and main meters.

    `own_names` are the customer's names of groups (`groups_of`), for who has read them already.
    """
    today = today or clock.today()
    own_names = groups_of(session, viewer) if own_names is None else own_names
    meters = {row.id: _meter(row, today) for row in every}
    chains = {row.id: _chain(row, every, meters) for row in shown}
    needed = sorted(
        {m.id for chain in chains.values() for m in chain} | {m.id for row in shown for m in mains(row, every)}
    )
    since = today - HISTORY
    states, waiting = _states(session, viewer, needed, since)
    rows = {row.id: row for row in every}
    for meter_id in needed:
        states[meter_id] = _with_last(rows[meter_id], states.get(meter_id, []), since)
    return [
        Known(
            row=row,
            meter=meters[row.id],
            group=own_names.get(row.id) or row.meter_group,
            states=tuple(states[row.id]),
            spans=tuple(rules.spans_of(((meter, states[meter.id]) for meter in chains[row.id]), since)),
            waiting=tuple(waiting.get(row.id, ())),
        )
        for row in shown
    ]


def mains(row: MeterRow, every: Iterable[MeterRow]) -> list[MeterRow]:
    """The main meter of a garden meter: its parent, else the only one in use at the point."""
    if row.role != "garden":
        return []
    parent = [other for other in every if other.id == row.parent_id]
    at_point = [o for o in every if o.point_code == row.point_code and o.role == "main" and o.removed_on is None]
    return parent or (at_point if len(at_point) == 1 else [])


def is_withdrawn(own: Any, status_in_copy: str | None) -> bool:
    """Whether our withdrawal stands against what the copy shows: until TYTAN says that it came too late.

    `own` has `status` and `reason_code`.
    """
    on_its_way = status_in_copy in (None, PENDING, ACCEPTED) and own.reason_code != TOO_LATE
    return bool(own.status == WITHDRAWN and on_its_way)


def whole(value: Decimal) -> int:
    """The black digits of a state."""
    return int(value)


def _meter(row: MeterRow, today: date) -> rules.Meter:
    ended = row.contract_valid_to is not None and row.contract_valid_to < today
    return rules.Meter(
        id=row.id,
        installed_on=row.installed_on,
        installed_value=whole(row.installed_value),
        role=row.role,
        digits=row.digits,
        diameter_mm=row.diameter_mm,
        removed_on=row.removed_on,
        removed_value=None if row.removed_value is None else whole(row.removed_value),
        billed=row.active and not ended,
        legalized_to=rules.legalized_to(row.legalization_valid_to),
        radio=bool(row.radio_module_number),
    )


def _chain(row: MeterRow, every: Sequence[MeterRow], meters: dict[str, rules.Meter]) -> list[rules.Meter]:
    """The meter with those it replaced: the use of the place goes on across exchanges (P20)."""
    others = [
        meters[other.id]
        for other in every
        if (other.point_code, other.role) == (row.point_code, row.role) and other.id != row.id
    ]
    return [*rules.predecessors(meters[row.id], others), meters[row.id]]


def _states(
    session: Session, viewer: Viewer, meter_ids: list[str], since: date
) -> tuple[dict[str, list[rules.State]], dict[str, list[Any]]]:
    """Live states by meter, the copy's and those it does not carry yet, each exactly once; and what still waits."""
    own = session.execute(_OWN, {"customer_code": viewer.customer_code, "meter_ids": meter_ids, "since": since}).all()
    by_message = {row.message_id: row for row in own}
    states: dict[str, list[rules.State]] = {}
    brought = {}
    for row in reads.rows(session, viewer, tytan.STATES, as_=tytan.StateRow, meter_ids=meter_ids, since=since):
        mine = by_message.get(row.message_id) if row.message_id else None
        if mine is not None:
            brought[row.message_id] = row.status
        if row.status == "rejected" or (mine is not None and is_withdrawn(mine, row.status)):
            continue
        sent_on = clock.local(mine.submitted_at).date() if mine is not None else None
        state = rules.State(
            read_on=row.read_on,
            value=whole(row.reading_value),
            status=row.status,
            method=row.reading_method,
            sent_on=sent_on,
        )
        states.setdefault(row.meter_id, []).append(state)
    waiting: dict[str, list[Any]] = {}
    for row in own:
        status = brought.get(row.message_id, row.status)
        if row.status == "pending" and status == "pending":
            waiting.setdefault(row.meter_id, []).append((row.id, row.reference, row.read_on, row.reading_value))
        if row.message_id not in brought and row.status in LIVE:
            state = rules.State(
                read_on=row.read_on,
                value=whole(row.reading_value),
                status=row.status,
                method="customer",
                sent_on=clock.local(row.submitted_at).date(),
            )
            states.setdefault(row.meter_id, []).append(state)
    return states, waiting


def _with_last(row: MeterRow, states: list[rules.State], since: date) -> list[rules.State]:
    """Where the last settled reading is older than the history that was read, the meter's own row tells it."""
    if row.last_read_on is None or row.last_value is None or row.last_read_on >= since:
        return states
    return [rules.State(read_on=row.last_read_on, value=whole(row.last_value)), *states]
