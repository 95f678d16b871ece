"""The one clock of claims and leases, and the tokens that fence them (reliability.md §4.5, R45)."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.db import Instant

_DATABASE_NOW = sa.func.date_trunc("milliseconds", sa.func.clock_timestamp(), type_=Instant)


def now(session: Session) -> datetime:
    """The instant by which claims and leases are judged.

    On PostgreSQL it is the database's own, so that workers with different clocks agree; in a simulation, where the
    process runs on another clock than the machine's, it is that clock.
    """
    if _is_simulated(session):
        return clock.now_utc()
    return cast(datetime, session.execute(sa.select(_DATABASE_NOW)).scalar_one())


def now_expression(session: Session) -> Any:
    """The same instant as a value for an insert, without a question of its own."""
    return clock.now_utc() if _is_simulated(session) else _DATABASE_NOW


def new_token() -> str:
    """128 random bits: who holds a lease can prove it (fencing)."""
    return secrets.token_hex(16)


def worker_name() -> str:
    """Who holds a lease, for the panel: machine and process."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def _is_simulated(session: Session) -> bool:
    return session.get_bind().dialect.name != "postgresql" or not clock.is_system()
