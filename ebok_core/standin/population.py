"""Who the customers are, besides the personas: kinds, traits, addresses, contracts."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from ebok_core.standin import billing, identifiers, people, premises, tariff, timeline
from ebok_core.standin.dice import Dice
from ebok_core.standin.numbering import Numbering
from ebok_core.standin.plans import ContractPlan, CustomerPlan, PointPlan

FIRST_CODE = 2000
CONTRACTS_BEFORE = 4000
"""Contract numbers of a year begin above: those below are the personas'."""


class Kind(NamedTuple):
    """A kind of customer: TYTAN's word, tariff group, usual m³ a month, the chance of each next point (percent)."""

    customer_type: str
    group: str
    monthly: tuple[int, int]
    more_points: int


PRIVATE = Kind("Osoba fizyczna", tariff.HOUSEHOLD, (4, 18), 5)
FIRM = Kind("Firma", tariff.OTHER, (3, 60), 12)
COMMUNITY = Kind("Wspólnota mieszkaniowa", tariff.MULTI_DWELLING, (40, 220), 4)
INSTITUTION = Kind("Instytucja", tariff.OTHER, (20, 120), 45)
COOPERATIVE = Kind("Spółdzielnia mieszkaniowa", tariff.MULTI_DWELLING, (120, 400), 80)
KINDS = ((PRIVATE, 87), (FIRM, 9), (COMMUNITY, 2), (INSTITUTION, 2))

TRAIT_SHARES: tuple[tuple[str, float], ...] = (
    ("correction", 0.12),
    ("debtor", 0.04),
    ("overpaid", 0.03),
    ("overpayment_transferred", 0.01),
    ("garden", 0.13),
    ("rollover", 0.004),
    ("closed", 0.02),
    ("old_contract", 0.06),
    ("old_meter", 0.12),
    ("well", 0.02),
    ("village", 0.3),
    ("quoted", 0.002),
    ("mailing", 0.08),
    ("contract_account", 0.03),
)

SPECIAL: dict[int, tuple[Kind, frozenset[str]]] = {
    place: (kind, frozenset(traits.split()))
    for place, (kind, traits) in enumerate(
        [
            (FIRM, "long_name established"),
            (PRIVATE, "quoted mailing"),
            (FIRM, "quoted debtor established"),
            (PRIVATE, "rollover established"),
            (PRIVATE, "closed established"),
            (PRIVATE, "debtor established"),
            (PRIVATE, "overpaid established"),
            (PRIVATE, "overpayment_transferred established"),
            (PRIVATE, "garden established"),
            (COMMUNITY, "correction established"),
            (PRIVATE, "village well established"),
            (PRIVATE, "old_meter established"),
            (PRIVATE, "correction old_contract established"),
            (INSTITUTION, "contract_account established"),
            (COOPERATIVE, "established"),
        ]
    )
}
"""The first customers are special, so that a utility of any size has one of each kind."""


def draw_customer(place: int, dice: Dice, numbers: Numbering, as_of: date) -> CustomerPlan:
    """The customer at a place (0, 1, …) with contracts, points and meters, before anything was read or billed."""
    kind, traits = SPECIAL.get(place) or (dice.weighted(KINDS), _traits(dice))
    code = FIRST_CODE + place
    registered = _registered(dice, as_of, traits)
    customer = CustomerPlan(
        code=f"1-{code:05d}",
        **_identity(kind, traits, dice, numbers, code),
        address=people.address(dice, flat=kind is PRIVATE and dice.chance(0.2), village="village" in traits),
        mailing=people.address(dice, flat=True) if "mailing" in traits else None,
        customer_type=kind.customer_type,
        status="Windykacja" if "debtor" in traits else "Normalny",
        phone=people.phone(dice) if dice.chance(0.8) else None,
        account=identifiers.nrb(code * 100),
        registered=registered,
        traits=traits,
    )
    if customer.email and dice.chance(0.6):
        customer.einvoice_since = max(registered, as_of.toordinal() - dice.between(20, 1800))
    _add_points(customer, kind, dice, numbers, as_of, code)
    if all(point.closed for point in customer.points):
        customer.status = "Nieaktywny"
    return customer


def _traits(dice: Dice) -> frozenset[str]:
    return frozenset(trait for trait, share in TRAIT_SHARES if dice.chance(share))


def _registered(dice: Dice, as_of: date, traits: frozenset[str]) -> int:
    """Three quarters of the customers were there before the history begins."""
    start = timeline.history_start(as_of).toordinal()
    if "established" in traits or dice.chance(0.75):
        return start - dice.between(100, 9000)
    return start + dice.between(0, as_of.toordinal() - start - 60)


def _identity(kind: Kind, traits: frozenset[str], dice: Dice, numbers: Numbering, code: int) -> dict[str, str | None]:
    """Name, e-mail and tax number or PESEL."""
    if kind is PRIVATE:
        who = people.person(dice, quoted="quoted" in traits)
        email = people.email(who.name, code) if dice.chance(0.7) else None
        return {"name": who.name, "email": email, "pesel": identifiers.pesel(code, female=who.female)}
    nip, serial = identifiers.next_nip(numbers.last("nip"))
    numbers.set("nip", serial)
    return {"name": _organisation(kind, traits, dice, code), "email": f"biuro.{code}@poczta.example", "nip": nip}


def _organisation(kind: Kind, traits: frozenset[str], dice: Dice, code: int) -> str:
    if "long_name" in traits:
        return people.LONG_NAME
    if "quoted" in traits:
        return people.QUOTED_NAME
    if kind is INSTITUTION:
        return people.institution(dice, code % 1000)
    if kind is COMMUNITY:
        return f"Wspólnota Mieszkaniowa „{dice.pick(people.BRANDS)}” nr {code}"
    if kind is COOPERATIVE:
        return f"Spółdzielnia Mieszkaniowa „{dice.pick(people.BRANDS)}” nr {code}"
    return people.company(dice, code)


def _add_points(customer: CustomerPlan, kind: Kind, dice: Dice, numbers: Numbering, as_of: date, code: int) -> None:
    place = 0
    while True:
        address = customer.address if place == 0 else people.address(dice)
        point = premises.draw_point(
            f"403-{code:04d}-{place}", kind, address, customer.traits, dice, numbers, customer.registered, as_of
        )
        customer.points.append(point)
        sign(customer, point, dice, numbers, as_of)
        place += 1
        if place >= 12 or not dice.chance(kind.more_points / 100):
            return


def sign(customer: CustomerPlan, point: PointPlan, dice: Dice, numbers: Numbering, as_of: date) -> None:
    """The contract of a point; some points have had an earlier one, which has ended."""
    today = as_of.toordinal()
    start = point.opened
    if "old_contract" in customer.traits and point.closed is None:
        change = today - dice.between(200, 900)
        if change > start + 100:
            _contract(customer, point, numbers, start, change - 1)
            start = change
    if point.closed is not None:
        valid_to = point.closed
    else:
        valid_to = today + dice.between(5, 900) if dice.chance(0.08) else None
    contract = _contract(customer, point, numbers, start, valid_to)
    if "contract_account" in customer.traits:
        contract.individual_account = identifiers.nrb(int(customer.code[2:]) * 100 + len(customer.contracts))
    point.contract_number, point.contract_valid_to = contract.number, valid_to


def _contract(
    customer: CustomerPlan, point: PointPlan, numbers: Numbering, start: int, valid_to: int | None
) -> ContractPlan:
    year = date.fromordinal(start).year
    contract = ContractPlan(
        number=f"Um {year}/{numbers.next(f'Um {year}', start=CONTRACTS_BEFORE):04d}",
        party=customer.name,
        name=CONTRACT_NAMES[point.service],
        signed=start - 7,
        valid_from=start,
        valid_to=valid_to,
        point=point,
        recipient_type=RECIPIENT_TYPES.get(point.group, "Pozostali odbiorcy"),
    )
    customer.contracts.append(contract)
    return contract


CONTRACT_NAMES = {
    billing.WATER_ONLY: "Umowa na dostarczanie wody",
    billing.SEWAGE_ONLY: "Umowa na odprowadzanie ścieków",
    billing.BOTH: "Umowa na dostarczanie wody i odprowadzanie ścieków",
}
RECIPIENT_TYPES = {tariff.HOUSEHOLD: "Gospodarstwo domowe", tariff.MULTI_DWELLING: "Budynek wielolokalowy"}
