"""What the core itself puts on the start page: contracts that end soon, legalisations that ran out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import DashboardCard

from . import rules, service
from .permissions import SEE


def contract_ends(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """The contract of the acting customer that ends first within 30 days, and how many do (L48)."""
    ending = service.contracts_ending(session, viewer)
    if not ending:
        return None
    valid_to = ending[0].valid_to
    assert valid_to is not None  # noqa: S101 - the statement compares it
    return {"contract": ending[0], "count": len(ending), "days": (valid_to - clock.today()).days}


def legalization_ended(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """A meter in use whose legalisation ran out, and how many there are (P32)."""
    meter = service.old_legalization(session, viewer)
    if meter is None:
        return None
    return {"meter": meter, "count": meter.total, "by_utility": meter.role in rules.OF_UTILITY}


ALL = (
    DashboardCard(
        key="core.contract_ends",
        template="ebok_core/customer/_next_contract.html",
        load=contract_ends,
        permission=SEE,
        area="next",
        order=300,
    ),
    DashboardCard(
        key="core.legalization_ended",
        template="ebok_core/customer/_next_legalization.html",
        load=legalization_ended,
        permission=SEE,
        area="next",
        order=310,
    ),
)
