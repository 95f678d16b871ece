"""Engines to TYTAN's database: own pools, time limits, SQLite files that are opened but never made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
from psycopg.types.string import TextLoader
from sqlalchemy import event

from ebok_core.db.engine import BUSY_TIMEOUT_MS
from ebok_core.errors import ConfigurationError, EbokError
from ebok_core.i18n import gettext as _

from . import dialects
from .settings import TytanConfig

READ_S = 900
"""Seconds that a statement of the refresh may take: a view may have to be sorted before its first row comes."""
PUT_S = 20
"""Seconds that a delivery's statement may take: the outbox's lease is longer (reliability.md §4.5)."""
PROBE = "Zażółć gęślą jaźń"


class TytanUnavailable(EbokError):
    """TYTAN's database does not answer; the text says why, in the driver's words."""


def make(config: TytanConfig, *, writes: bool) -> sa.Engine:
    """An engine for reading, or for delivering; nothing is connected yet.

    Raises `ConfigurationError` when the address or its driver is no good.
    """
    try:
        url = sa.make_url(config.address.strip()).set(password=config.password or None)
        if url.get_backend_name() == "sqlite":
            return _sqlite(url, writes)
        facts = dialects.of(url.get_backend_name())
        engine = sa.create_engine(
            url,
            connect_args=dict(facts.connect_args(PUT_S if writes else READ_S)),
            pool_size=2,
            max_overflow=4,
            pool_pre_ping=True,
            pool_recycle=1800,
        )
    except (sa.exc.NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            _("The driver for %(backend)s is not installed: %(error)s", backend=url.drivername, error=error)
        ) from error
    except sa.exc.ArgumentError as error:
        raise ConfigurationError(_("The address of TYTAN's database can't be understood")) from error
    if engine.driver == "psycopg":
        event.listen(engine, "connect", _plain_text)
    if not writes and facts.snapshot:
        engine = engine.execution_options(isolation_level=facts.snapshot)
    return engine


def probe(connection: sa.Connection) -> None:
    """Send a text with every Polish letter and read it back: a wrong code page must not reach the copy.

    Raises `ConfigurationError` with what came back.
    """
    sent = sa.bindparam("probe", PROBE, type_=sa.Unicode(20))
    found = connection.execute(sa.select(sa.cast(sent, sa.Unicode(20)))).scalar()
    if found != PROBE:
        raise ConfigurationError(
            _(
                "TYTAN's database gives Polish letters back wrong: %(sent)s became %(found)s. Set the connection's "
                "character set in the address.",
                sent=PROBE,
                found=found,
            )
        )


def reason(error: BaseException) -> str:
    """The driver's first line, for a sentence."""
    text = str(getattr(error, "orig", None) or error).strip()
    return (text.splitlines() or [type(error).__name__])[0][:200]


def _plain_text(connection: Any, _record: Any) -> None:
    """Numbers and dates come as text: the validation reads text by the column, and faster than objects."""
    for kind in ("numeric", "date", "timestamp"):
        connection.adapters.register_loader(kind, TextLoader)


def _sqlite(url: sa.URL, writes: bool) -> sa.Engine:
    path = Path(url.database or "").absolute()
    if not os.path.isfile(path):
        raise TytanUnavailable(_("There is no file %(path)s", path=path))
    engine = sa.create_engine(
        # mode=rw: opened for reading and writing, never created.
        f"sqlite:///file:{quote(str(path))}?mode=rw&uri=true",
        module=sqlite,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        pool_size=2,
        max_overflow=4,
    )

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "synchronous=FULL",
            f"query_only={'OFF' if writes else 'ON'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
