"""What must hold before anything is published: per run, per row across views, and per customer (reliability.md §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _

from .contract import CUSTOMERS, INVOICE_LINES, INVOICES, LEDGER
from .rules import REFERENCES
from .staging import DROP, LIVE, WRITE, Room, analyze, touched
from .validate import Fault, key_text

REMOVALS_AT_MOST = 0.10
REMOVALS_ALWAYS = 10
"""So many rows may go from a view whatever its size: a tenth of a small view is less than a usual day."""
REPORTED = 1_000
"""Rows of one rule and view that are listed in the quarantine; the others are counted by the next run."""

Rooms = Mapping[str, Room]


def refuse_removals(view: str, before: int, removed: int) -> None:
    """Refuse a run that would take more than a tenth of a view away.

    Raises `Refused` with the code `removals`; `before` and `removed` are numbers of rows.
    """
    if removed > max(REMOVALS_ALWAYS, before * REMOVALS_AT_MOST):
        raise Refused(
            _(
                "%(view)s: %(removed)s of %(before)s rows are gone, more than a tenth. Nothing was changed.",
                view=view,
                removed=removed,
                before=before,
            ),
            code="removals",
        )


def refuse_emptiness(view: str, before: int, rows: int) -> None:
    """Refuse a run in which a view that had rows has none. Raises `Refused` with the code `empty`."""
    if before and not rows:
        raise Refused(
            _("%(view)s is empty and had %(before)s rows. Nothing was changed; check TYTAN.", view=view, before=before),
            code="empty",
        )


def without_duplicates(connection: sa.Connection, room: Room) -> list[Fault]:
    """Keys that come twice with different contents: neither is published, the copy keeps what it has."""
    change, stage = room.change, room.stage
    wanted = sa.select(*room.key_of(change)).where(change.c.op == WRITE).distinct().subquery()
    twice = (
        sa.select(*room.key_of(stage))
        .select_from(stage.join(wanted, room.same_key(wanted, stage)))
        .where(stage.c.mark == LIVE)
        .group_by(*room.key_of(stage))
        .having(sa.func.count() > 1)
    )
    found = connection.execute(twice.limit(REPORTED)).all()
    if found:
        key = room.key_of(change)
        condition = (key[0] if len(key) == 1 else sa.tuple_(*key)).in_(twice)
        connection.execute(change.delete().where(condition))
    return [_fault(room, key, "duplicate_key", room.view.key[-1]) for key in found]


def without_strangers(connection: sa.Connection, room: Room, customers: Room) -> list[Fault]:
    """Rows of customers that TYTAN does not know: the quarantine instead of the copy."""
    if room is customers:
        return []
    change = room.change
    stranger = sa.and_(change.c.op == WRITE, ~_known_after(change.c.customer, customers))
    keys = sa.select(*room.key_of(change), change.c.customer).where(stranger).limit(REPORTED)
    found = connection.execute(keys).all()
    if found:
        connection.execute(change.delete().where(stranger))
    return [_fault(room, row[:-1], "unknown_customer", room.customer, row[-1]) for row in found]


def strangers_loaded(connection: sa.Connection, room: Room, customers: Room) -> list[Fault]:
    """The same for rows that a first load has put straight into the copy's tables."""
    if room is customers:
        return []
    there = room.copy
    codes = sa.select(there.c[room.customer]).distinct().subquery()
    known = sa.exists().where(customers.copy.c[customers.view.key[0]] == codes.c[room.customer]).correlate(codes)
    strange = connection.execute(sa.select(codes.c[room.customer]).where(~known)).scalars().all()
    faults = []
    for code in strange:
        rows = there.c[room.customer] == code
        keys = sa.select(*room.key_of(there)).where(rows).limit(REPORTED)
        faults += [_fault(room, k, "unknown_customer", room.customer, code) for k in connection.execute(keys)]
        connection.execute(there.delete().where(rows))
    return faults


def find_touched(connection: sa.Connection, rooms: Sequence[Room]) -> None:
    """Everybody who has a changed row, or had it before."""
    codes = sa.union(
        *(
            sa.select(c.label("code")).where(c.is_not(None))
            for r in rooms
            for c in (r.change.c.customer, r.change.c.former)
        )
    ).subquery()
    connection.execute(touched.insert().from_select(["code", "batch"], sa.select(codes.c.code, sa.literal(0))))
    analyze(connection, touched)


def touch_everybody(connection: sa.Connection, customers: Room) -> None:
    """In a first load every customer is new."""
    codes = sa.select(customers.copy.c[customers.view.key[0]], sa.literal(0))
    connection.execute(touched.insert().from_select(["code", "batch"], codes))
    analyze(connection, touched)


class CustomerGates:
    """The gates of a customer, on the state that the copy would have: `loaded` is a first load, where it has it."""

    def __init__(self, connection: sa.Connection, rooms: Rooms, *, loaded: bool) -> None:
        self.connection = connection
        self.rooms = rooms
        self.loaded = loaded

    def check(self) -> None:
        """Give every touched customer who fails a reason, which holds them back."""
        self._hold("balance", self._balances())
        self._hold("invoice_total", self._totals())
        for view, column, parent in REFERENCES:
            if view in self.rooms and parent in self.rooms:
                for failing in self._references(self.rooms[view], column, self.rooms[parent]):
                    self._hold(f"reference {view}.{column}", failing)
        if not self.loaded:
            self._hold_linked()

    def _hold(self, reason: str, failing: sa.Select[Any]) -> None:
        condition = sa.and_(touched.c.reason.is_(None), touched.c.code.in_(failing))
        self.connection.execute(touched.update().where(condition).values(reason=reason))

    def _balances(self) -> sa.Select[Any]:
        """`balance = Σ to_pay` (tytan-contract.md, `ebok_ledger`)."""
        customers = self._after(CUSTOMERS.view, ("code", "balance"))
        ledger = self._after(LEDGER.view, ("customer_code", "to_pay"))
        sums = sa.select(ledger.c.customer_code, sa.func.sum(ledger.c.to_pay).label("total"))
        sums = sums.group_by(ledger.c.customer_code).subquery()
        joined = customers.outerjoin(sums, sums.c.customer_code == customers.c.code)
        return (
            sa.select(customers.c.code)
            .select_from(joined)
            .where(customers.c.balance != sa.func.coalesce(sums.c.total, 0))
        )

    def _totals(self) -> sa.Select[Any]:
        """An invoice that has lines is worth what they are worth; documents without lines, such as notes, pass."""
        invoices = self._after(INVOICES.view, ("number", "customer_code", "gross"))
        lines = self._after(INVOICE_LINES.view, ("invoice_number", "gross"))
        sums = sa.select(lines.c.invoice_number, sa.func.sum(lines.c.gross).label("total"))
        sums = sums.group_by(lines.c.invoice_number).subquery()
        joined = invoices.join(sums, sums.c.invoice_number == invoices.c.number)
        return sa.select(invoices.c.customer_code).select_from(joined).where(invoices.c.gross != sums.c.total)

    def _references(self, child: Room, column: str, parent: Room) -> list[sa.Select[Any]]:
        """Customers with a row that points nowhere, and customers who lose a row that others point to."""
        if self.loaded:
            there = child.copy.alias()
            return [
                sa.select(there.c[child.customer]).where(there.c[column].is_not(None), ~_known(there.c[column], parent))
            ]
        change, stage, there, above = child.change, child.stage, child.copy, parent.change
        new = change.join(stage, sa.and_(child.same_key(change, stage), stage.c.mark == LIVE))
        dangling = (
            sa.select(change.c.customer)
            .select_from(new)
            .where(change.c.op == WRITE, stage.c[column].is_not(None), ~_known_after(stage.c[column], parent))
        )
        gone = above.alias()
        met = gone.join(there, there.c[column] == gone.c[parent.view.key[0]])
        unchanged = ~sa.exists().where(child.same_key(change, there)).correlate(there)
        orphaning = sa.select(gone.c.customer).select_from(met).where(gone.c.op == DROP, unchanged)
        return [dangling, orphaning]

    def _hold_linked(self) -> None:
        """Rows that go from one customer to another link the two: both are published or neither is."""
        links = sa.union(
            *(sa.select(r.change.c.customer, r.change.c.former).where(_moves(r)) for r in self.rooms.values())
        ).subquery()
        if self.connection.execute(sa.select(links.c.customer).limit(1)).first() is None:
            return
        held = touched.alias()
        linked = sa.union(
            sa.select(links.c.customer).join(held, held.c.code == links.c.former).where(held.c.reason.is_not(None)),
            sa.select(links.c.former).join(held, held.c.code == links.c.customer).where(held.c.reason.is_not(None)),
        )
        while True:
            more = touched.update().where(touched.c.reason.is_(None), touched.c.code.in_(linked))
            if not self.connection.execute(more.values(reason="linked")).rowcount:
                return

    def _after(self, view: str, names: Sequence[str]) -> Any:
        """Rows of a view as they would be, of the touched customers."""
        room = self.rooms[view]
        if self.loaded:
            return room.copy
        there, stage, change = room.copy, room.stage, room.change
        unchanged = ~sa.exists().where(room.same_key(change, there)).correlate(there)
        kept = sa.select(*(there.c[name] for name in names)).where(
            there.c[room.customer].in_(sa.select(touched.c.code)), unchanged
        )
        met = change.join(stage, sa.and_(room.same_key(change, stage), stage.c.mark == LIVE))
        new = sa.select(*(stage.c[name] for name in names)).select_from(met).where(change.c.op == WRITE)
        return sa.union_all(kept, new).subquery()


def _moves(room: Room) -> sa.ColumnElement[bool]:
    return sa.and_(room.change.c.op == WRITE, room.change.c.customer != room.change.c.former)


def _known(value: sa.ColumnElement[Any], parent: Room) -> sa.ColumnElement[bool]:
    return sa.exists().where(parent.copy.c[parent.view.key[0]] == value).correlate_except(parent.copy)


def _known_after(value: sa.ColumnElement[Any], parent: Room) -> sa.ColumnElement[bool]:
    """Whether the parent's view will have a row of this key."""
    change = parent.change.alias()
    key = change.c[parent.view.key[0]] == value
    written = sa.exists().where(key, change.c.op == WRITE).correlate_except(change)
    dropped = sa.exists().where(key, change.c.op == DROP).correlate_except(change)
    return sa.or_(written, sa.and_(_known(value, parent), ~dropped))


def _fault(room: Room, key: Sequence[Any], rule: str, column: str, customer: str | None = None) -> Fault:
    return Fault(
        view=room.view.view, key=key_text(list(key)), rule=rule, column=column, sample="", customer_code=customer
    )
