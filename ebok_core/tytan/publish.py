"""Publish what passed the gates, whole customers at a time; the watermarks and the copy's age move with the last batch.

Everything here can be done again: a run that was killed between two batches finds the rest as changes next time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from . import state
from .gates import REPORTED
from .staging import DROP, LIVE, WRITE, Room, touched
from .validate import Fault

SQLITE_BATCH = 10_000
SQLITE_BATCH_WITHOUT_WAL = 500
"""Rows: without WAL a commit shuts readers out (reliability.md §6)."""
LINKED = -1
"""The batch of customers between whom rows move: they change together."""


@dataclass
class Published:
    """How many rows of the copy were written or dropped, by view, and how many there are more than before."""

    changed: dict[str, int]
    grown: dict[str, int]

    @property
    def total(self) -> int:
        """All rows that changed."""
        return sum(self.changed.values())


def plan_batches(connection: sa.Connection, rooms: Sequence[Room], size: int | None) -> list[int]:
    """Put the touched customers into batches of about `size` rows; None is one batch. Returns the batches' numbers."""
    if size is not None:
        _number(connection, rooms, size)
    numbers = sa.select(touched.c.batch).where(touched.c.reason.is_(None)).distinct().order_by(touched.c.batch)
    return list(connection.execute(numbers).scalars())


def batch_size(connection: sa.Connection) -> int | None:
    """Rows of a batch on this database: SQLite's depend on its journal, PostgreSQL publishes all at once."""
    if connection.dialect.name == "postgresql":
        return None
    journal = connection.exec_driver_sql("PRAGMA main.journal_mode").scalar()
    return SQLITE_BATCH if journal == "wal" else SQLITE_BATCH_WITHOUT_WAL


def publish_batch(connection: sa.Connection, rooms: Iterable[Room], batch: int, published: Published) -> None:
    """Write and drop all changed rows of the batch's customers, in the open transaction."""
    for room in rooms:
        name = room.view.view
        dropped = connection.execute(_drop(room), {"batch_number": batch}).rowcount
        before = _new_rows(connection, room, batch)
        written = connection.execute(_upsert(connection, room), {"batch_number": batch}).rowcount
        published.changed[name] = published.changed.get(name, 0) + dropped + written
        published.grown[name] = published.grown.get(name, 0) + before - dropped


def drop_held_back(connection: sa.Connection, rooms: Iterable[Room]) -> None:
    """After a first load: customers who failed have no state before, so nothing of them stays."""
    failed = sa.select(touched.c.code).where(touched.c.reason.is_not(None))
    for room in rooms:
        connection.execute(room.copy.delete().where(room.copy.c[room.customer].in_(failed)))


def _number(connection: sa.Connection, rooms: Sequence[Room], size: int) -> None:
    """Batches by a running sum of rows; customers linked by moved rows share one."""
    rows = sa.union_all(
        *(
            sa.select(r.change.c.customer.label("code"), sa.func.count().label("rows")).group_by(r.change.c.customer)
            for r in rooms
        )
    ).subquery()
    sums = sa.select(rows.c.code, sa.func.sum(rows.c.rows).label("rows")).group_by(rows.c.code).subquery()
    running = sa.func.sum(sums.c.rows).over(order_by=sums.c.code)
    numbered = sa.select(sums.c.code, sa.cast(running / size, sa.Integer).label("batch")).subquery()
    number = sa.select(numbered.c.batch).where(numbered.c.code == touched.c.code).scalar_subquery()
    connection.execute(touched.update().values(batch=sa.func.coalesce(number, 0)))
    for room in rooms:
        change = room.change
        moved = sa.and_(change.c.op == WRITE, change.c.customer != change.c.former)
        for column in (change.c.customer, change.c.former):
            linked = touched.c.code.in_(sa.select(column).where(moved))
            connection.execute(touched.update().where(linked).values(batch=LINKED))


def _in_batch(room: Room) -> sa.Join:
    """The changes of the batch's customers who passed."""
    passed = sa.and_(
        touched.c.code == room.change.c.customer,
        touched.c.reason.is_(None),
        touched.c.batch == sa.bindparam("batch_number", type_=sa.Integer),
    )
    return room.change.join(touched, passed)


def _drop(room: Room) -> sa.Delete:
    keys = sa.select(*room.key_of(room.change)).select_from(_in_batch(room)).where(room.change.c.op == DROP)
    own = room.key_of(room.copy)
    return room.copy.delete().where((own[0] if len(own) == 1 else sa.tuple_(*own)).in_(keys))


def _new_rows(connection: sa.Connection, room: Room, batch: int) -> int:
    new = (
        sa.select(sa.func.count())
        .select_from(_in_batch(room))
        .where(room.change.c.op == WRITE, room.change.c.former.is_(None))
    )
    return int(connection.execute(new, {"batch_number": batch}).scalar_one())


def _upsert(connection: sa.Connection, room: Room) -> sa.Insert:
    """`INSERT … SELECT … ON CONFLICT DO UPDATE … WHERE … IS DISTINCT FROM`: a row that is there already stays."""
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    stage, there = room.stage, room.copy
    met = _in_batch(room).join(stage, sa.and_(room.same_key(room.change, stage), stage.c.mark == LIVE))
    rows = sa.select(*(stage.c[name] for name in room.columns)).select_from(met).where(room.change.c.op == WRITE)
    statement = insert(there).from_select(room.columns, rows)
    values = {name: statement.excluded[name] for name in room.columns if name not in room.view.key}
    differs = sa.or_(*(there.c[name].is_distinct_from(statement.excluded[name]) for name in room.compared))
    return statement.on_conflict_do_update(index_elements=list(room.view.key), set_=values, where=differs)


# What is remembered about a run.


def remember_views(connection: sa.Connection, watermarks: Mapping[str, int | None], rows: Mapping[str, int]) -> None:
    """Move the views' watermarks and row counts, in the transaction of the last batch."""
    for view, watermark in watermarks.items():
        connection.execute(state.views.delete().where(state.views.c.view == view))
        connection.execute(state.views.insert(), {"view": view, "watermark": watermark, "rows": rows.get(view, 0)})


def remember_run(connection: sa.Connection, **values: Any) -> None:
    """Change the one row of the copy's state, and make it when it is not there yet."""
    if not connection.execute(state.state.update().values(**values)).rowcount:
        connection.execute(state.state.insert(), {"id": 1, **values})


def remember_faults(
    connection: sa.Connection, faults: Sequence[Fault], now: datetime, *, settled: sa.ColumnElement[bool]
) -> None:
    """Replace the quarantine's rows that this run has seen (`settled`), keeping since when a row is there."""
    before = sa.select(state.quarantine) if faults else sa.select(state.quarantine).limit(0)
    since = {(r.view, r.key, r.rule): r.since for r in connection.execute(before)}
    counted: dict[tuple[str, str], int] = {}
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for fault in faults:
        counted[fault.view, fault.rule] = counted.get((fault.view, fault.rule), 0) + 1
        if counted[fault.view, fault.rule] <= REPORTED:
            key = (fault.view, fault.key, fault.rule)
            rows[key] = {**fault._asdict(), "since": since.get(key, now), "tried_at": now}
    connection.execute(state.quarantine.delete().where(settled))
    for view, key, rule in rows:
        twice = sa.and_(state.quarantine.c.view == view, state.quarantine.c.key == key, state.quarantine.c.rule == rule)
        connection.execute(state.quarantine.delete().where(twice))
    if rows:
        connection.execute(state.quarantine.insert(), list(rows.values()))


def remember_held_back(connection: sa.Connection, now: datetime, *, settled: sa.ColumnElement[bool]) -> None:
    """Replace the marks of customers whom this run has judged (`settled`), keeping since when they stand."""
    before = sa.select(state.held.c.customer_code, state.held.c.since)
    since = dict(connection.execute(before).all())
    failed = sa.select(touched.c.code, touched.c.reason).where(touched.c.reason.is_not(None))
    rows = [
        {"customer_code": code, "reason": reason, "since": since.get(code, now), "tried_at": now}
        for code, reason in connection.execute(failed)
    ]
    codes = sa.select(touched.c.code).where(touched.c.reason.is_not(None))
    connection.execute(state.held.delete().where(sa.or_(settled, state.held.c.customer_code.in_(codes))))
    if rows:
        connection.execute(state.held.insert(), rows)


def counts(connection: sa.Connection) -> tuple[int, int]:
    """Customers held back and rows in the quarantine, for the state's row."""
    held = connection.execute(sa.select(sa.func.count()).select_from(state.held)).scalar_one()
    broken = connection.execute(sa.select(sa.func.count()).select_from(state.quarantine)).scalar_one()
    return int(held), int(broken)
