"""`ebok doctor` and `ebok modules`."""

from __future__ import annotations

import sys

import click

from ebok_core import runtime as runtimes
from ebok_core.contracts.admin import Level

from . import service

_MARKS = {Level.OK: "ok     ", Level.DEFAULT: "default", Level.MISSING: "missing", Level.ERROR: "ERROR  "}


@click.command()
def doctor() -> None:
    """Say what is configured, missing or wrong; exit code 1 when something is wrong."""
    runtime = runtimes.build()
    runtime.database.ping()
    findings = service.doctor(runtime)
    for level, what, text in findings:
        click.echo(f"{_MARKS[level]}  {what}: {text}")
    sys.exit(1 if any(level is Level.ERROR for level, _, _ in findings) else 0)


@click.command()
def modules() -> None:
    """Print the installed modules with their versions, for an audit of what was bought."""
    for line in service.module_lines(runtimes.build().portal):
        click.echo(f"{line.name}  {line.distribution} {line.version}" + (f"  OFF: {line.fault}" if line.fault else ""))
