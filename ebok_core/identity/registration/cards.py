"""What the start page says to who lost the access to the only customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import DashboardCard

from . import finish


def withdrawn(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """The access that TYTAN's answer took away; asked for nobody who has a customer to act for."""
    if viewer.customer_code is not None:
        return None
    found = finish.withdrawn(session, viewer)
    return {"withdrawn": found} if found else None


ALL = (
    DashboardCard(
        key="core.access_withdrawn",
        template="ebok_core/identity/registration/_withdrawn.html",
        load=withdrawn,
        area="main",
        order=1,
    ),
)
