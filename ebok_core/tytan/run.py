"""One run of the refresh: load, judge, publish, remember; first loads go straight into the copy's empty tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import compress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog

from ebok_core import clock
from ebok_core.contracts.tytan import CopyTable, TytanSource
from ebok_core.errors import ConfigurationError, Refused
from ebok_core.i18n import gettext as _

from . import comparison, copy_schema, gates, publish, staging, state
from .contract import CUSTOMERS
from .report import CHANGES, CUSTOMER, FULL, Report
from .source import Chunk
from .staging import GONE, LIVE, SPARED, DuplicateKeys, Loaded, Room
from .validate import Batch, Converter, Fault, key_text

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

OVERLAP = 1_000
"""Change numbers below the watermark that are read again: a transaction that commits late carries a lower one."""
RETRIED = 20
"""Customers in the quarantine or held back whom a run by change number reads whole; a full compare reads all."""
CLOCK_MAY_STEP_BACK = timedelta(minutes=2)


def _in_order(views: Iterable[CopyTable]) -> dict[str, Room]:
    """The rooms of the views that are copied: the customers first, a row's parent before the row."""
    left = {view.view: view for view in views if view.bulk}
    done: dict[str, Room] = {CUSTOMERS.view: staging.room(left.pop(CUSTOMERS.view))}
    while left:
        ready = [v for v in left.values() if isinstance(v.customer, str) or v.customer[1] in done]
        if not ready:
            raise ConfigurationError(f"The views {', '.join(left)} never lead to a customer")
        done |= {view.view: staging.room(left.pop(view.view)) for view in ready}
    return done


@dataclass
class Run:
    """One run with what it has gathered so far."""

    runtime: Runtime
    source: TytanSource
    connection: sa.Connection
    kind: str
    at: datetime
    as_of: datetime | None = None
    faults: list[Fault] = field(default_factory=list)
    loaded: dict[str, Loaded] = field(default_factory=dict)
    good_again: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rooms = _in_order(self.runtime.portal.copy_tables)
        with self.connection.begin():
            rows = self.connection.execute(sa.select(state.views)).all()
            self.broken = self.connection.execute(sa.select(state.quarantine.c.view, state.quarantine.c.key)).all()
            self.last_clock = self.connection.execute(sa.select(state.state.c.source_clock)).scalar()
            self.is_empty = all(staging.is_empty(self.connection, room.copy) for room in self.rooms.values())
            size = publish.batch_size(self.connection)
        self.watermarks = {row.view: row.watermark for row in rows}
        self.before = {row.view: row.rows for row in rows}
        self.batch_size = size
        # In one transaction that nobody sees, the tables themselves can be the staging.
        self.is_first = self.is_empty and self.kind != CUSTOMER and size != publish.SQLITE_BATCH_WITHOUT_WAL

    def refresh(self, customer_code: str | None) -> Report:
        """Check the source, then load, judge and publish."""
        self.as_of = self.source.now()
        if self.last_clock and self.as_of < self.last_clock - CLOCK_MAY_STEP_BACK:
            raise Refused(
                _("TYTAN's clock has gone back to %(time)s. Nothing was changed.", time=self.as_of.isoformat()),
                code="clock",
            )
        if self.kind == FULL or self.is_first:
            differences = self.source.check()
            if differences:
                raise Refused(comparison.summary(differences), code="contract")
        if self.is_first:
            try:
                return self._first()
            except (DuplicateKeys, sa.exc.IntegrityError):
                log.warning("refresh.duplicate_keys")
                self.faults, self.loaded = [], {}
        return self._staged([customer_code] if customer_code else self._retried())

    # The first load: straight into the copy's tables, in one transaction.

    def _first(self) -> Report:
        tables = [room.copy for room in self.rooms.values()]
        with self.connection.begin():
            # A lock of a moment; the rows come in a transaction that shuts no reader out.
            copy_schema.drop_indexes(self.connection, tables)
        try:
            with self.connection.begin():
                self.connection.execute(sa.schema.CreateTable(staging.touched))
                for room in self.rooms.values():
                    self._load(room, self.source.rows(room.view), room.copy)
                    staging.analyze(self.connection, room.copy, room.joined)
                copy_schema.create_indexes(self.connection, tables)
                return self._judge_loaded()
        except BaseException:
            with self.connection.begin():
                copy_schema.create_indexes(self.connection, tables)
            raise

    def _judge_loaded(self) -> Report:
        rooms = list(self.rooms.values())
        customers = self.rooms[CUSTOMERS.view]
        for room in rooms:
            self.faults += gates.strangers_loaded(self.connection, room, customers)
        gates.touch_everybody(self.connection, customers)
        gates.CustomerGates(self.connection, self.rooms, loaded=True).check()
        publish.drop_held_back(self.connection, rooms)
        rows = self._counted(self.rooms)
        return self._remember(publish.Published(changed=rows, grown={}), rows, whole=set(self.rooms))

    # Every other run: through temporary tables.

    def _staged(self, customers: Sequence[str]) -> Report:
        rooms = list(self.rooms.values())
        with self.connection.begin():
            if self.is_empty:
                # A first load that was killed left no keys.
                copy_schema.create_indexes(self.connection, [room.copy for room in rooms])
            staging.create(self.connection, rooms)
            if customers:
                self.connection.execute(staging.complete.insert(), [{"code": code} for code in customers])
        whole = {room.view.view for room in rooms if self._stage(room, customers)}
        batches: list[int] = []
        with self.connection.begin():
            if self._find_changes(whole):
                gates.find_touched(self.connection, rooms)
                gates.CustomerGates(self.connection, self.rooms, loaded=False).check()
                batches = publish.plan_batches(self.connection, rooms, self.batch_size)
        published = publish.Published(changed={}, grown={})
        for batch in batches[:-1]:
            with self.connection.begin():
                publish.publish_batch(self.connection, rooms, batch, published)
        with self.connection.begin():
            for batch in batches[-1:]:
                publish.publish_batch(self.connection, rooms, batch, published)
            # A killed run may have published without counting: a full compare counts anew.
            rows = {v: self.before.get(v, 0) + published.grown.get(v, 0) for v in self.rooms} | self._counted(whole)
            return self._remember(published, rows, whole=whole)

    def _stage(self, room: Room, customers: Sequence[str]) -> bool:
        """Stage a view's rows; tells whether the whole view was read."""
        view = room.view.view
        watermark = self.watermarks.get(view)
        whole = self.kind == FULL or self.kind == CHANGES and watermark is None
        with self.connection.begin():
            if self.kind == CHANGES and watermark is not None:
                after = max(watermark - OVERLAP, -1)
                loaded = self._load(
                    room, self.source.rows(room.view, after=after), room.stage, but_of=frozenset(customers)
                )
                # The row that had the greatest number must be there: numbers that went back hide changes.
                whole = watermark > 0 and (loaded.highest is None or loaded.highest < watermark)
                if whole:
                    self._forget(room)
            if whole:
                self._load(room, self.source.rows(room.view), room.stage)
            else:
                for code in customers:
                    self._load(room, self.source.rows(room.view, customer_code=code), room.stage)
            staging.settle(self.connection, room, room.stage)
        return whole

    def _forget(self, room: Room) -> None:
        self.connection.execute(room.stage.delete())
        self.loaded.pop(room.view.view)
        self.faults = [fault for fault in self.faults if fault.view != room.view.view]

    def _load(
        self,
        room: Room,
        chunks: Iterable[Sequence[Mapping[str, Any]]],
        table: sa.Table,
        but_of: frozenset[str] = frozenset(),
    ) -> Loaded:
        """Clean a view's rows into a table; rows of `but_of` are left out, they are read by themselves."""
        loaded = self.loaded.setdefault(room.view.view, Loaded())
        converter = Converter(room.view, self.runtime.settings.audit_key)
        staged = table is room.stage
        broken = {row.key for row in self.broken if row.view == room.view.view} if staged else set()
        with staging.writing(self.connection, table, [*room.columns, "mark"] if staged else room.columns) as write:
            for chunk in chunks:
                rows = chunk if isinstance(chunk, Chunk) else Chunk.of(chunk)
                batch = converter(rows.names, rows.tuples)
                if but_of:
                    _leave_out(batch, room, but_of)
                _count(loaded, batch, len(rows))
                self.faults += batch.faults
                if broken:
                    keys = zip(*(batch.columns[room.columns.index(name)] for name in room.view.key), strict=True)
                    self.good_again += [(room.view.view, key) for key in broken.intersection(map(key_text, keys))]
                if batch.size and staged:
                    write([*batch.columns, [str(LIVE)] * batch.size], [*batch.plain, True])
                elif batch.size:
                    write(batch.columns, batch.plain)
                if staged:
                    _write_keys(write, room, batch.gone, GONE)
                    _write_keys(write, room, batch.spared, SPARED)
        return loaded

    def _find_changes(self, whole: set[str]) -> bool:
        """Work out what differs, view by view; refuse the run when too much would go. Tells whether anything does."""
        customers = self.rooms[CUSTOMERS.view]
        changed: dict[str, int] = {}
        for room in self.rooms.values():
            view = room.view.view
            before = self.before.get(view, 0)
            if view in whole:
                gates.refuse_emptiness(view, before, self.loaded[view].rows)
            written, gone = staging.find_changes(self.connection, room, whole=view in whole)
            gates.refuse_removals(view, before, gone)
            if written:
                self.faults += gates.without_duplicates(self.connection, room)
                self.faults += gates.without_strangers(self.connection, room, customers)
            changed[view] = written + gone
            if not isinstance(room.view.customer, str) and changed[room.view.customer[1]]:
                changed[view] += staging.follow_parents(self.connection, room, self.rooms[room.view.customer[1]])
            if room is not customers and changed[customers.view.view]:
                changed[view] += staging.follow_customers(self.connection, room, customers)
        return any(changed.values())

    def _retried(self) -> list[str]:
        """Customers who are held back or have a row in the quarantine, those not tried for longest first."""
        if self.kind != CHANGES:
            return []
        waiting = sa.union_all(
            sa.select(state.held.c.customer_code, state.held.c.tried_at),
            sa.select(state.quarantine.c.customer_code, state.quarantine.c.tried_at),
        ).subquery()
        oldest = sa.func.min(waiting.c.tried_at)
        codes = sa.select(waiting.c.customer_code).where(waiting.c.customer_code.is_not(None))
        codes = codes.group_by(waiting.c.customer_code).order_by(oldest, waiting.c.customer_code).limit(RETRIED)
        with self.connection.begin():
            return list(self.connection.execute(codes).scalars())

    def _counted(self, views: Iterable[str]) -> dict[str, int]:
        rows = {}
        for view in views:
            statement = sa.select(sa.func.count()).select_from(self.rooms[view].copy)
            rows[view] = int(self.connection.execute(statement).scalar_one())
        return rows

    def _remember(self, published: publish.Published, rows: Mapping[str, int], whole: set[str]) -> Report:
        """Everything that is remembered of the run, in the transaction of its last batch."""
        if self.kind != CUSTOMER:
            highest = {view: self.loaded[view].highest or 0 for view in self.rooms}
            publish.remember_views(self.connection, highest, rows)
        everything = len(whole) == len(self.rooms)
        publish.remember_faults(self.connection, self.faults, self.at, settled=self._settled_faults(whole))
        publish.remember_held_back(self.connection, self.at, settled=self._settled_marks(everything))
        held, broken = publish.counts(self.connection)
        report = Report(
            kind=self.kind,
            as_of=self.as_of,
            rows_read=sum(loaded.read for loaded in self.loaded.values()),
            rows_changed=published.total,
            customers_held_back=held,
            rows_in_quarantine=broken,
        )
        publish.remember_run(self.connection, **self._state(report, everything))
        return report

    def _settled_faults(self, whole: set[str]) -> sa.ColumnElement[bool]:
        rows = state.quarantine
        seen = [sa.and_(rows.c.view == view, rows.c.key == key) for view, key in self.good_again]
        if len(whole) < len(self.rooms):
            seen.append(rows.c.customer_code.in_(sa.select(staging.complete.c.code)))
        return sa.or_(rows.c.view.in_(whole), *seen)

    def _settled_marks(self, everything: bool) -> sa.ColumnElement[bool]:
        if everything:
            return sa.true()
        judged = sa.union(sa.select(staging.touched.c.code), sa.select(staging.complete.c.code))
        return state.held.c.customer_code.in_(judged)

    def _state(self, report: Report, everything: bool) -> dict[str, Any]:
        values: dict[str, Any] = {
            "attempted_at": self.at,
            "problem": None,
            "reachable": True,
            "customers_held_back": report.customers_held_back,
            "rows_in_quarantine": report.rows_in_quarantine,
        }
        if self.kind == CUSTOMER:
            return values
        values |= {
            "as_of": self.as_of,
            "source_clock": self.as_of,
            "finished_at": clock.now_utc(),
            "kind": self.kind,
            "rows_read": report.rows_read,
            "rows_changed": report.rows_changed,
        }
        return values | ({"compared_at": clock.now_utc(), "compare_problem": None} if everything else {})


def _count(loaded: Loaded, batch: Batch, read: int) -> None:
    loaded.read += read
    loaded.rows += batch.size
    if batch.highest is not None and (loaded.highest is None or batch.highest > loaded.highest):
        loaded.highest = batch.highest


def _leave_out(batch: Batch, room: Room, codes: frozenset[str]) -> None:
    customers = batch.columns[room.columns.index(room.customer)]
    keep = [code not in codes for code in customers]
    batch.columns = [list(compress(values, keep)) for values in batch.columns]
    batch.size = sum(keep)


def _write_keys(write: staging.Write, room: Room, keys: Sequence[tuple[Any, ...]], mark: int) -> None:
    """Stage rows of which only the key is known."""
    if not keys:
        return
    values = dict(zip(room.view.key, zip(*keys, strict=True), strict=True))
    columns = [values.get(name, [None] * len(keys)) for name in room.columns]
    write([*columns, [str(mark)] * len(keys)], [False] * (len(columns) + 1))
