"""The one clock of claims and leases, and the tokens that fence them (reliability.md §4.5, R45)."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.db import Instant

DATABASE_NOW = sa.func.date_trunc("milliseconds", sa.func.clock_timestamp(), type_=Instant)
"""PostgreSQL's clock in SQL, in the precision in which instants are stored."""
_ASK = sa.select(DATABASE_NOW)


def now(session: Session) -> datetime:
    """The instant by which claims and leases are judged.

    On PostgreSQL it is the database's own, so that workers with different clocks agree; in a simulation, where the
    process runs on another clock than the machine's, it is that clock.
    """
    if by_database(session):
        return cast(datetime, session.execute(_ASK).scalar_one())
    return clock.now_utc()


def new_token() -> str:
    """128 random bits: who holds a lease can prove it (fencing)."""
    return secrets.token_hex(16)


def worker_name() -> str:
    """Who holds a lease, for the panel: machine and process."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def by_database(session: Session) -> bool:
    """Whether the database's clock tells the time."""
    return clock.is_system() and session.get_bind().dialect.name == "postgresql"
