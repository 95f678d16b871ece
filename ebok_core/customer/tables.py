"""The lists and short tables of the customer's pages, with the leaflet's columns in the leaflet's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup

from ebok_core import clock
from ebok_core.i18n import gettext, iso, lazy_pgettext, ngettext, pgettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.tytan import copy
from ebok_core.web import Cell, Column, Filter, Link, Option, Table, Word, rows_table, snapshot, viewer
from ebok_core.web.context import reading

from . import rules, service, tytan
from .rules import Validity
from .tytan import MeterRow, PointMeter

_points, _meters, _contracts = copy.service_points.c, copy.meters.c, copy.contracts.c

# Names of our codes; a code that is not here is shown as it is.
ROLES: Mapping[str, Any] = {
    "main": _("Main water meter"),
    "garden": _("Garden water meter"),
    "flat": _("Water meter of a flat"),
    "well": _("Water meter of an own well"),
    "sewage": _("Sewage meter"),
}


def role_name(code: str) -> str:
    """What a meter is for, in words."""
    return str(ROLES.get(code, code))


def _state(text: str, *, is_in_use: bool) -> Word:
    """A state in TYTAN's own word; the tint follows whether it is in use."""
    return Word("ok" if is_in_use else "", text)


def _ends(day: date | None, open_ended: str) -> Cell:
    """An end date: open-ended in words, ended and ending soon said below (L48, L120)."""
    validity = rules.validity_of(day, clock.today())
    notes = {Validity.ENDS_SOON: pgettext("contract", "ends soon"), Validity.ENDED: pgettext("contract", "ended")}
    late = validity is Validity.ENDS_SOON
    return Cell(iso(day) if day else open_ended, notes.get(validity, ""), late=late, whole=True)


# Service points (L38-L48)

# More meters than that in one cell are one link to the list of meters.
MOST_METERS = 6


class PointOfList:
    """A row of the list with its meters and the addresses of their pages; everything else is the row's own."""

    def __init__(self, row: Any, meters: Sequence[PointMeter], address: Callable[[Any], str]) -> None:
        self._row, self.meters, self.address_of = row, meters, address

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    def numbers(self) -> list[Cell | str]:
        """The meters' numbers, each a link to its page."""
        found = [Cell(m.meter_number, href=self.address_of(m), whole=True) for m in self.meters[:MOST_METERS]]
        more = len(self.meters) - MOST_METERS
        return [*found, ngettext("and %(n)s more", "and %(n)s more", more)] if more > 0 else found

    def changes(self) -> list[Cell]:
        """The last change of each meter; of the point while it has none (L45)."""
        days = [m.changed_on for m in self.meters[:MOST_METERS]] or [self.changed_on]
        return [Cell(iso(day), whole=True) for day in days]


def _with_meters(rows: list[Any]) -> list[Any]:
    """The rows with the meters of their points: one query for all of them."""
    meters = service.meters_of(snapshot(), viewer(), [row.code for row in rows])
    address = Link("customer.core.meter", {"meter_id": "id"}).opener()
    return [PointOfList(row, meters.get(row.code, []), address) for row in rows]


def _joined(name: str) -> Callable[[PointOfList], str]:
    return lambda row: ", ".join(str(getattr(meter, name) or "") for meter in row.meters)


POINTS = Table(
    key="core.points",
    caption=_("Service points"),
    statement=tytan.POINTS,
    row_key=(_points.code,),
    columns=(
        Column(
            "code",
            _("Code of the service point (recipient)"),
            "cell",
            head=True,
            optional=False,
            value=lambda row: Cell(row.code, whole=True),
            csv=lambda row: row.code,
            sort=_points.code,
            link=Link("customer.core.point", {"code": "code"}),
        ),
        Column("name", _("Point name (recipient)"), shown=False),
        Column(
            "address",
            _("Address"),
            "cell",
            value=lambda row: Cell(
                rules.street_line(row.street, row.house_no, row.flat_no, row.city), f"{row.postal_code} {row.city}"
            ),
            csv=lambda row: rules.address_line(row.street, row.house_no, row.flat_no, row.postal_code, row.city),
        ),
        Column("registered_on", _("Date of registration"), "date", sort=_points.registered_on),
        Column("status", _("Point status")),
        Column("meter_number", _("Meter no."), "cell", value=PointOfList.numbers, csv=_joined("meter_number")),
        Column(
            "meter_status",
            _("Meter status"),
            "cell",
            value=lambda row: [m.status for m in row.meters[:MOST_METERS]],
            csv=_joined("status"),
        ),
        Column("changed_on", _("Date of change"), "cell", value=PointOfList.changes, csv=_joined("changed_on")),
        Column("service", _("Kind of service")),
        Column(
            "contract_number",
            _("Contract no."),
            "cell",
            value=lambda row: row.contract_number and Cell(row.contract_number, whole=True),
            csv=lambda row: row.contract_number,
            link=Link("customer.core.contract", {"number": "contract_number"}),
        ),
        Column(
            "contract_valid_to",
            _("Contract valid to"),
            "cell",
            value=lambda row: _ends(row.contract_valid_to, pgettext("contract", "open-ended")),
            csv=lambda row: row.contract_valid_to or pgettext("contract", "open-ended"),
            sort=_points.contract_valid_to,
        ),
    ),
    sort="code",
    filters=(
        Filter(
            "stan",
            _("Point status"),
            (
                Option("aktywne", lazy_pgettext("points", "In use"), _points.status == rules.IN_USE),
                Option("zamkniete", lazy_pgettext("points", "Closed"), _points.status != rules.IN_USE),
            ),
            chips=True,
        ),
    ),
    search=copy.service_points.c[copy.SEARCH_TEXT],
    search_label=_("Code, name or address of the point"),
    completed=_with_meters,
    counted=lambda n: ngettext("%(n)s service point", "%(n)s service points", n),
    empty=(
        _("You have no service points here"),
        _("A point appears when the contract for it is in the billing system. If one is missing, write to us."),
    ),
)


# Meters (L67)


def _point_choices() -> list[tuple[str, str]]:
    """The points of the acting customer, for the filter."""
    return [(code, f"{code}, {name}") for code, name in service.point_names(reading(), viewer())]


METERS = Table(
    key="core.meters",
    caption=_("Meters"),
    statement=tytan.METERS_OF_LIST,
    row_key=(_meters.id,),
    columns=(
        Column(
            "meter_number",
            _("Meter number"),
            head=True,
            optional=False,
            sort=_meters.meter_number,
            link=Link("customer.core.meter", {"meter_id": "id"}),
            note=lambda row: role_name(row.role),
        ),
        Column(
            "point_code",
            _("Point"),
            sort=_meters.point_code,
            link=Link("customer.core.point", {"code": "point_code"}),
            note=lambda row: row.point_name,
        ),
        Column("meter_group", _("Group"), shown=False),
        Column("status", _("Meter status"), "word", value=lambda row: _state(row.status, is_in_use=row.active)),
        Column("installed_on", _("Date of installation"), "date", sort=_meters.installed_on),
        Column("removed_on", _("Date of removal"), "date", sort=_meters.removed_on),
        Column(
            "legalization_valid_to",
            _("Legalisation valid to"),
            "cell",
            value=lambda row: _legalization(row),
            shown=False,
        ),
        Column("last_read_on", _("Date of the last reading"), "date", sort=_meters.last_read_on),
        Column("last_value", _("State [m³]"), "volume"),
    ),
    sort="point_code",
    filters=(
        Filter(
            "stan",
            _("Meters by state"),
            (
                Option("aktywne", lazy_pgettext("meters", "In use"), _meters.active),
                Option("zdjete", lazy_pgettext("meters", "Not in use"), sa.not_(_meters.active)),
                Option(
                    "legalizacja",
                    _("Legalisation ran out"),
                    tytan.LEGALIZATION_RAN_OUT,
                    lambda: {"month": rules.month_of(clock.today())},
                ),
            ),
            chips=True,
        ),
        Filter("punkt", _("Service point"), _point_choices, column=_meters.point_code),
    ),
    search=copy.meters.c[copy.SEARCH_TEXT],
    search_label=_("Number or group of the meter, code of the point"),
    counted=lambda n: ngettext("%(n)s meter", "%(n)s meters", n),
    empty=(
        _("You have no meters here"),
        _("Meters appear when they are in the billing system. If one is missing, write to us."),
    ),
)


def _legalization(row: Any) -> Cell | None:
    """The month until which the legalisation holds; of a meter in use that ran out said below (L59)."""
    if not row.legalization_valid_to:
        return None
    expired = row.removed_on is None and rules.legalization_expired(row.legalization_valid_to, clock.today())
    return Cell(row.legalization_valid_to, gettext("legalisation ran out") if expired else "", late=expired)


_METERS_OF_POINT = (
    Column(
        "meter_number",
        _("Meter no."),
        head=True,
        link=Link("customer.core.meter", {"meter_id": "id"}),
        note=lambda row: role_name(row.role),
    ),
    Column("status", _("Meter status"), "word", value=lambda row: _state(row.status, is_in_use=row.active)),
    Column("installed_on", _("Date of installation"), "date"),
    Column("removed_on", _("Date of removal"), "date"),
    Column("last_value", _("Last state [m³]"), "volume", note=lambda row: iso(row.last_read_on)),
)


def meters_table(rows: Sequence[MeterRow]) -> Markup:
    """The meters of one point, those in use first."""
    return rows_table(gettext("Meters of the point"), _METERS_OF_POINT, rows)


# Contracts (L114)

CONTRACTS = Table(
    key="core.contracts",
    caption=_("Contracts"),
    statement=tytan.ALL_CONTRACTS,
    row_key=(_contracts.number,),
    columns=(
        Column(
            "number",
            _("Contract number"),
            head=True,
            optional=False,
            sort=_contracts.number,
            link=Link("customer.core.contract", {"number": "number"}),
            note=lambda row: row.name,
        ),
        Column("signed_on", _("Date of conclusion"), "date", sort=_contracts.signed_on),
        Column("valid_from", _("Contract period from"), "date", sort=_contracts.valid_from),
        Column(
            "valid_to",
            _("Contract period to"),
            "cell",
            value=lambda row: _ends(row.valid_to, pgettext("period", "open-ended")),
            csv=lambda row: row.valid_to or pgettext("period", "open-ended"),
            sort=_contracts.valid_to,
        ),
        Column(
            "point_code",
            _("Point code (recipient)"),
            link=Link("customer.core.point", {"code": "point_code"}),
            note=lambda row: row.point_name,
        ),
        Column("service", _("Kind of service")),
    ),
    sort="-signed_on",
    filters=(
        Filter(
            "stan",
            _("Contracts by state"),
            (
                Option(
                    "trwaja",
                    lazy_pgettext("contracts", "Running"),
                    tytan.CONTRACT_RUNS,
                    lambda: {"today": clock.today()},
                ),
                Option(
                    "koncza-sie", lazy_pgettext("contracts", "Ending soon"), tytan.CONTRACT_ENDS, service.ending_days
                ),
                Option(
                    "zakonczone",
                    lazy_pgettext("contracts", "Ended"),
                    tytan.CONTRACT_ENDED,
                    lambda: {"today": clock.today()},
                ),
            ),
            chips=True,
        ),
    ),
    search=copy.contracts.c[copy.SEARCH_TEXT],
    search_label=_("Number or name of the contract, point"),
    counted=lambda n: ngettext("%(n)s contract", "%(n)s contracts", n),
    empty=(
        _("You have no contracts here"),
        _("A contract appears when it is in the billing system. If one is missing, write to us."),
    ),
)


# Customers of the account, for who has more of them than the header holds (P06)

_customers = copy.customers.c
CUSTOMERS = Table(
    key="core.customers",
    caption=_("Customers of this account"),
    statement=sa.select(
        _customers.code,
        _customers.name,
        _customers.street,
        _customers.house_no,
        _customers.flat_no,
        _customers.postal_code,
        _customers.city,
    ),
    row_key=(_customers.code,),
    columns=(
        Column(
            "code",
            _("Customer code"),
            head=True,
            sort=_customers.code,
            link=Link("customer.core.switch_customer", {"klient": "code"}),
        ),
        Column("name", _("Customer name")),
        Column(
            "address",
            _("Address"),
            value=lambda row: rules.address_line(row.street, row.house_no, row.flat_no, row.postal_code, row.city),
        ),
    ),
    sort="code",
    reach="every",
    search=_customers.search_text,
    search_label=_("Code, name or address of the customer"),
    counted=lambda n: ngettext("%(n)s customer", "%(n)s customers", n),
)
