"""The acting customer's own row of the copy, asked once a request: the header and the pages of money share it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from flask import g

from ebok_core.tytan import copy, reads

from .context import reading, viewer


class Acting(NamedTuple):
    """The customer whose data the page shows; `balance` in złoty, positive is owed, `nip` tells a business."""

    code: str
    name: str
    status: str
    nip: str | None
    individual_account: str | None
    balance: Decimal


_ACTING = sa.select(*(copy.customers.c[name] for name in Acting._fields))


def acting() -> Acting | None:
    """The acting customer; None while the copy does not hold it."""
    if "ebok_acting" not in g:
        found = reads.rows(reading(), viewer(), _ACTING, as_=Acting)
        g.ebok_acting = found[0] if found else None
    kept: Acting | None = g.ebok_acting
    return kept


def remember(found: Acting) -> None:
    """Keep the acting customer's row that another query of this request has brought along."""
    g.ebok_acting = found
