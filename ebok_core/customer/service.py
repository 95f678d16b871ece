"""What the customer's own pages read: functions of a session and a viewer, each of a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.identity import Viewer
from ebok_core.tytan import reads

from . import rules, tytan
from .rules import Validity
from .tytan import (
    ContractPoint,
    ContractRef,
    ContractRow,
    CustomerRow,
    MeterRow,
    OldLegalization,
    PointMeter,
    PointName,
    PointRow,
    WaitingReading,
)


@dataclass(frozen=True, kw_only=True)
class Point:
    """A service point with all its meters, those in use first."""

    row: PointRow
    meters: tuple[MeterRow, ...]

    @property
    def is_in_use(self) -> bool:
        """Whether readings are taken here; a closed point stays visible (L42)."""
        return self.row.status == rules.IN_USE

    @property
    def validity(self) -> Validity:
        """How the contract's end stands against today."""
        return rules.validity_of(self.row.contract_valid_to, clock.today())


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A meter with its main meter, its submeters, the one that it replaced and the one that replaced it."""

    row: MeterRow
    related: tuple[MeterRow, ...]

    @cached_property
    def parent(self) -> MeterRow | None:
        """The main meter of a submeter."""
        return next((other for other in self.related if other.id == self.row.parent_id), None)

    @cached_property
    def children(self) -> tuple[MeterRow, ...]:
        """The submeters behind this meter, those in use first."""
        return tuple(other for other in self.related if other.parent_id == self.row.id)

    @cached_property
    def predecessor(self) -> MeterRow | None:
        """The meter that this one replaced."""
        return rules.predecessor_of(self.row, self._at_point)

    @cached_property
    def successor(self) -> MeterRow | None:
        """The meter that replaced this one."""
        return rules.successor_of(self.row, self._at_point)

    @property
    def is_submeter(self) -> bool:
        """Whether it lowers a bill, and only while its legalisation is valid."""
        return self.row.role in rules.SUBMETERS

    @property
    def is_exchanged_by_utility(self) -> bool:
        """Whether the utility exchanges it at its own cost."""
        return self.row.role in rules.OF_UTILITY

    @property
    def legalization_expired(self) -> bool:
        """Whether the legalisation of a meter still in use has run out (L59)."""
        valid_to = self.row.legalization_valid_to
        return self.row.removed_on is None and rules.legalization_expired(valid_to, clock.today())

    @property
    def _at_point(self) -> Iterable[MeterRow]:
        return (other for other in self.related if other.point_code == self.row.point_code)


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A contract with the points it covers."""

    row: ContractRow
    points: tuple[ContractPoint, ...]

    @property
    def validity(self) -> Validity:
        """How the contract's end stands against today."""
        return rules.validity_of(self.row.valid_to, clock.today())


@dataclass(frozen=True, kw_only=True)
class BankAccount:
    """A bank account for transfers (L35). `contracts` are those it is for; none: for everything."""

    number: str
    contracts: tuple[ContractRow, ...] = ()


def customer(session: Session, viewer: Viewer) -> CustomerRow:
    """The acting customer. Raises `NotFound` while the copy does not hold it."""
    return reads.one(session, viewer, tytan.CUSTOMERS, as_=CustomerRow)


def customers(session: Session, viewer: Viewer) -> list[CustomerRow]:
    """Every customer of the viewer's account, the acting one first (L99)."""
    rows = reads.rows(session, viewer, tytan.CUSTOMERS, as_=CustomerRow, every=True)
    return sorted(rows, key=lambda row: row.code != viewer.customer_code)


def contracts(session: Session, viewer: Viewer) -> list[ContractRow]:
    """All contracts of the acting customer, the newest first, ended ones too (L114)."""
    return reads.rows(session, viewer, tytan.CONTRACTS, as_=ContractRow)


def only_contract(session: Session, viewer: Viewer) -> str | None:
    """The number of the acting customer's contract, or None when there are several or none (L104)."""
    found = reads.rows(session, viewer, tytan.CONTRACT_REFS, as_=ContractRef)
    return found[0].number if len(found) == 1 else None


def contract(session: Session, viewer: Viewer, number: str) -> Contract:
    """A contract of the acting customer with its points. Two queries; raises `NotFound`.

    TYTAN names one point in the contract; further points name the contract (L121).
    """
    row = reads.one(session, viewer, tytan.CONTRACT, as_=ContractRow, number=number)
    named = ContractPoint(row.point_code, row.point_name, row.service)
    others = reads.rows(session, viewer, tytan.POINTS_OF_CONTRACT, as_=ContractPoint, number=number)
    return Contract(row=row, points=(named, *(point for point in others if point.code != named.code)))


def bank_accounts(customer: CustomerRow, contracts: Iterable[ContractRow]) -> list[BankAccount]:
    """The accounts for transfers: the customer's own first, then those that running contracts carry (L35)."""
    today = clock.today()
    own: dict[str, list[ContractRow]] = {}
    for row in contracts:
        if row.individual_account and rules.validity_of(row.valid_to, today) is not Validity.ENDED:
            own.setdefault(row.individual_account, []).append(row)
    general = [BankAccount(number=customer.individual_account)] if customer.individual_account else []
    return general + [
        BankAccount(number=number, contracts=tuple(rows))
        for number, rows in own.items()
        if number != customer.individual_account
    ]


def point(session: Session, viewer: Viewer, code: str) -> Point:
    """A service point of the acting customer with its meters. Two queries; raises `NotFound`."""
    row = reads.one(session, viewer, tytan.POINT, as_=PointRow, code=code)
    meters = reads.rows(session, viewer, tytan.METERS_OF_POINT, as_=MeterRow, code=code)
    return Point(row=row, meters=tuple(meters))


def point_names(session: reads.Reader, viewer: Viewer) -> list[PointName]:
    """The points of the acting customer by code."""
    return reads.rows(session, viewer, tytan.POINT_NAMES, as_=PointName)


def meters_of(session: Session, viewer: Viewer, codes: Sequence[str]) -> Mapping[str, list[PointMeter]]:
    """The meters of several points by point code, those in use first. One query, none for no points."""
    found: dict[str, list[PointMeter]] = {}
    if codes:
        for row in reads.rows(session, viewer, tytan.METERS_OF_POINTS, as_=PointMeter, codes=list(codes)):
            found.setdefault(row.point_code, []).append(row)
    return found


def meter(session: Session, viewer: Viewer, meter_id: str) -> Meter:
    """A meter of the acting customer, removed ones too. Two queries; raises `NotFound`."""
    row = reads.one(session, viewer, tytan.METER, as_=MeterRow, id=meter_id)
    related = reads.rows(
        session, viewer, tytan.RELATED_METERS, as_=MeterRow, id=row.id, code=row.point_code, parent_id=row.parent_id
    )
    return Meter(row=row, related=tuple(other for other in related if other.id != row.id))


def waiting_readings(session: Session, viewer: Viewer, meter_id: str) -> list[WaitingReading]:
    """The readings of a meter that TYTAN has and has not checked yet, the newest first (L66)."""
    return reads.rows(session, viewer, tytan.WAITING_READINGS, as_=WaitingReading, id=meter_id)


def contracts_ending(session: Session, viewer: Viewer) -> list[ContractRef]:
    """The contracts that end within `rules.ENDS_SOON_DAYS` days, the nearest end first (L48)."""
    return reads.rows(session, viewer, tytan.CONTRACTS_ENDING, as_=ContractRef, **ending_days())


def ending_days() -> dict[str, date]:
    """The parameters of `tytan.CONTRACT_ENDS`: a contract whose last day lies between them ends soon."""
    today = clock.today()
    return {"today": today, "until": today + timedelta(days=rules.ENDS_SOON_DAYS)}


def old_legalization(session: Session, viewer: Viewer) -> OldLegalization | None:
    """The meter in use whose legalisation ran out first, with the number of such meters (P32)."""
    month = rules.month_of(clock.today())
    found = reads.rows(session, viewer, tytan.OLD_LEGALIZATIONS, as_=OldLegalization, month=month)
    return found[0] if found else None
