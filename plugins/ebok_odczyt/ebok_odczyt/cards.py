"""What e-Odczyt puts into the core's pages: what to do now, the meters' drums, actions at meters and points, help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ebok_core import DashboardCard, HelpPage, SlotFragment, Viewer, Zone
from ebok_core.i18n import lazy_gettext as _

from . import service
from .permissions import SEE, SUBMIT


def to_do(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """How many meters have no reading in the window that is open, and until when."""
    found = service.still_to_read(session, viewer)
    return {"count": found[0], "closes": found[1]} if found is not None and found[0] else None


def meters(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """The first meters in use with their last states."""
    rows = service.first_meters(session, viewer)
    return {"rows": rows, "address_of": service.address_of, "may_give": viewer.may(SUBMIT)} if rows else None


def meter_actions(session: Session, viewer: Viewer, meter: Any) -> Mapping[str, Any] | None:
    """*Podaj stan* and the history at the core's page of a meter."""
    takes = meter.active and not meter.removed_on and not meter.radio_module_number
    return {"meter_id": meter.id, "takes": takes and viewer.may(SUBMIT)}


def meter_readings(session: Session, viewer: Viewer, meter: Any) -> Mapping[str, Any] | None:
    """Readings of the meter that wait for our check."""
    found = service.waiting(session, viewer, meter.id)
    return {"waiting": found, "may_give": viewer.may(SUBMIT)} if found else None


def point_actions(session: Session, viewer: Viewer, point: Any) -> Mapping[str, Any] | None:
    """*Podaj stan* at the core's page of a service point."""
    return {"point_code": point.code}


CARDS = (
    DashboardCard(
        key="odczyt.to_do",
        template="ebok_odczyt/_next.html",
        load=to_do,
        permission=SUBMIT,
        area="next",
        order=100,
    ),
    DashboardCard(
        key="odczyt.meters",
        template="ebok_odczyt/_card.html",
        load=meters,
        permission=SEE,
        area="main",
        order=100,
    ),
)
HELP = (
    HelpPage(
        key="odczyt.how_to_read",
        zone=Zone.CUSTOMER,
        title=_("How to read the meter"),
        template="ebok_odczyt/help.html",
        endpoints=("customer.odczyt.index", "customer.odczyt.submit"),
    ),
)
FRAGMENTS = (
    SlotFragment(
        key="odczyt.meter_actions",
        slot="core.meter_actions",
        template="ebok_odczyt/_meter_actions.html",
        load=meter_actions,
        permission=SEE,
    ),
    SlotFragment(
        key="odczyt.meter_readings",
        slot="core.meter_readings",
        template="ebok_odczyt/_meter_readings.html",
        load=meter_readings,
        permission=SEE,
    ),
    SlotFragment(
        key="odczyt.point_actions",
        slot="core.point_actions",
        template="ebok_odczyt/_point_actions.html",
        load=point_actions,
        permission=SUBMIT,
    ),
)
