"""The form *Podaj stan*: meters in use by service point (L69), by group (L70), a part of them at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import Viewer, clock
from ebok_core.errors import NotFound
from ebok_core.tytan import copy, reads

from .. import rules, tytan
from ..models import LIVE, MeterGroup, Reading
from ..tytan import MeterRow
from .facts import Known, groups_of, known_of, limits_of, meters_of

POINTS_A_PAGE = 20
_ROLE_ORDER = ("main", "flat", "garden", "well", "sewage")
_GIVEN_SINCE = sa.select(Reading.meter_id).where(
    Reading.customer_code == sa.bindparam("customer_code"),
    Reading.read_on >= sa.bindparam("since"),
    Reading.status.in_(LIVE),
)


_OWED = tytan.TO_READ.where(
    copy.meters.c.id.not_in(reads.scoped(tytan.READ_SINCE)), copy.meters.c.id.not_in(_GIVEN_SINCE)
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A service point with the meters of it that are shown."""

    code: str
    name: str
    address: str
    meters: tuple[Known, ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the form shows: places, page `number` of `pages`, the names of all groups, the window and the rules."""

    places: tuple[Place, ...]
    number: int
    pages: int
    groups: tuple[str, ...]
    window: rules.Window
    limits: rules.Limits
    today: date

    @property
    def meters(self) -> list[Known]:
        """All meters that are shown."""
        return [known for place in self.places for known in place.meters]

    def has_field(self, known: Known) -> bool:
        """Whether a state may be entered: not of a radio-read meter (P18), nor twice in one window."""
        if not known.takes_readings or (known.meter.radio and self.limits.radio_meters == "stop"):
            return False
        return not (self.limits.one_per_window and self._given_in_window(known))

    def _given_in_window(self, known: Known) -> bool:
        sent = [s.sent_on for s in known.states if s.sent_on is not None and s.status != "settled"]
        return self.window.holds(self.today) and any(self.window.holds(day) for day in sent)


def shown(
    session: Session, viewer: Viewer, *, group: str = "", meter_id: str = "", point_code: str = "", number: int = 1
) -> Shown:
    """The meters in use that fit the choice, a page of points. Raises `NotFound` for a meter or point of others."""
    every = meters_of(session, viewer)
    if meter_id and all(row.id != meter_id for row in every):
        raise NotFound("Nie ma takiej strony.")
    if point_code and all(row.point_code != point_code for row in every):
        raise NotFound("Nie ma takiej strony.")
    own = groups_of(session, viewer)
    in_use = [row for row in every if row.active and row.removed_on is None]
    groups = tuple(sorted({name for row in in_use if (name := own.get(row.id) or row.meter_group)}))
    fitting = [
        row
        for row in (every if meter_id else in_use)
        if (not meter_id or row.id == meter_id)
        and (not point_code or row.point_code == point_code)
        and (not group or (own.get(row.id) or row.meter_group) == group)
    ]
    codes = list(dict.fromkeys(row.point_code for row in fitting))
    pages = max(1, -(-len(codes) // POINTS_A_PAGE))
    number = min(max(number, 1), pages)
    on_page = set(codes[(number - 1) * POINTS_A_PAGE : number * POINTS_A_PAGE])
    known = known_of(session, viewer, [row for row in fitting if row.point_code in on_page], every, own_names=own)
    limits = limits_of(session)
    return Shown(
        places=tuple(_place(code, known) for code in codes if code in on_page),
        number=number,
        pages=pages,
        groups=groups,
        window=rules.window_at(clock.today(), limits),
        limits=limits,
        today=clock.today(),
    )


def first_meters(session: Session, viewer: Viewer) -> list[MeterRow]:
    """The first three meters in use, for the start page."""
    return reads.rows(session, viewer, tytan.FIRST_METERS, as_=MeterRow)


def still_to_read(session: Session, viewer: Viewer) -> tuple[int, date] | None:
    """How many meters have no reading in the window that is open, and its last day; None while none is open."""
    window = rules.window_at(clock.today(), limits_of(session))
    if not window.holds(clock.today()):
        return None
    owed = reads.scalar(session, viewer, _OWED, customer_code=viewer.customer_code, since=window.opens)
    return int(owed), window.closes


def name_groups(session: Session, viewer: Viewer, names: dict[str, str]) -> None:
    """Keep the customer's own names of groups by meter; an empty one gives the utility's name back (L70).

    Raises `NotFound` when one of the meters is not the acting customer's.
    """
    rows = {row.id for row in meters_of(session, viewer)}
    if not names.keys() <= rows or viewer.customer_code is None:
        raise NotFound("Nie ma takiej strony.")
    for meter_id, name in names.items():
        found = session.get(MeterGroup, (viewer.customer_code, meter_id))
        if found is not None and not name:
            session.delete(found)
        elif found is not None:
            found.name = name
        elif name:
            session.add(MeterGroup(customer_code=viewer.customer_code, meter_id=meter_id, name=name))


def address_of(row: MeterRow) -> str:
    """The address of the meter's point on one line, without the postal code: `ul. Lipowa 12/3`."""
    number = f"{row.house_no or ''}/{row.flat_no}" if row.flat_no else (row.house_no or "")
    return f"{row.street or row.city} {number}".strip()


def _place(code: str, known: list[Known]) -> Place:
    meters = [k for k in known if k.row.point_code == code]
    meters.sort(key=lambda k: (_ROLE_ORDER.index(k.row.role) if k.row.role in _ROLE_ORDER else 9, k.row.meter_number))
    first = meters[0].row
    return Place(code=code, name=first.point_name, address=address_of(first), meters=tuple(meters))
