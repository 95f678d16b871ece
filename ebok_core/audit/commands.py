"""`ebok audit`: verify the chain, print today's anchor."""

from __future__ import annotations

import sys

import click

from ebok_core import runtime as runtimes

from . import service


@click.group()
def audit() -> None:
    """The audit trail: verify, anchor."""


@audit.command()
@click.option("--last", type=click.IntRange(min=1), help="Only the last N events.")
@click.option("--anchor", "anchors", multiple=True, metavar="SEQ:HASH", help="A pair printed by `ebok audit anchor`.")
def verify(last: int | None, anchors: tuple[str, ...]) -> None:
    """Walk the chain; exit code 1 and the first bad event when it is broken."""
    with runtimes.build().database.snapshot() as session:
        verdict = service.verify(session, last=last, anchors=[_pair(text) for text in anchors])
    if verdict.fault:
        click.echo(f"BROKEN at event {verdict.fault.seq}: {verdict.fault.text}", err=True)
        sys.exit(1)
    click.echo(f"ok: {verdict.count} events, the last is {verdict.last_seq}")


@audit.command()
def anchor() -> None:
    """Print the date, the last number and its hash: keep it on another machine, or mail it to two persons."""
    with runtimes.build().database.snapshot() as session:
        at, seq, sealed = service.anchor(session)
    click.echo(f"{at.date().isoformat()} {seq}:{sealed}")


def _pair(text: str) -> tuple[int, str]:
    seq, _, sealed = text.rpartition(" ")[2].partition(":")
    if not seq.isdecimal() or len(sealed) != 64:
        raise click.BadParameter(f"{text!r} is no SEQ:HASH")
    return int(seq), sealed
