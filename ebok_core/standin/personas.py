"""The test people of features.md under their exact codes; everything about them is relative to the day of the demo.

A is told by hand in `persona_a`; the others live like anybody else, with a few things fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ebok_core.standin import billing, customers, identifiers, paying, people, premises, tariff, timeline, utility
from ebok_core.standin.books import Books
from ebok_core.standin.dice import Dice
from ebok_core.standin.numbering import Numbering
from ebok_core.standin.people import Address
from ebok_core.standin.persona_a import maria
from ebok_core.standin.plans import FLAT, MAIN, ContractPlan, CustomerPlan, PointPlan
from ebok_core.standin.population import CONTRACT_NAMES

COUNT = 5
OVERPAID = 4000
COOPERATIVE_POINTS = 300
FLATS_A_POINT = 3
QUARTER = 3
EXCHANGED_DAYS_AGO = 182
NEAR_ROLLOVER = 99_955


def personas(numbers: Numbering, as_of: date) -> Iterator[Books]:
    """A, B, C, D and the second customer that A's login acts for; their invoices have files."""
    for make in (maria, _overpaid, _cooperative, _without_email, _exchanged):
        books = make(numbers, as_of)
        books.keeps_files = True
        yield books


def _customer(code: int, name: str, address: Address, **more: object) -> CustomerPlan:
    values: dict[str, object] = {
        "customer_type": "Osoba fizyczna",
        "registered": date(2015, 3, 2).toordinal(),
        "account": identifiers.nrb(code * 100),
        "phone": f"61 000 10 {code % 100:02d}",
    }
    return CustomerPlan(code=f"1-{code:05d}", name=name, address=address, **{**values, **more})


def _point(
    customer: CustomerPlan,
    place: int,
    address: Address,
    numbers: Numbering,
    *,
    name: str,
    monthly: float,
    group: str = tariff.HOUSEHOLD,
    cycle: int = QUARTER,
    term: int = 14,
) -> PointPlan:
    """A point with water and sewage, its contract, and no meter yet."""
    code = int(customer.code[2:])
    point = PointPlan(
        code=f"403-{code}-{place}",
        ordinal=numbers.next_point(),
        name=name,
        address=address,
        service=billing.BOTH,
        group=group,
        cycle=cycle,
        phase=0,
        lag=6,
        term=term,
        opened=customer.registered,
        monthly=monthly,
        contract_number=f"Um 2015/{code - 1000:02d}{place:03d}",
    )
    customer.points.append(point)
    customer.contracts.append(_contract(customer, point))
    return point


def _contract(customer: CustomerPlan, point: PointPlan) -> ContractPlan:
    return ContractPlan(
        number=point.contract_number,
        party=customer.name,
        name=CONTRACT_NAMES[billing.BOTH],
        signed=customer.registered - 7,
        valid_from=customer.registered,
        valid_to=None,
        point=point,
    )


def _add_meter(point: PointPlan, role: str, installed: int, numbers: Numbering, dice: Dice) -> None:
    meter = premises.make_meter(numbers, dice, role, installed, group=point.group)
    meter.radio_number = meter.radio_type = None
    if role == FLAT:
        meter.parent_id, meter.group = point.mains[-1].id, premises.FLATS_GROUP
        point.flats.append(meter)
    else:
        point.mains.append(meter)


def _before_history(as_of: date) -> int:
    """A day on which a meter was put in whose legalisation is nearly over, and which the whole history knows."""
    return timeline.history_start(as_of).toordinal() - 40


def _overpaid(numbers: Numbering, as_of: date) -> Books:
    """B: everything is paid, and 40.00 too much."""
    dice = Dice("persona B")
    home = people.town_address("Źródlana", "21")
    customer = _customer(
        1002,
        "Jan Brzozowski",
        home,
        pesel=identifiers.pesel(2, female=False),
        email=f"jan.brzozowski@{utility.DOMAIN}",
        einvoice_since=as_of.toordinal() - 420,
    )
    point = _point(customer, 0, home, numbers, name="Dom, Jan Brzozowski", monthly=11)
    _add_meter(point, MAIN, _before_history(as_of), numbers, dice)
    books = customers.live(customer, dice, numbers, as_of, paying.PROMPT)
    books.overpay(OVERPAID)
    return books


def _cooperative(numbers: Numbering, as_of: date) -> Books:
    """C: 300 buildings with a main meter and three flat meters each, paid by one transfer a quarter."""
    dice = Dice("persona C")
    office = people.town_address("Spółdzielcza", "1")
    customer = _customer(
        1003,
        "Spółdzielnia Mieszkaniowa „Nad Strugą”",
        office,
        customer_type="Spółdzielnia mieszkaniowa",
        nip="9999999999",
        email=f"zarzad@{utility.DOMAIN}",
        einvoice_since=as_of.toordinal() - 900,
        registered=date(2009, 5, 4).toordinal(),
        mailing=people.town_address("Rynek", "3", "2"),
    )
    streets = (*people.STREETS[:10], "Osiedlowa", "Spółdzielcza")
    for place in range(COOPERATIVE_POINTS):
        address = people.town_address(streets[place % len(streets)], str(100 + place // len(streets)))
        point = _point(
            customer,
            place,
            address,
            numbers,
            name=f"Budynek {place + 1}, {address.street} {address.house_no}",
            monthly=dice.between(40, 160),
            group=tariff.MULTI_DWELLING,
            term=21,
        )
        for role in (MAIN, *(FLAT,) * FLATS_A_POINT):
            _add_meter(point, role, _before_history(as_of), numbers, dice)
    return customers.live(customer, dice, numbers, as_of, paying.Habit(-1, -1))


def _without_email(numbers: Numbering, as_of: date) -> Books:
    """D: no e-mail, no consent to e-invoices."""
    dice = Dice("persona D")
    home = people.town_address("Łąkowa", "8")
    customer = _customer(1004, "Halina Dąb", home, pesel=identifiers.pesel(4, female=True), phone=None)
    point = _point(customer, 0, home, numbers, name="Dom, Halina Dąb", monthly=6)
    _add_meter(point, MAIN, _before_history(as_of), numbers, dice)
    return customers.live(customer, dice, numbers, as_of, paying.Habit(-4, -4))


def _exchanged(numbers: Numbering, as_of: date) -> Books:
    """The second customer of A's login: the meter was exchanged half a year ago, the new one is about to roll over."""
    dice = Dice("persona E")
    home = people.town_address("Młyńska", "4")
    customer = _customer(
        1006,
        "Tadeusz Zieliński",
        home,
        pesel=identifiers.pesel(6, female=False),
        email=f"maria.zielinska@{utility.DOMAIN}",
        einvoice_since=as_of.toordinal() - 300,
    )
    point = _point(customer, 0, home, numbers, name="Dom, Tadeusz Zieliński", monthly=4.6)
    _add_meter(point, MAIN, _before_history(as_of), numbers, dice)
    # Away from the ends of months, where settlement periods meet.
    wanted = date.fromordinal(as_of.toordinal() - EXCHANGED_DAYS_AGO)
    exchanged = wanted.replace(day=min(max(wanted.day, 5), 24)).toordinal()
    _add_meter(point, MAIN, exchanged, numbers, dice)
    old, new = point.mains
    old.removed, new.installed_value = exchanged, NEAR_ROLLOVER
    return customers.live(customer, dice, numbers, as_of, paying.Habit(-5, -5))
