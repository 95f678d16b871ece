"""What differs between the databases TYTAN may run on, as data: one entry a dialect, no branches elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

CONNECT_S = 5


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The facts of one dialect.

    `connect_args(seconds)` gives the driver's arguments so that connecting takes at most `CONNECT_S` and a statement
    at most `seconds`; `now` asks for the time in UTC; `snapshot` is the isolation level that shows one state to a
    whole run; `busy` are words or SQLSTATEs of errors that pass by themselves.
    """

    connect_args: Callable[[int], Mapping[str, Any]] = lambda seconds: {}
    now: str = "SELECT CURRENT_TIMESTAMP"
    snapshot: str | None = None
    busy: tuple[str, ...] = ("deadlock", "lock")


def _postgresql(seconds: int) -> Mapping[str, Any]:
    return {
        "connect_timeout": CONNECT_S,
        "keepalives_idle": 30,
        "tcp_user_timeout": 1000 * min(seconds, 60),
        "application_name": "e-BOK",
        # A cursor is read to its end here; the server would plan for its first rows.
        "options": f"-c timezone=UTC -c statement_timeout={seconds}s -c lock_timeout={min(seconds, 10)}s"
        " -c cursor_tuple_fraction=1.0",
    }


DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "sqlite": Dialect(
            # The engine is made by `source`: it begins every transaction by itself.
            now="SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
            busy=("locked", "busy"),
        ),
        "postgresql": Dialect(
            connect_args=_postgresql,
            now="SELECT CURRENT_TIMESTAMP",
            snapshot="REPEATABLE READ",
            busy=("40001", "40P01", "55P03", "53300"),
        ),
        "mssql": Dialect(
            # SNAPSHOT needs a switch of the database's owner; without it the gates catch what changed meanwhile.
            connect_args=lambda seconds: {"login_timeout": CONNECT_S, "timeout": seconds},
            now="SELECT SYSUTCDATETIME()",
            busy=("1205", "1222"),
        ),
        "mysql": Dialect(
            connect_args=lambda seconds: {
                "connect_timeout": CONNECT_S,
                "read_timeout": seconds,
                "write_timeout": seconds,
            },
            now="SELECT UTC_TIMESTAMP(3)",
            snapshot="REPEATABLE READ",
            busy=("1205", "1213", "3572"),
        ),
        "oracle": Dialect(
            connect_args=lambda seconds: {"tcp_connect_timeout": float(CONNECT_S)},
            now="SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM DUAL",
            snapshot="SERIALIZABLE",
            busy=("ORA-00054", "ORA-00060", "ORA-08177"),
        ),
        "firebird": Dialect(
            # Its transactions see one state by themselves.
            now="SELECT CURRENT_TIMESTAMP AT TIME ZONE 'UTC' FROM RDB$DATABASE",
            busy=("deadlock", "lock conflict"),
        ),
    }
)


def of(name: str) -> Dialect:
    """The facts of a dialect; one that is not in the table gets the common ones."""
    return DIALECTS.get("mysql" if name == "mariadb" else name, Dialect())
