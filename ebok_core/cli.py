"""The command `ebok`. Errors that are a person's to solve are one sentence, never a traceback."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from . import logs, plugins, portal, server
from . import runtime as runtimes
from . import settings as deployment
from .db import migrate
from .errors import EbokError
from .tytan import copy_schema

# Commands that live beside what they command; the module is imported when its command is called. The stand-in is
# reached by its name alone: nothing of the portal imports it.
ELSEWHERE = {
    "account": "ebok_core.identity.commands:account",
    "audit": "ebok_core.audit.commands:audit",
    "demo": "ebok_core.standin.commands:demo",
    "demo-data": "ebok_core.standin.commands:demo_data",
    "doctor": "ebok_core.admin.commands:doctor",
    "mailbox": "ebok_core.standin.commands:mailbox",
    "modules": "ebok_core.admin.commands:modules",
    "office": "ebok_core.standin.commands:office",
    "tytan": "ebok_core.tytan.commands:tytan",
    "worker": "ebok_core.jobs.commands:worker",
}


class Commands(click.Group):
    """The commands of this page, those of `ELSEWHERE`, and a group for each module that has some."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name."""
        return sorted({*super().list_commands(ctx), *ELSEWHERE, *_of_modules()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by name, imported when it is asked for."""
        if cmd_name in ELSEWHERE:
            module, _, name = ELSEWHERE[cmd_name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        return super().get_command(ctx, cmd_name) or _of_modules().get(cmd_name)


def _of_modules() -> dict[str, click.Command]:
    """What the installed modules declare, as `ebok <module> …`; no settings and no database are needed for it."""
    groups: dict[str, click.Command] = {}
    for declaration in portal.assemble(plugins.installed(), strict=False).declarations:
        commands = declaration.results["ebok_cli_commands"]
        if commands:
            about = f"{declaration.module.title}: {declaration.module.description}."
            groups[declaration.short] = click.Group(declaration.short, commands=list(commands), help=about)
    return groups


@click.group(cls=Commands)
def ebok() -> None:
    """e-BOK: the electronic customer service office of a water utility."""


@ebok.command()
def init() -> None:
    """Make the keys of a new installation (secrets.env in the data folder); existing keys are kept."""
    folder = Path(os.environ.get("EBOK_DATA_DIR", str(deployment.CoreSettings.data_dir)))
    click.echo(deployment.write_secrets(folder))


@ebok.command()
def serve() -> None:
    """Serve the portal until it is stopped."""
    runtime = runtimes.build()
    runtime.database.ping()
    migrate.check_current(runtime.database, runtime.portal.migrations)
    server.serve(runtime)


@ebok.group()
def db() -> None:
    """Tables: upgrade, status, sql, purge."""


@db.command("upgrade")
@click.option("--only", help="One module's package name, such as ebok_odczyt.")
def db_upgrade(only: str | None) -> None:
    """Bring every module's tables to the newest version, the core's first."""
    runtime = runtimes.build()
    runtime.database.ping()
    for status in migrate.upgrade(runtime.database, runtime.portal.migrations, only):
        click.echo(f"{status.module}: {status.current or '–'}")
    copy_schema.ensure(runtime.database, runtime.portal.copy_tables)


@db.command("status")
def db_status() -> None:
    """Print each module's revision in the database and the newest one."""
    runtime = runtimes.build()
    runtime.database.ping()
    for source in runtime.portal.migrations:
        status = migrate.status_of(runtime.database, source)
        note = "" if not status.is_behind else f"  (newest: {status.head}; run `ebok db upgrade`)"
        click.echo(f"{status.module}: {status.current or '–'}{note}")
    for short in migrate.orphans(runtime.database, runtime.portal.migrations):
        click.echo(f"ebok_{short}: not installed, its tables are still here (`ebok db purge ebok_{short}` drops them)")


@db.command("sql")
@click.option("--dialect", default="postgresql", type=click.Choice(["postgresql", "sqlite"]))
@click.option("--only", help="One module's package name.")
def db_sql(dialect: str, only: str | None) -> None:
    """Print the migrations as SQL for a database administrator."""
    click.echo(migrate.sql(runtimes.build().portal.migrations, dialect, only))


@db.command("purge")
@click.argument("module")
@click.option("--yes", is_flag=True, help="Do not ask.")
def db_purge(module: str, yes: bool) -> None:
    """Drop every table of a module, with its data."""
    runtime = runtimes.build()
    short = module.removeprefix("ebok_")
    if short == "core":
        raise EbokError("The core's tables can't be purged")
    if not yes:
        click.confirm(f"Drop every table that begins with {short}_, with its data?", abort=True)
    for name in migrate.purge_prefix(runtime.database, short):
        click.echo(name)


def main() -> None:
    """Run the command; an `EbokError` becomes one sentence and exit code 2."""
    try:
        logs.configure(os.environ.get("EBOK_LOG_LEVEL", deployment.CoreSettings.log_level))
        ebok.main(standalone_mode=True)
    except EbokError as error:
        click.echo(f"ebok: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
