"""The back office as a process: `python -m ebok_core.standin.server URL`."""

from __future__ import annotations

import logging
import signal
import sys
import threading

import sqlalchemy as sa

from ebok_core import clock
from ebok_core.errors import EbokError
from ebok_core.standin.database import open_engine
from ebok_core.standin.office import process_inbox, settle_readings

log = logging.getLogger(__name__)


def run_office(
    url: str, interval: float = 2.0, *, schema: str | None = None, stop: threading.Event | None = None
) -> None:
    """Answer the inbox and settle readings every `interval` seconds, until SIGTERM or SIGINT (or until `stop` is set).

    Readings are settled at once, so that in a demo the circle closes while one looks. A database that is away is
    tried again. Raises `ConfigurationError` for an address that is none.
    """
    stopped = stop or _stop_at_signals()
    engine = open_engine(url)
    log.info("the back office is open")
    try:
        while not stopped.is_set():
            _work_once(engine, schema)
            stopped.wait(interval)
    finally:
        engine.dispose()
    log.info("the back office is closed")


def _work_once(engine: sa.Engine, schema: str | None) -> None:
    try:
        answered = process_inbox(engine, schema)
        invoices = settle_readings(engine, clock.today(), schema)
    except sa.exc.DBAPIError as error:
        log.warning("the database is away, trying again: %s", type(error.orig).__name__)
        return
    if answered or invoices:
        log.info("%d messages answered, %d invoices issued", answered, len(invoices))


def _stop_at_signals() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def main(arguments: list[str]) -> int:
    """Run the office on the database whose address is the only argument; returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m ebok_core.standin.server URL\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        run_office(arguments[0])
    except EbokError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
