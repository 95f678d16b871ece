"""The whole trail as JSON lines, as `offline.py` verifies it away from the portal: head, events, seals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from . import rules, seals, service
from .models import AuditEvent

_EVENTS = sa.select(AuditEvent.__table__).order_by(AuditEvent.seq)


def lines(session: Session) -> Iterator[str]:
    """One JSON object a line; the session must stay on one state until the last one."""
    seq, head_hash = service.head_of(session)
    yield rules.as_json({"kind": "head", "version": 1, "seq": seq, "hash": head_hash})
    with closing(session.execute(_EVENTS, execution_options={"yield_per": 500})) as rows:
        for row in rows:
            yield _line("event", row._asdict())
    for seal in seals.every(session):
        yield _line("seal", seal._asdict())


def _line(kind: str, values: dict[str, Any]) -> str:
    sealed = {name: values.pop(name) for name in ("prev_hash", "hash")}
    return rules.as_json({"kind": kind, kind: values, **sealed})
