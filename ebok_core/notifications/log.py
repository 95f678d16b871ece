"""The log of mails and text messages, read from the outbox: to whom, what, and what became of it.

The address stands in the message's content, which is emptied after 90 days (reliability.md §4.8); so long the log goes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement

from ebok_core import clock
from ebok_core.outbox import rules
from ebok_core.outbox.models import Message

CHANNELS = ("mail", "sms")


class recipient_of(ColumnElement[str]):  # noqa: N801 - reads as a function in SQL
    """The field `to` of a message's JSON text, None where the content was emptied."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = sa.String()


@compiles(recipient_of)
def _recipient_default(element: recipient_of, compiler: Any, **kw: Any) -> str:
    return f"json_extract({compiler.process(element.column, **kw)}, '$.to')"


@compiles(recipient_of, "postgresql")
def _recipient_postgresql(element: recipient_of, compiler: Any, **kw: Any) -> str:
    return f"(CAST({compiler.process(element.column, **kw)} AS json) ->> 'to')"


_m = Message.__table__.c
ADDRESS = recipient_of(_m.payload)
STATEMENT = sa.select(
    *(_m.id, _m.accepted_at, _m.target, _m.state, _m.reason_code, _m.last_class, _m.customer_code),
    _m.subject_type.label("template"),
    ADDRESS.label("address"),
    *(_m.delivered_at, _m.status_at, _m.attempts),
).where(_m.target.in_(CHANNELS), _m.accepted_at >= sa.bindparam("since", type_=_m.accepted_at.type))
"""Every message to people since the instant `since`."""

WAITING = _m.state.in_(("pending", "leased", "parked", "uncertain"))
SENT = _m.state.in_(("delivered", "applied"))
RETURNED = _m.state == "rejected"
FAILED = _m.state.in_(("dead", "cancelled"))


def since() -> datetime:
    """How far the log goes back: as long as contents are kept."""
    return clock.now_utc() - rules.KEEP_PAYLOAD
