"""Customers whose amounts do not add up: they see no balance, and the office hears of them once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core import notifications as mail
from ebok_core.contracts.admin import WorkItem
from ebok_core.i18n import gettext
from ebok_core.notifications import posts

from .. import tytan

DOUBT = "core.balance_doubt"
# So many codes one mail names; the panel has them all.
MOST_NAMED = 50


class Doubt(NamedTuple):
    """A customer whom the refresh holds back; `reason` is the gate that failed."""

    customer_code: str
    reason: str
    since: datetime


def doubts(session: Session) -> list[Doubt]:
    """Every customer whose balance is withheld now, the longest first."""
    return [Doubt._make(row) for row in session.execute(tytan.DOUBTFUL)]


def tell_office(session: Session, found: Sequence[Doubt]) -> bool:
    """Write one mail about all of them unless the newest of them was told already; whether there is one more mail."""
    newest = max(doubt.since for doubt in found)
    return _write(session, [d.customer_code for d in found], len(found), "held_back", int(newest.timestamp()))


def tell_of_sum(session: Session, customer_code: str) -> bool:
    """A page found parts that do not give the balance: one mail a day about each customer."""
    return _write(session, [customer_code], 1, customer_code, clock.today().toordinal())


def work_items(session: Session) -> list[WorkItem]:
    """One item for each customer whose balance the office must clear up in TYTAN."""
    return [
        WorkItem(
            key=f"core.balance.{doubt.customer_code}",
            kind="core.balance",
            title=gettext("The amounts of the customer %(code)s do not add up in TYTAN", code=doubt.customer_code),
            since=doubt.since,
            endpoint="admin.core.home",
            with_money=True,
        )
        for doubt in doubts(session)
    ]


def _write(session: Session, codes: Sequence[str], count: int, subject: str, rev: int) -> bool:
    office = posts.of(session).office(session)
    known = mail.enqueue(
        session,
        DOUBT,
        recipient=getattr(office, "email", ""),
        context={"codes": list(codes[:MOST_NAMED]), "count": count},
        subject_type="balance",
        subject_id=subject,
        subject_rev=rev,
    )
    return known is not None
