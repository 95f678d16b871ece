"""Service points and their meters: what is built in where, when it was exchanged, how it is settled."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ebok_core.standin import billing, tariff, timeline
from ebok_core.standin.dice import Dice
from ebok_core.standin.numbering import Numbering
from ebok_core.standin.people import Address
from ebok_core.standin.plans import FLAT, GARDEN, MAIN, WELL, MeterPlan, PointPlan

if TYPE_CHECKING:
    from ebok_core.standin.population import Kind

MONTHLY_CYCLE_PERCENT = 54
"""With it a customer gets about eight documents a year, the planning model of features.md."""
LEGALIZATION_YEARS = 5
MAKERS = (("Bmeters", "BMETERS GSD8", "CB"), ("Wodomex", "WDX JS-4", "IZ"), ("Hydrolicz", "HL 20", "GR"))
RADIO_TYPES = ("RadioStruga 868", "Nakładka IWR-3", None)
POINT_NAMES = {
    tariff.HOUSEHOLD: "Dom",
    tariff.OTHER: "Obiekt",
    tariff.MULTI_DWELLING: "Budynek wielolokalowy",
    tariff.LARGE: "Obiekt",
}
GARDEN_GROUP = "Ogród"
FLATS_GROUP = "Lokale"


def draw_point(
    code: str,
    kind: Kind,
    address: Address,
    traits: frozenset[str],
    dice: Dice,
    numbers: Numbering,
    registered: int,
    as_of: date,
) -> PointPlan:
    """A point with its meters. `registered` is the day from which the customer is one."""
    cycle = 1 if dice.chance(MONTHLY_CYCLE_PERCENT / 100) else 3
    phase = dice.between(0, cycle - 1)
    periods = timeline.periods(as_of, cycle, phase)
    large = kind.group == tariff.OTHER and dice.chance(0.06)
    group = tariff.LARGE if large else kind.group
    point = PointPlan(
        code=code,
        ordinal=numbers.next_point(),
        name=f"{POINT_NAMES[group]}, {address.street or address.city} {address.house_no}",
        address=address,
        service=_service(traits, dice),
        group=group,
        cycle=cycle,
        phase=phase,
        lag=dice.between(3, 12),
        term=14 if kind.group == tariff.HOUSEHOLD else 21,
        opened=_opened(registered, periods),
        monthly=dice.between(*kind.monthly),
    )
    if "closed" in traits:
        point.closed = periods[-1 - max(12 // cycle, 3)].last
        if point.closed <= point.opened + 100:
            point.closed = None
    _install_mains(point, traits, dice, numbers, periods, as_of)
    if "garden" in traits and point.service == billing.BOTH:
        _install_garden(point, dice, numbers)
    if kind.group == tariff.MULTI_DWELLING:
        _install_flats(point, dice, numbers)
    return point


def _service(traits: frozenset[str], dice: Dice) -> str:
    if "well" in traits:
        return billing.SEWAGE_ONLY
    return billing.WATER_ONLY if dice.chance(0.15) else billing.BOTH


def _opened(registered: int, periods: tuple[timeline.Period, ...]) -> int:
    """The registration, moved to the first day of a settlement period where the history covers it."""
    if registered < periods[0].first:
        return registered
    return next((period.first for period in periods if period.first >= registered), periods[-1].first)


def _install_mains(
    point: PointPlan,
    traits: frozenset[str],
    dice: Dice,
    numbers: Numbering,
    periods: tuple[timeline.Period, ...],
    as_of: date,
) -> None:
    """The main meter; where the first one's legalisation ran out it was exchanged for another, unless forgotten."""
    role = WELL if point.service == billing.SEWAGE_ONLY else MAIN
    first_here = periods[0].first
    installed = point.opened
    if installed < first_here:
        # Legalised for five years, and the next exchange is due within the history or was forgotten.
        installed = max(point.opened, first_here - dice.between(30, 1500))
    meter = make_meter(numbers, dice, role, installed, group=point.group)
    used = int(point.monthly * max(first_here - installed, 0) / 30.4)
    if "rollover" in traits:
        meter.installed_value = 10**meter.digits - int(point.monthly * 30) - used
    meter.value = meter.installed_value + used
    point.mains.append(meter)
    exchange = _exchange_day(installed, periods, dice, as_of)
    if exchange and "old_meter" not in traits and "rollover" not in traits and point.closed is None:
        meter.removed = exchange
        point.mains.append(make_meter(numbers, dice, role, exchange, group=point.group))
    if point.closed is not None:
        meter.removed = point.closed


def _exchange_day(installed: int, periods: tuple[timeline.Period, ...], dice: Dice, as_of: date) -> int | None:
    """A day in the last months of a meter's legalisation, never at a period's edge; None while it is still valid."""
    wanted = installed + LEGALIZATION_YEARS * 365 - dice.between(0, 120)
    for period in periods[1:]:
        if period.first <= wanted <= period.last:
            day = min(max(wanted, period.first + 4), period.last - 4)
            return day if day < as_of.toordinal() - 3 else None
    return None


def _install_garden(point: PointPlan, dice: Dice, numbers: Numbering) -> None:
    parent = point.mains[-1]
    meter = make_meter(numbers, dice, GARDEN, point.mains[0].installed, group=point.group)
    meter.parent_id, meter.group, meter.owner, meter.radio_number = parent.id, GARDEN_GROUP, "Odbiorca", None
    meter.radio_type = None
    meter.removed = point.closed
    point.gardens.append(meter)
    point.garden_monthly = dice.between(2, 7)


def _install_flats(point: PointPlan, dice: Dice, numbers: Numbering) -> None:
    parent = point.mains[-1]
    for _ in range(dice.between(4, 16)):
        meter = make_meter(numbers, dice, FLAT, point.mains[0].installed, group=point.group)
        meter.parent_id, meter.group, meter.owner = parent.id, FLATS_GROUP, "Odbiorca"
        meter.removed = point.closed
        point.flats.append(meter)


def make_meter(numbers: Numbering, dice: Dice, role: str, installed: int, *, group: str) -> MeterPlan:
    """A new meter of the year of installation; a third of them are read by radio."""
    serial = numbers.next("meter")
    producer, kind, letters = dice.pick(MAKERS)
    year = date.fromordinal(installed).year
    radio = dice.chance(0.33)
    main = role in (MAIN, WELL)
    return MeterPlan(
        id=f"L{serial:08d}",
        number=f"{year % 100:02d}{letters}{serial % 1_000_000:06d}",
        role=role,
        installed=installed,
        producer=producer,
        type=kind,
        diameter=_diameter(group) if main else 15,
        digits=6 if main and group in (tariff.LARGE, tariff.MULTI_DWELLING) else 5,
        legalization_year=year,
        legalization_valid_to=f"{year + LEGALIZATION_YEARS}.12",
        seal=f"P{serial * 7 % 900_000 + 100_000}" if dice.chance(0.9) else None,
        radio_number=f"RS{serial:08d}" if radio else None,
        radio_type=dice.pick(RADIO_TYPES) if radio else None,
    )


def _diameter(group: str) -> int:
    return {tariff.LARGE: 50, tariff.MULTI_DWELLING: 40}.get(group, 20)
