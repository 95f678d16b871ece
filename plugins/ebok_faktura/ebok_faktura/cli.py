"""Commands under `ebok faktura`: make the PDF of an FA(3) file, without a database and without settings."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import click

import ebok_core
from ebok_core import i18n, pdf

from . import drawing
from .rules import codes, ksef
from .service import reading

UNREADABLE, NOT_WRITTEN = 1, 3
"""Exit codes: the file is no FA(3) document; the PDF could not be written. 2 is a wrong option or a missing file."""


@click.command("render")
@click.argument("fa3", metavar="FA3.xml", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", metavar="OUT.pdf", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--ksef-number", default="", help="The number that KSeF gave the invoice; 35 characters.")
@click.option("--ksef-mode", type=click.Choice(codes.MODES), help="The mode it was issued in; online with a number.")
@click.option("--certificate", default="", help="The ready link of KOD II, for an offline mode.")
@click.option(
    "--env",
    "environment",
    type=click.Choice(codes.ENVIRONMENTS),
    default="test",
    show_default=True,
    help="The environment of KSeF that the codes lead to.",
)
def render(fa3: Path, out: Path, ksef_number: str, ksef_mode: str | None, certificate: str, environment: str) -> None:
    """Make the PDF of an FA(3) file. Exit codes: 1 it can't be read, 2 wrong option, 3 the PDF is not written."""
    i18n.install([Path(__file__).parent / "translations", Path(ebok_core.__file__).parent / "translations"])
    if ksef_number and not codes.is_ksef_number(ksef_number):
        raise click.BadParameter(i18n.gettext("This is not a number of KSeF: check each character."))
    content = _content(fa3)
    document = _document(content)
    block = ksef.block(
        number=ksef_number,
        mode=ksef_mode or (codes.ONLINE if ksef_number else ""),
        environment=environment,
        seller_nip=document.seller.nip,
        issued_on=document.issued_on,
        sha256=hashlib.sha256(content).hexdigest(),
        certificate=certificate,
    )
    drawn = drawing.draw(replace(document, ksef=block), pdf.Letterhead(name=document.seller.name))
    _write(out, drawn)
    click.echo(f"{out}: {document.title} {document.number}")


def _content(path: Path) -> bytes:
    """The file's bytes, never more than can be an invoice."""
    with path.open("rb") as file:
        return file.read(reading.LARGEST + 1)


def _document(content: bytes) -> reading.InvoiceDocument:
    try:
        return reading.read_document(content)
    except reading.Unreadable as error:
        click.echo(f"ebok: {error}", err=True)
        raise click.exceptions.Exit(UNREADABLE) from error


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a PDF that is half written is worse than none."""
    try:
        handle, part = tempfile.mkstemp(dir=path.parent or Path("."), suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except OSError as error:
        click.echo(f"ebok: {path}: {error.strerror}", err=True)
        raise click.exceptions.Exit(NOT_WRITTEN) from error


ALL = (render,)
