"""Figures for the statistics page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import Statistic
from ebok_core.i18n import lazy_gettext as _

from .models import Pass

_SOLD = sa.select(sa.func.count()).where(
    Pass.bought_at >= sa.bindparam("since"), Pass.bought_at < sa.bindparam("until")
)


def sold(session: Session, since: datetime, until: datetime) -> list[tuple[str, Any]]:
    """The passes sold in a period."""
    return [(str(_("Passes sold")), session.scalar(_SOLD, {"since": since, "until": until}))]


ALL = [Statistic(key="basen.sold", title=_("Passes to the pool"), unit=_("passes"), compute=sold)]
