"""`ebok audit`: verify the chain and its seals, print today's anchor, export the trail for a verifier elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from ebok_core import runtime as runtimes

from . import export, offline, seals, service


@click.group()
def audit() -> None:
    """The audit trail: verify, anchor, export."""


@audit.command()
@click.option("--last", type=click.IntRange(min=1), help="Only the last N events, without the seals.")
@click.option("--anchor", "anchors", multiple=True, metavar="SEQ:HASH", help="A pair printed by `ebok audit anchor`.")
def verify(last: int | None, anchors: tuple[str, ...]) -> None:
    """Walk the chain and its seals; exit code 1 and the first bad event when it is broken."""
    runtime = runtimes.build()
    pairs = [_pair(text) for text in anchors]
    with runtime.database.snapshot() as session:
        if last is None:
            verdict = seals.verify(session, seals.file_of(runtime.settings), pairs)
        else:
            verdict = service.verify(session, last=last, anchors=pairs)
        newest = seals.newest(session)
    if verdict.fault:
        click.echo(f"BROKEN at event {verdict.fault.seq}: {verdict.fault.text}", err=True)
        sys.exit(1)
    click.echo(f"ok: {verdict.count} events, the last is {verdict.last_seq}")
    if newest:
        click.echo(f"sealed: {newest.day.isoformat()} {newest.seq}:{newest.head_hash}")


@audit.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def write(file: Path) -> None:
    """Write the whole trail into FILE as JSON lines, and beside it the script that verifies it anywhere."""
    with (
        runtimes.build().database.snapshot() as session,
        open(file, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as target,
    ):
        count = 0
        for line in export.lines(session):
            target.write(f"{line}\n")
            count += 1
    script = file.with_name("verify_audit.py")
    shutil.copyfile(str(offline.__file__), script)
    click.echo(f"{file}: {count} lines; verify with: python3 {script} {file} --key-file secrets.env")


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
