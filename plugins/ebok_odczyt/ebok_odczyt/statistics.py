"""Figures of the statistics page: readings given in the portal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import Statistic
from ebok_core.i18n import lazy_gettext as _

from .models import Reading
from .permissions import MANAGE
from .schemas import STATUSES

_BY_STATUS = (
    sa.select(Reading.status, sa.func.count())
    .where(Reading.submitted_at >= sa.bindparam("since"), Reading.submitted_at < sa.bindparam("until"))
    .group_by(Reading.status)
    .order_by(Reading.status)
)


def submitted(session: Session, since: datetime, until: datetime) -> list[tuple[str, Any]]:
    """How many readings were given between two instants, by what became of them."""
    counts = {row[0]: row[1] for row in session.execute(_BY_STATUS, {"since": since, "until": until})}
    return [(str(label), counts.get(status, 0)) for status, (label, _kind) in STATUSES.items()]


ALL = (
    Statistic(
        key="odczyt.submitted", title=_("Readings given in the portal"), unit="", compute=submitted, permission=MANAGE
    ),
)
