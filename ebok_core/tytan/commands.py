"""`ebok tytan`: check the contract, print it as DDL, refresh the copy, show how it stands."""

from __future__ import annotations

import sys

import click

from ebok_core import runtime as runtimes
from ebok_core.i18n import instant_iso

from . import comparison, ddl, refresh, state
from .contract import CORE_VIEWS
from .source import DatabaseSource


@click.group()
def tytan() -> None:
    """TYTAN's database: check, ddl, refresh, status."""


@tytan.command()
def check() -> None:
    """Compare TYTAN's database with the contract; each difference is a line. Exit code 1 when there is any."""
    found = runtimes.build().tytan_source()
    differences = found.check()
    for difference in differences:
        click.echo(comparison.sentence(difference))
    if differences:
        sys.exit(1)
    views = (
        f"{len(found.views)} views, the inbox and the results" if isinstance(found, DatabaseSource) else "everything"
    )
    click.echo(f"{views}: as the contract says")


@tytan.command("ddl")
@click.option("--dialect", required=True, type=click.Choice(ddl.DIALECTS))
@click.option("--modules/--core-only", default=True, help="With the views of the installed modules, or without them.")
def print_ddl(dialect: str, modules: bool) -> None:
    """Print the contract: skeletons of the views, and the two tables through which messages travel."""
    views = runtimes.build().portal.copy_tables if modules else CORE_VIEWS
    click.echo(ddl.script(views, dialect), nl=False)


@tytan.command("refresh")
@click.option("--full", is_flag=True, help="Compare every row, not only what changed.")
@click.option("--customer", metavar="CODE", help="One customer only.")
def run_refresh(full: bool, customer: str | None) -> None:
    """Refresh the copy now. Exit code 1 when it was refused or TYTAN does not answer."""
    runtime = runtimes.build()
    report = refresh.refresh_customer(runtime, customer) if customer else refresh.refresh(runtime, full=full)
    click.echo(report.sentence())
    if report.problem:
        sys.exit(1)


@tytan.command()
def status() -> None:
    """Show how old the copy is, what the last run said, and what waits in the quarantine."""
    runtime = runtimes.build()
    runtime.database.ping()
    with runtime.database.snapshot() as session:
        run = state.last_run(session)
        broken = state.quarantine_counts(session)
        held = state.all_held_back(session, limit=20)
    click.echo(f"as of: {instant_iso(run.as_of) if run.as_of else '–'}")
    click.echo(f"last run: {instant_iso(run.attempted_at) if run.attempted_at else '–'}")
    for problem in filter(None, (run.problem, run.compare_problem)):
        click.echo(f"problem: {problem}")
    for view, rule, count in broken:
        click.echo(f"quarantine: {view} {rule}: {count}")
    for customer in held:
        click.echo(f"held back: {customer.customer_code}: {customer.reason} (since {instant_iso(customer.since)})")
