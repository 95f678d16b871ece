"""Why a bill differs from the one a year before, exactly to the grosz: days, use, price, months, other lines (P36).

For each service the difference of the gross amounts is divided in turn: first what the days make at the old use and
price, then the use at the old price, and the price takes the rest. So the parts always add up to the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from .bills import GROSZ, BillLine, Service
from .states import ZERO, a_year_before

# How far the end of "the same period a year ago" may lie from the very day, and how much its length may differ.
NEAR_DAYS = 45
LENGTH_SHARE = Decimal("0.25")
LEAST_LENGTH_DAYS = 10
_COUNTED = (Service.WATER, Service.SEWAGE, Service.STANDING)


class Cause(Enum):
    """What a part of the difference comes from."""

    DAYS = "days"
    USE = "use"
    MONTHS = "months"
    PRICE = "price"
    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the difference: `amount` gross in złoty, what it comes from, and what stood for it then and now.

    `before` and `now` are days, m³, months or net prices by the cause; `name` is the line where `service` is other.
    """

    cause: Cause
    service: Service
    amount: Decimal
    name: str = ""
    before: Decimal | None = None
    now: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two bills side by side; the amounts of the parts add up to `total`, which is `now - before`."""

    now: Decimal
    before: Decimal
    parts: tuple[Part, ...]

    @property
    def total(self) -> Decimal:
        """By how much more the newer bill is; negative when it is less."""
        return self.now - self.before


@dataclass(frozen=True, kw_only=True)
class Period:
    """The days that a bill settles, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1


def same_period(period: Period, others: Iterable[tuple[str, Period]]) -> str | None:
    """The key of the period that is the same one a year before; None where none is near and about as long."""
    wanted = a_year_before(period.last)
    allowed = max(LEAST_LENGTH_DAYS, int(period.days * LENGTH_SHARE))
    found = [
        (abs((other.last - wanted).days), abs(other.days - period.days), key)
        for key, other in others
        if abs((other.last - wanted).days) <= NEAR_DAYS and abs(other.days - period.days) <= allowed
    ]
    return min(found)[2] if found else None


def compare(
    now: Sequence[BillLine], before: Sequence[BillLine], days_now: int | None = None, days_before: int | None = None
) -> Difference:
    """Divide the difference of two bills into parts; `days_*` are the lengths of their periods, where known."""
    parts: list[Part] = []
    for service in _COUNTED:
        own = [x for x in now if x.service is service]
        old = [x for x in before if x.service is service]
        if own and old and _quantity(old) > 0:
            days = (days_before, days_now) if days_before and days_now and service is not Service.STANDING else None
            parts += _counted(service, own, old, days)
        else:
            parts += _whole(service, _gross(own), _gross(old))
    parts += _others(now, before)
    return Difference(now=_gross(now), before=_gross(before), parts=tuple(part for part in parts if part.amount))


def _counted(service: Service, now: list[BillLine], before: list[BillLine], days: tuple[int, int] | None) -> list[Part]:
    """The parts of a service that is charged by quantity."""
    difference, quantity_before, quantity_now = _gross(now) - _gross(before), _quantity(before), _quantity(now)
    price = _gross(before) / quantity_before
    parts, done = [], ZERO
    same_days_use = quantity_before
    if days and days[0] != days[1]:
        same_days_use = quantity_before * days[1] / days[0]
        done = _rounded((same_days_use - quantity_before) * price)
        parts.append(
            Part(cause=Cause.DAYS, service=service, amount=done, before=Decimal(days[0]), now=Decimal(days[1]))
        )
    used = _rounded((quantity_now - same_days_use) * price)
    net_before, net_now = _price(before), _price(now)
    if net_before == net_now and _rates(before) == _rates(now):
        used = difference - done  # the same price: what is left is rounding
    cause = Cause.MONTHS if service is Service.STANDING else Cause.USE
    parts.append(Part(cause=cause, service=service, amount=used, before=quantity_before, now=quantity_now))
    left = difference - done - used
    parts.append(Part(cause=Cause.PRICE, service=service, amount=left, before=net_before, now=net_now))
    return parts


def _whole(service: Service, now: Decimal, before: Decimal) -> list[Part]:
    if now and before:
        return [Part(cause=Cause.CHANGED, service=service, amount=now - before)]
    return [Part(cause=Cause.ADDED if now else Cause.GONE, service=service, amount=now - before)]


def _others(now: Sequence[BillLine], before: Sequence[BillLine]) -> list[Part]:
    """Everything that is not counted by m³ or months, by the names of the lines."""
    names = dict.fromkeys(x.name for x in (*now, *before) if x.service not in _COUNTED)
    parts = []
    for name in names:
        own = _gross([x for x in now if x.name == name and x.service not in _COUNTED])
        old = _gross([x for x in before if x.name == name and x.service not in _COUNTED])
        cause = Cause.CHANGED if own and old else Cause.ADDED if own else Cause.GONE
        parts.append(Part(cause=cause, service=Service.OTHER, amount=own - old, name=name))
    return parts


def _gross(lines: Iterable[BillLine]) -> Decimal:
    return sum((x.gross for x in lines), ZERO)


def _quantity(lines: Iterable[BillLine]) -> Decimal:
    return sum((x.quantity for x in lines), Decimal(0))


def _price(lines: Sequence[BillLine]) -> Decimal:
    """The net price of one unit; where the price changed within the period, the average of the amounts, to 0.01."""
    prices = {x.price for x in lines if x.quantity}
    quantity = _quantity(lines)
    if len(prices) == 1:
        return prices.pop()
    return _rounded(sum((x.net for x in lines), ZERO) / quantity) if quantity else ZERO


def _rates(lines: Iterable[BillLine]) -> frozenset[str]:
    return frozenset(x.vat_rate for x in lines)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(GROSZ, ROUND_HALF_UP)
