"""`ebok worker`: deliver the outbox and run the jobs, until a signal or once."""

from __future__ import annotations

import signal
import threading

import click

from ebok_core import runtime as runtimes
from ebok_core.db import migrate

from .worker import run_until_quiet, run_worker


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now and stop.")
def worker(once: bool) -> None:
    """Deliver messages and run jobs. Start as many as you like; SIGTERM stops one in good order."""
    runtime = runtimes.build()
    runtime.database.ping()
    migrate.check_current(runtime.database, runtime.portal.migrations)
    if once:
        click.echo(f"done: {run_until_quiet(runtime)}")
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_worker(runtime, stop)
