"""What the copied rows mean for a person: legalisation, contracts that end, addresses."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from enum import Enum
from typing import Protocol, TypeVar

# A contract that ends within this many days is said so in words (features.md L48).
ENDS_SOON_DAYS = 30
# A meter taken down at most this many days before another was installed was exchanged for it.
EXCHANGE_WITHIN_DAYS = 31
# TYTAN's word for a service point in use; a point of any other status is closed.
IN_USE = "Aktywny"
# The utility buys and maintains the main meter, the others are at the customer's cost (billing.md §3.2).
OF_UTILITY = frozenset({"main"})
# Submeters lower a bill only while their legalisation is valid (features.md P17, P32).
SUBMETERS = frozenset({"garden", "flat"})


class Validity(Enum):
    """How an end date stands against today."""

    OPEN_ENDED = "open_ended"
    RUNNING = "running"
    ENDS_SOON = "ends_soon"
    ENDED = "ended"


def validity_of(valid_to: date | None, today: date) -> Validity:
    """Whether a contract runs on; its last day still counts (features.md L48, L114)."""
    if valid_to is None:
        return Validity.OPEN_ENDED
    if valid_to < today:
        return Validity.ENDED
    return Validity.ENDS_SOON if valid_to <= today + timedelta(days=ENDS_SOON_DAYS) else Validity.RUNNING


def legalization_ends_on(valid_to: str | None) -> date | None:
    """The last day of `2018.12`, until which a legalisation is valid; None when TYTAN gives no readable month."""
    if not valid_to or len(valid_to) != 7 or valid_to[4] != ".":
        return None
    year, month = valid_to[:4], valid_to[5:]
    if not (year.isascii() and year.isdigit() and month.isascii() and month.isdigit() and 1 <= int(month) <= 12):
        return None
    return date(int(year), int(month), monthrange(int(year), int(month))[1])


def month_of(day: date) -> str:
    """The month as TYTAN writes it, `2018.12`: two such texts compare as the months do."""
    return f"{day.year:04d}.{day.month:02d}"


def legalization_expired(valid_to: str | None, today: date) -> bool:
    """Whether the legalisation has run out (features.md L59, P32)."""
    last_day = legalization_ends_on(valid_to)
    return last_day is not None and last_day < today


def street_line(street: str | None, house_no: str | None, flat_no: str | None, city: str) -> str:
    """The first line of an address, `ul. Lipowa 12/3`; without a street it begins with the place."""
    number = f"{house_no or ''}/{flat_no}" if flat_no else (house_no or "")
    return f"{street or city} {number}".strip()


def address_line(street: str | None, house_no: str | None, flat_no: str | None, postal_code: str, city: str) -> str:
    """An address on one line, `ul. Lipowa 12/3, 62-999 Brzozowa Struga`."""
    first, place = street_line(street, house_no, flat_no, city), f"{postal_code} {city}".strip()
    return f"{first}, {place}" if first else place


class Mounted(Protocol):
    """What an exchange is recognised by."""

    id: str
    role: str
    installed_on: date
    removed_on: date | None


M = TypeVar("M", bound=Mounted)


def predecessor_of(meter: Mounted, others: Iterable[M]) -> M | None:
    """The meter that was taken down when this one was installed, among the `others` of the same point.

    None when there is none, or more than one could be it.
    """
    return _only(other for other in others if _was_exchanged(other, meter))


def successor_of(meter: Mounted, others: Iterable[M]) -> M | None:
    """The meter that was installed when this one was taken down; None as for `predecessor_of`."""
    return _only(other for other in others if _was_exchanged(meter, other))


def _was_exchanged(old: Mounted, new: Mounted) -> bool:
    if old.id == new.id or old.role != new.role or old.removed_on is None:
        return False
    return timedelta(0) <= new.installed_on - old.removed_on <= timedelta(days=EXCHANGE_WITHIN_DAYS)


def _only(found: Iterable[M]) -> M | None:
    candidates = list(found)
    return candidates[0] if len(candidates) == 1 else None
