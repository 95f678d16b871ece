"""Search from anywhere in the panel: customers, service points, meters, people and documents, one statement each.

Texts are compared in the form of `db.search_key`, which the copy keeps ready: words in any order, without accents,
numbers without spaces, dashes and slashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.contracts.admin import SearchHit
from ebok_core.customer.rules import address_line
from ebok_core.db import search_key
from ebok_core.i18n import gettext as _
from ebok_core.i18n import iso
from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.tytan import copy

MOST_HITS = 10
"""Hits of one group; one more tells that there are more."""
LEAST_SIGNS, MOST_WORDS = 3, 5
# Words of addresses that people write and TYTAN does not.
_LEFT_OUT = frozenset({"ul", "al", "os", "pl", "m", "nr", "lok"})

_c, _p, _m, _i = copy.customers.c, copy.service_points.c, copy.meters.c, copy.invoices.c
_A, _ACCESS = Account.__table__.c, CustomerAccess.__table__.c
_ADDRESS = ("street", "house_no", "flat_no", "postal_code", "city")
_WHOLE, _PART = sa.bindparam("whole", type_=sa.String), sa.bindparam("part", type_=sa.String)


class Asked(NamedTuple):
    """What was typed: whole as a number is compared, and word by word as a name or an address is."""

    text: str
    whole: str
    words: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        """Whether there is enough of it to look for."""
        return len(self.whole) >= LEAST_SIGNS


def asked(text: str) -> Asked:
    """What somebody typed, as it is compared.

    >>> asked("ul. Łąkowa 4/2").words
    ('lakowa', '4', '2')
    """
    text = text.replace("\0", "").strip()[:100]
    words = [key for part in re.split(r"[\s/,;]+", text) if (key := search_key(part)) and key not in _LEFT_OUT]
    return Asked(text, search_key(text), tuple(words[:MOST_WORDS]))


def customers(session: Session, wanted: Asked) -> list[SearchHit]:
    """Customers by code, name, address, e-mail, telephone, tax number or bank account; the very code comes first."""
    rows = session.execute(_customers(len(wanted.words)), {**_by_word(wanted), "whole": wanted.whole}).all()
    return [
        SearchHit(
            title=f"{row.code}  {row.name}",
            note=" · ".join(filter(None, (address_line(*row[3:8]), row.email, row.status))),
            endpoint="admin.customers.card",
            arguments=(("code", row.code),),
        )
        for row in rows
    ]


def points(session: Session, wanted: Asked) -> list[SearchHit]:
    """Service points by code, name or address of supply."""
    return [
        SearchHit(
            title=f"{row.name}, {address_line(*row[2:7])}",
            note=_("customer %(code)s %(name)s", code=row.customer_code, name=row.customer_name),
            endpoint="admin.customers.card",
            arguments=(("code", row.customer_code),),
        )
        for row in session.execute(_points(len(wanted.words)), _by_word(wanted))
    ]


def meters(session: Session, wanted: Asked) -> list[SearchHit]:
    """Meters, removed ones too, by number."""
    return [
        SearchHit(
            title=row.meter_number,
            note=_("customer %(code)s %(name)s", code=row.customer_code, name=row.customer_name),
            endpoint="admin.customers.card",
            arguments=(("code", row.customer_code),),
        )
        for row in session.execute(_METERS, {"part": f"%{wanted.whole}%"})
    ]


def documents(session: Session, wanted: Asked) -> list[SearchHit]:
    """Bills and notes by their whole number."""
    return [
        SearchHit(
            title=row.number,
            note=_(
                "of %(day)s, customer %(code)s %(name)s",
                day=iso(row.issued_on),
                code=row.customer_code,
                name=row.customer_name,
            ),
            endpoint="admin.customers.card",
            arguments=(("code", row.customer_code),),
        )
        for row in session.execute(_DOCUMENTS, {"whole": wanted.whole})
    ]


def people(session: Session, wanted: Asked) -> list[SearchHit]:
    """Users of the portal by login, e-mail address or name."""
    typed = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {"part": f"%{typed.casefold()}%", "typed": f"%{typed}%", "today": clock.today()}
    return [
        SearchHit(
            title=f"{row.login}  {row.display_name}",
            note=" · ".join(filter(None, (row.email, row.code and _("customer %(code)s", code=row.code)))),
            endpoint="admin.customers.card" if row.code else "",
            arguments=(("code", row.code),) if row.code else (),
        )
        for row in session.execute(_PEOPLE, values)
    ]


CORE: tuple[tuple[str, Callable[[Session, Asked], list[SearchHit]]], ...] = (
    ("customers", customers),
    ("people", people),
    ("points", points),
    ("meters", meters),
    ("documents", documents),
)
"""The core's groups in the order of the page: a key and what looks for it."""


def found(session: Session, wanted: Asked) -> Iterable[tuple[str, list[SearchHit]]]:
    """The core's groups that hold something, each with one hit more than is shown where there are more."""
    for key, look in CORE:
        hits = look(session, wanted) if wanted.words else []
        if hits:
            yield key, hits


def _by_word(wanted: Asked) -> dict[str, str]:
    return {f"word_{index}": f"%{word}%" for index, word in enumerate(wanted.words)}


def _has_words(column: sa.ColumnElement[str], count: int) -> list[sa.ColumnElement[bool]]:
    return [column.like(sa.bindparam(f"word_{index}", type_=sa.String)) for index in range(count)]


@lru_cache(maxsize=MOST_WORDS + 1)
def _customers(count: int) -> sa.Select[Any]:
    named = sa.select(_c.code, _c.name, _c.status, *(_c[name] for name in _ADDRESS), _c.email)
    is_code = sa.func.replace(_c.code, "-", "") == _WHOLE
    first = sa.case((is_code, 0), else_=1)
    return named.where(*_has_words(_c.search_text, count)).order_by(first, _c.code).limit(MOST_HITS + 1)


@lru_cache(maxsize=MOST_WORDS + 1)
def _points(count: int) -> sa.Select[Any]:
    columns = (_p.code, _p.name, *(_p[name] for name in _ADDRESS), _p.customer_code, _c.name.label("customer_name"))
    joined = sa.select(*columns).join_from(copy.service_points, copy.customers, _c.code == _p.customer_code)
    return joined.where(*_has_words(_p.search_text, count)).order_by(_p.code).limit(MOST_HITS + 1)


_METERS = (
    sa.select(_m.meter_number, _m.customer_code, _c.name.label("customer_name"))
    .join_from(copy.meters, copy.customers, _c.code == _m.customer_code)
    .where(_m.search_text.like(_PART))
    .order_by(_m.active.desc(), _m.id)
    .limit(MOST_HITS + 1)
)
_DOCUMENTS = (
    sa.select(_i.number, _i.issued_on, _i.customer_code, _c.name.label("customer_name"))
    .join_from(copy.invoices, copy.customers, _c.code == _i.customer_code)
    .where(_i.search_text == _WHOLE)
    .order_by(_i.issued_on.desc(), _i.number)
    .limit(MOST_HITS + 1)
)
_CODE = (
    sa.select(sa.func.min(_ACCESS.customer_code))
    .where(
        _ACCESS.account_id == _A.id,
        _ACCESS.revoked_at.is_(None),
        sa.or_(_ACCESS.valid_to.is_(None), _ACCESS.valid_to >= sa.bindparam("today", type_=sa.Date)),
    )
    .correlate(Account.__table__)
    .scalar_subquery()
)
_TYPED = sa.bindparam("typed", type_=sa.String)
_PEOPLE = (
    sa.select(_A.login, _A.display_name, _A.email, _CODE.label("code"))
    .where(
        _A.kind == "customer",
        sa.or_(
            _A.login_key.like(_PART, escape="\\"),
            _A.email_key.like(_PART, escape="\\"),
            _A.display_name.like(_TYPED, escape="\\"),
            sa.func.lower(_A.display_name).like(_PART, escape="\\"),
        ),
    )
    .order_by(_A.login_key)
    .limit(MOST_HITS + 1)
)
