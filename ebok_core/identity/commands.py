"""`ebok account`: make an account, issue a one-time link to its password, list accounts. No command sets a password."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from ebok_core import audit, clock
from ebok_core import runtime as runtimes
from ebok_core.errors import EbokError
from ebok_core.runtime import Runtime

from . import rules, service, sessions
from .accounts import find
from .factor import service as factor
from .registration import carry

LINK_PATH = "/haslo/"


@click.group()
def account() -> None:
    """Accounts: add, password-link, import, list."""


@account.command()
@click.argument("login")
@click.option("--name", required=True, help="The person's name, as the portal greets them.")
@click.option("--email", help="Where messages about the account go.")
@click.option("--customer", "codes", multiple=True, metavar="CODE", help="A customer of TYTAN; may be repeated.")
@click.option("--role", "roles", multiple=True, type=click.Choice(rules.STAFF_ROLES), help="An account of staff.")
def add(login: str, name: str, email: str | None, codes: tuple[str, ...], roles: tuple[str, ...]) -> None:
    """Make an account and print the one-time link with which its owner sets the password."""
    if bool(codes) == bool(roles):
        raise EbokError("Give --customer for a customer's account, or --role for one of staff")
    runtime = runtimes.build()
    with runtime.database.unit_of_work() as session:
        account_id = service.add_account(
            session,
            kind="staff" if roles else "customer",
            login=login,
            display_name=name,
            email=email,
            roles=roles,
            customer_codes=codes,
        )
        token, expires = service.make_link(session, account_id)
    _print_link(runtime, token, expires)


@account.command("password-link")
@click.argument("login")
@click.option("--staff", is_flag=True, help="An account of staff.")
def password_link(login: str, staff: bool) -> None:
    """Print a one-time link with which the owner of the account sets a new password; older links are void."""
    runtime = runtimes.build()
    with runtime.database.unit_of_work() as session:
        found = find(session, login, "staff" if staff else "customer")
        if found is None:
            raise EbokError(
                f"There is no account {login!r}" + ("" if staff else "; for an account of staff add --staff")
            )
        token, expires = service.make_link(session, found.id)
    _print_link(runtime, token, expires)


@account.command("remove-factors")
@click.argument("login")
@click.option("--staff", is_flag=True, help="An account of staff.")
@click.option("--reason", required=True, help="How the person was recognised; it stands in the audit trail.")
def remove_factors(login: str, staff: bool, reason: str) -> None:
    """Take a lost second factor off an account, where the panel has nobody to confirm it; its sessions end."""
    runtime = runtimes.build()
    with runtime.database.unit_of_work() as session:
        found = find(session, login, "staff" if staff else "customer")
        if found is None:
            raise EbokError(
                f"There is no account {login!r}" + ("" if staff else "; for an account of staff add --staff")
            )
        factor.remove_all(session, found.id, actor=audit.SYSTEM, reason=reason)
        sessions.end_all(session, found.id, "factor_reset")
    click.echo(f"The second factor of {found.login} is removed, the password alone opens the account")


@account.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_accounts(file: Path) -> None:
    """Carry accounts of an older system over from a CSV file (login;name;email;customer_codes); each gets a link."""
    found = carry.carry_over(runtimes.build(), file)
    for number, text in found.wrong:
        click.echo(f"line {number}: {text}", err=True)
    click.echo(f"{found.made} accounts made, {found.known} were there before, {len(found.wrong)} lines are wrong")


@account.command("list")
@click.option("--kind", type=click.Choice(rules.KINDS), help="Only one kind.")
def list_accounts(kind: str | None) -> None:
    """Print every account: kind, login, name, status, roles or the number of customers."""
    with runtimes.build().database.snapshot() as session:
        for line in service.listed(session, kind or ""):
            held = (line.roles or "").replace(",", ", ") if line.kind == "staff" else f"{line.customers} customers"
            click.echo(f"{line.kind}\t{line.login}\t{line.display_name}\t{line.status}\t{held}")


def _print_link(runtime: Runtime, token: str, expires: datetime) -> None:
    until = clock.local(expires).strftime("%Y-%m-%d %H:%M")
    click.echo(f"{runtime.settings.public_url.rstrip('/')}{LINK_PATH}{token}")
    click.echo(f"The link works once, until {until}. Hand it over to the owner alone.", err=True)
