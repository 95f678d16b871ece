"""What a verified person's number finds in the copy: by its HMAC, which is all that the copy has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.tytan import copy

_C = copy.customers.c
_BY_NUMBER = (
    sa.select(_C.code, _C.name, _C.status, _C.nip).where(_C.pesel_hmac == sa.bindparam("hmac")).order_by(_C.code)
)
_NUMBERS = sa.select(_C.code, _C.pesel_hmac).where(_C.code.in_(sa.bindparam("codes", expanding=True)))


class CustomerRow(NamedTuple):
    """A customer whose number is the person's."""

    code: str
    name: str
    status: str
    nip: str | None


def customers_of(session: Session, hmac: str) -> list[CustomerRow]:
    """The customers with this number."""
    return [CustomerRow._make(row) for row in session.execute(_BY_NUMBER, {"hmac": hmac})]


def numbers_of(session: Session, codes: Iterable[str]) -> dict[str, str | None]:
    """The HMACs of the numbers of those of these customers who are in the copy."""
    rows: Any = session.execute(_NUMBERS, {"codes": sorted(codes)})
    return dict(rows.all())
