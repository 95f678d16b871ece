"""The audit trail as personal data: given out as the person's own acts; never erased, it holds ids and hashes."""

from __future__ import annotations

import sqlalchemy as sa

from ebok_core.i18n import lazy_gettext as _
from ebok_core.privacy.rows import ACCOUNT, Rows

from .models import AuditEvent

_E = AuditEvent.__table__

ALL = (
    Rows(
        key="core.acts",
        title=_("My acts in the portal"),
        tables=(_E.name,),
        retention=_("24 months; after the account is deleted it names nobody"),
        statement=sa.select(_E.c.at, _E.c.action.label("what"), _E.c.on_behalf_of.label("customer_code"), _E.c.ip)
        .where(_E.c.actor == ACCOUNT)
        .order_by(_E.c.seq),
    ),
)
