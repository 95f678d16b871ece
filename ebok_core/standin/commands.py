"""The stand-in's commands, which `ebok` finds by name: demo, demo-data, office, mailbox."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import click

from ebok_core import clock
from ebok_core.standin import database, generator, personas, server
from ebok_core.standin import mailbox as mail_catcher

PROGRESS_EVERY_S = 3.0


@click.command("demo")
@click.option(
    "--folder",
    default=Path("var/demo"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the demo keeps its data.",
)
@click.option("--port", default=8080, show_default=True, help="The portal's port on this machine.")
@click.option("--mail-port", default=8025, show_default=True, help="The port of the page with the mails.")
@click.option("--smtp-port", default=1025, show_default=True, help="The port of the mail catcher.")
@click.option(
    "--customers",
    default=2000,
    show_default=True,
    type=click.IntRange(personas.COUNT, generator.LARGEST),
    help="How many customers the invented utility has.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed, day and size give the same data.")
@click.option("--database-url", default="", help="The portal's own database; a SQLite file in the folder unless given.")
def demo(folder: Path, port: int, mail_port: int, smtp_port: int, customers: int, seed: int, database_url: str) -> None:
    """Start the portal with an invented utility, a back office and a mail catcher, on this machine alone."""
    # The demo starts the whole portal; the commands beside it need none of it.
    from ebok_core.standin.demo import Ports, run_demo

    run_demo(folder, Ports(portal=port, mail=mail_port, smtp=smtp_port), customers, seed, database_url)


@click.command("demo-data")
@click.option(
    "--customers",
    default=2000,
    show_default=True,
    type=click.IntRange(personas.COUNT, generator.LARGEST),
    help="How many customers the invented utility has.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed, day and size give the same data.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the utility lives; today.")
@click.option("--url", required=True, help="An empty database: sqlite:///file or postgresql://…")
@click.option("--schema", help="The schema of the tables, on PostgreSQL.")
def demo_data(customers: int, seed: int, as_of: datetime | None, url: str, schema: str | None) -> None:
    """Fill an empty database with an invented water utility, behind the TYTAN contract."""
    day = as_of.date() if as_of else clock.today()
    engine = database.open_engine(url)
    try:
        totals = generator.generate(engine, customers, seed, day, schema, progress=_Progress())
    finally:
        engine.dispose()
    for view, rows in totals.rows.items():
        click.echo(f"{view:<28}{rows:>12,}".replace(",", " "))
    click.echo(f"{totals.customers} customers as of {day}, seed {seed}: {totals.seconds:.1f} s")


class _Progress:
    """A line every few seconds, on standard error."""

    def __init__(self) -> None:
        self.started = self.said = clock.monotonic()

    def __call__(self, done: int, customers: int) -> None:
        now = clock.monotonic()
        if now - self.said >= PROGRESS_EVERY_S:
            self.said = now
            rest = (now - self.started) * (customers - done) / done
            click.echo(f"{done} of {customers} customers, about {rest:.0f} s left", err=True)


@click.command("office")
@click.option("--url", required=True, help="The stand-in's database.")
@click.option("--interval", default=2.0, show_default=True, help="Seconds between two looks into the inbox.")
@click.option("--schema", help="The schema of the tables, on PostgreSQL.")
def office(url: str, interval: float, schema: str | None) -> None:
    """Run the stand-in back office: answer the inbox and settle readings, until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    server.run_office(url, interval, schema=schema)


@click.command("mailbox")
@click.option(
    "--folder",
    default=Path("var/poczta"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the mails are kept.",
)
@click.option("--smtp-port", default=1025, show_default=True, help="The port that takes mails.")
@click.option("--web-port", default=8025, show_default=True, help="The port of the page that shows them.")
def mailbox(folder: Path, smtp_port: int, web_port: int) -> None:
    """Catch the demo's mails and show them on a page of this machine, until stopped."""
    click.echo(f"http://{mail_catcher.HOST}:{web_port}/")
    mail_catcher.run_mailbox(folder, smtp_port, web_port)
