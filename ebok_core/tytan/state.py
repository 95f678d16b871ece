"""What the refresh knows about the copy: its age, the last run, the quarantine, the customers that are held back.

The tables stand beside the copy and are written by the refresh alone; pages read them in their own snapshot.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.tytan import CopyState
from ebok_core.db import Instant
from ebok_core.db.base import NAMING
from ebok_core.db.engine import COPY_SCHEMA

AGEING_AFTER = timedelta(hours=26)
OLD_AFTER = timedelta(hours=72)

metadata = sa.MetaData(schema=COPY_SCHEMA, naming_convention=NAMING)

state = sa.Table(
    "copy_state",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("as_of", Instant),
    sa.Column("source_clock", Instant),
    sa.Column("attempted_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("compared_at", Instant),
    sa.Column("kind", sa.String(20)),
    sa.Column("reachable", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("problem", sa.Text),
    sa.Column("compare_problem", sa.Text),
    sa.Column("rows_read", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("rows_changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("customers_held_back", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rows_in_quarantine", sa.Integer, nullable=False, server_default="0"),
)
views = sa.Table(
    "copy_view",
    metadata,
    sa.Column("view", sa.String(80), primary_key=True),
    sa.Column("watermark", sa.BigInteger),
    sa.Column("rows", sa.BigInteger, nullable=False),
)
quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("view", sa.String(80), primary_key=True),
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("rule", sa.String(40), primary_key=True),
    sa.Column("column", sa.String(80), nullable=False),
    sa.Column("sample", sa.String(80), nullable=False),
    sa.Column("customer_code", sa.String(20)),
    sa.Column("since", Instant, nullable=False),
    sa.Column("tried_at", Instant, nullable=False),
)
held = sa.Table(
    "held_back",
    metadata,
    sa.Column("customer_code", sa.String(20), primary_key=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("tried_at", Instant, nullable=False),
)
meta = sa.Table(
    "copy_meta",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
)


class Freshness(Enum):
    """How old the copy is, in the three steps that a page shows (reliability.md §6)."""

    FRESH = "fresh"
    AGEING = "ageing"
    OLD = "old"


class Run(NamedTuple):
    """The last run of the refresh: `as_of` is the age of the copy, `problem` the sentence of a run that failed.

    `attempted_at` is when the last run began (our clock), `finished_at` when the last good one ended, `compared_at`
    when the last full compare ended; `compare_problem` says why one was refused, until the next one passes.
    """

    as_of: datetime | None
    attempted_at: datetime | None
    finished_at: datetime | None
    compared_at: datetime | None
    kind: str | None
    reachable: bool
    problem: str | None
    compare_problem: str | None
    rows_read: int
    rows_changed: int
    customers_held_back: int
    rows_in_quarantine: int


class Quarantined(NamedTuple):
    """A row of TYTAN that broke a rule: `sample` shows the shape of the value, never the value."""

    view: str
    key: str
    rule: str
    column: str
    sample: str
    customer_code: str | None
    since: datetime


class HeldBack(NamedTuple):
    """A customer whose new state does not add up and who keeps the state before; `reason` is for the staff."""

    customer_code: str
    reason: str
    since: datetime


_RUN = sa.select(*(state.c[name] for name in Run._fields))
_COUNTS = sa.select(quarantine.c.view, quarantine.c.rule, sa.func.count()).group_by(
    quarantine.c.view, quarantine.c.rule
)
_QUARANTINED = sa.select(*(quarantine.c[name] for name in Quarantined._fields)).order_by(
    quarantine.c.since, quarantine.c.view, quarantine.c.key
)
_QUARANTINED_ONE = sa.select(*(quarantine.c[name] for name in Quarantined._fields)).where(
    quarantine.c.view == sa.bindparam("of_view"),
    quarantine.c.key == sa.bindparam("of_key"),
    quarantine.c.rule == sa.bindparam("of_rule"),
)
_HELD = sa.select(*(held.c[name] for name in HeldBack._fields)).order_by(held.c.since, held.c.customer_code)
_HELD_ONE = _HELD.where(held.c.customer_code == sa.bindparam("code"))
_EMPTY = Run(None, None, None, None, None, True, None, None, 0, 0, 0, 0)


def copy_state(session: Session | sa.Connection) -> CopyState:
    """How old the copy is, whether the last run found TYTAN, how many customers are held back: one statement."""
    run = last_run(session)
    return CopyState(
        as_of=run.as_of,
        source_reachable=run.reachable,
        today=clock.today(),
        customers_held_back=run.customers_held_back,
    )


def last_run(session: Session | sa.Connection) -> Run:
    """The last run of the refresh; all fields empty before the first one."""
    row = session.execute(_RUN).first()
    return Run._make(row) if row else _EMPTY


def quarantine_counts(session: Session) -> list[tuple[str, str, int]]:
    """How many rows of each view wait in the quarantine, as `(view, rule, count)`, the most first."""
    return sorted((tuple(row) for row in session.execute(_COUNTS)), key=lambda row: (-row[2], row[0], row[1]))


def quarantined(session: Session, limit: int = 100) -> list[Quarantined]:
    """Rows in the quarantine, the oldest first."""
    return [Quarantined._make(row) for row in session.execute(_QUARANTINED.limit(limit))]


def quarantined_row(session: Session, *, view: str, key: str, rule: str) -> Quarantined | None:
    """One row of the quarantine, None once it has left it."""
    row = session.execute(_QUARANTINED_ONE, {"of_view": view, "of_key": key, "of_rule": rule}).first()
    return Quarantined._make(row) if row else None


def held_back(session: Session, customer_code: str) -> HeldBack | None:
    """Tell whether a customer keeps an older state because the new one does not add up ("w trakcie wyjaśniania")."""
    row = session.execute(_HELD_ONE, {"code": customer_code}).first()
    return HeldBack._make(row) if row else None


def all_held_back(session: Session, limit: int = 100) -> list[HeldBack]:
    """Customers that are held back, the oldest first: the clerk's list."""
    return [HeldBack._make(row) for row in session.execute(_HELD.limit(limit))]


def freshness(as_of: datetime | None, now: datetime) -> Freshness:
    """Plain up to 26 hours, yellow above, red above 72 hours or without any copy (reliability.md §6)."""
    if as_of is None or now - as_of > OLD_AFTER:
        return Freshness.OLD
    return Freshness.AGEING if now - as_of > AGEING_AFTER else Freshness.FRESH
