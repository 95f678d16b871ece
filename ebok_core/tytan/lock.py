"""One refresh at a time: an advisory lock on PostgreSQL, a locked file beside the copy on SQLite.

Both belong to the process: one that is killed leaves no lock behind.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ebok_core.db import Database
from ebok_core.errors import Refused
from ebok_core.i18n import gettext as _

# An arbitrary number, the same on every node; the migrations have another.
_ADVISORY_LOCK = 0x65424F4C
_PAUSE_S = 0.1


@contextmanager
def alone(database: Database, *, wait_s: float = 0) -> Iterator[None]:
    """Be the only one who writes the copy; wait for the one who does for at most `wait_s` seconds.

    Raises `Refused` with the code `refresh_running` when the other one is still at work.
    """
    hold = _locked_file if database.is_sqlite else _advisory
    with hold(database, Patience(wait_s)):
        yield


class Patience:
    """Waits a little at each call, until the seconds are spent."""

    def __init__(self, seconds: float) -> None:
        self._left = int(seconds / _PAUSE_S)

    def wait(self) -> None:
        """Raise `Refused` when there is no patience left."""
        if not self._left:
            raise Refused(_("Another refresh is running. Try again in a moment."), code="refresh_running")
        self._left -= 1
        time.sleep(_PAUSE_S)


@contextmanager
def _locked_file(database: Database, patience: Patience) -> Iterator[None]:
    with open(database.copy_path.with_suffix(".lock"), "a") as file:
        while not _flock(file.fileno()):
            patience.wait()
        yield


def _flock(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _advisory(database: Database, patience: Patience) -> Iterator[None]:
    with database.refresher.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_ADVISORY_LOCK})").scalar():
            patience.wait()
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})")
