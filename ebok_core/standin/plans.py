"""A customer as the generator thinks of one: people, contracts, points and meters. Days are ordinals, volumes m³."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ebok_core.standin import rows
from ebok_core.standin.people import Address

MAIN, GARDEN, FLAT, WELL = "main", "garden", "flat", "well"


def _iso(day: int | None) -> str | None:
    return None if day is None else rows.iso(day)


@dataclass(slots=True, kw_only=True)
class MeterPlan:
    """A meter. `value` and `read` are the state and the day of its newest settled reading."""

    id: str
    number: str
    role: str = MAIN
    parent_id: str | None = None
    group: str | None = None
    installed: int
    installed_value: int = 0
    removed: int | None = None
    removed_value: int | None = None
    producer: str = "Bmeters"
    type: str = "BMETERS GSD8"
    diameter: int = 20
    digits: int = 5
    owner: str = "Zakład"
    legalization_year: int = 2020
    legalization_valid_to: str = "2025.12"
    status: str = "Aktywny"
    seal: str | None = None
    radio_number: str | None = None
    radio_type: str | None = None
    value: int = 0
    read: int = 0

    def row(self, point_code: str) -> tuple:
        """The meter's row of the contract."""
        return rows.MeterRow(
            id=self.id,
            meter_number=self.number,
            point_code=point_code,
            role=self.role,
            parent_id=self.parent_id,
            meter_group=self.group,
            installed_on=rows.iso(self.installed),
            installed_value=self.installed_value,
            removed_on=_iso(self.removed),
            removed_value=self.removed_value,
            producer=self.producer,
            meter_type=self.type,
            diameter_mm=self.diameter,
            digits=self.digits,
            connection_owner=self.owner,
            legalization_year=self.legalization_year,
            legalization_valid_to=self.legalization_valid_to,
            active=0 if self.removed else 1,
            status=self.status,
            changed_on=rows.iso(self.removed or self.installed),
            seal_number=self.seal,
            radio_module_number=self.radio_number,
            radio_module_type=self.radio_type,
            last_read_on=rows.iso(self.read),
            last_value=self.value,
        )


@dataclass(slots=True, kw_only=True)
class PointPlan:
    """A service point, how it is settled, and its meters; a pair of mains is an exchange.

    `ordinal` is its place in the utility (part of invoice numbers), `cycle` and `phase` its settlement months, `lag`
    the days from the end of a period to the invoice, `term` the days from there to the due date, `monthly` and
    `garden_monthly` the usual m³ a month (garden: of the summer months).
    """

    code: str
    ordinal: int
    name: str
    address: Address
    service: str
    group: str
    cycle: int
    phase: int
    lag: int
    term: int
    opened: int
    closed: int | None = None
    contract_number: str = ""
    contract_valid_to: int | None = None
    monthly: float = 9.0
    garden_monthly: float = 0.0
    mains: list[MeterPlan] = field(default_factory=list)
    gardens: list[MeterPlan] = field(default_factory=list)
    flats: list[MeterPlan] = field(default_factory=list)

    @property
    def meters(self) -> list[MeterPlan]:
        """All meters of the point, removed ones too."""
        return [*self.mains, *self.gardens, *self.flats]

    def row(self, customer_code: str) -> tuple:
        """The point's row of the contract."""
        return rows.PointRow(
            code=self.code,
            customer_code=customer_code,
            name=self.name,
            **self.address._asdict(),
            registered_on=rows.iso(self.opened),
            status="Zamknięty" if self.closed else "Aktywny",
            changed_on=_iso(self.closed),
            service=self.service,
            contract_number=self.contract_number,
            contract_valid_to=_iso(self.contract_valid_to),
        )


@dataclass(slots=True, kw_only=True)
class ContractPlan:
    """A contract for one point."""

    number: str
    party: str
    name: str
    signed: int
    valid_from: int
    valid_to: int | None
    point: PointPlan
    individual_account: str | None = None
    recipient_type: str = "Pozostali odbiorcy"

    def row(self, customer_code: str) -> tuple:
        """The contract's row of the contract with TYTAN."""
        return rows.ContractRow(
            number=self.number,
            customer_code=customer_code,
            party=self.party,
            name=self.name,
            signed_on=rows.iso(self.signed),
            valid_from=rows.iso(self.valid_from),
            valid_to=_iso(self.valid_to),
            point_code=self.point.code,
            point_name=self.point.name,
            service=self.point.service,
            individual_account=self.individual_account,
            recipient_type=self.recipient_type,
            tariff_group=self.point.group,
        )


@dataclass(slots=True, kw_only=True)
class CustomerPlan:
    """A customer with contracts and points. `traits` are the special things that happen to some customers."""

    code: str
    name: str
    customer_type: str
    address: Address
    registered: int
    status: str = "Normalny"
    mailing: Address | None = None
    email: str | None = None
    phone: str | None = None
    nip: str | None = None
    pesel: str | None = None
    account: str
    einvoice_since: int | None = None
    traits: frozenset[str] = frozenset()
    points: list[PointPlan] = field(default_factory=list)
    contracts: list[ContractPlan] = field(default_factory=list)

    def row(self, balance: int) -> tuple:
        """The customer's row of the contract; `balance` in grosze."""
        mailing = self.mailing._asdict() if self.mailing else {}
        return rows.CustomerRow(
            code=self.code,
            name=self.name,
            customer_type=self.customer_type,
            status=self.status,
            **self.address._asdict(),
            **{f"mailing_{key}": value for key, value in mailing.items()},
            email=self.email,
            phone=self.phone,
            nip=self.nip,
            pesel=self.pesel,
            individual_account=self.account,
            einvoice_since=_iso(self.einvoice_since),
            registered_on=rows.iso(self.registered),
            balance=balance,
        )

    def rows(self, balance: int) -> Iterable[tuple]:
        """The rows of the customer, the contracts, the points and the meters."""
        yield self.row(balance)
        for contract in self.contracts:
            yield contract.row(self.code)
        for point in self.points:
            yield point.row(self.code)
            for meter in point.meters:
                yield meter.row(point.code)
