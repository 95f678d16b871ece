"""The card on the start page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ebok_core import DashboardCard, Viewer, clock

from . import permissions, rules, service


def load(session: Session, viewer: Viewer) -> Mapping[str, Any] | None:
    """The entries left on usable passes; no card for who has none."""
    today = clock.today()
    usable = [p for p in service.passes_of(session, viewer) if rules.is_usable(p.entries_left, p.valid_to, today)]
    return {"entries": sum(p.entries_left for p in usable)} if usable else None


ALL = [
    DashboardCard(
        key="basen.passes", template="ebok_basen/_card.html", load=load, permission=permissions.SWIM, order=70
    )
]
