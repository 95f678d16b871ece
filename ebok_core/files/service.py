"""Store a content, write its row, read it back, forget it, sweep what nobody knows."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ebok_core import clock
from ebok_core.db import assert_no_open_write
from ebok_core.errors import EbokError, StorageFull
from ebok_core.i18n import gettext as _

from .models import StoredFile

if TYPE_CHECKING:
    from ebok_core.settings import CoreSettings

LEAST_FREE = 1024**3
"""Bytes that must stay free on the disk: below, nothing is taken in (R33)."""
ORPHANS_LIVE = timedelta(days=7)
_NAME = re.compile(r"[0-9a-f]{64}")
_FILE = StoredFile.__table__


class Missing(EbokError):
    """The content is not in the folder."""


class Damaged(EbokError):
    """What is in the folder has another hash: somebody or something changed it. It is never given out."""


@dataclass(frozen=True)
class Kept:
    """A stored content: its hash, hex, and its size in bytes."""

    sha256: str
    size: int


def folder_of(settings: CoreSettings) -> Path:
    """Where this installation keeps its files."""
    return settings.data_dir / "files"


def store(folder: Path, content: bytes) -> Kept:
    """Write a content and let it reach the disk; one that is there already is not written again.

    Raises `StorageFull` when the disk is nearly full, and `RuntimeError` inside an open unit of work.
    """
    assert_no_open_write("writing a file")
    sha256 = hashlib.sha256(content).hexdigest()
    path = _path(folder, sha256)
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        os.utime(path)  # younger again, so that no sweep takes it before its row is there
        return Kept(sha256, len(content))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(path.parent).free < LEAST_FREE:
        raise StorageFull(_("The disk is nearly full: the file was not stored."))
    _write(path, content)
    return Kept(sha256, len(content))


def record(session: Session, kept: Kept, media_type: str) -> None:
    """Write the row of a stored content; one that has a row keeps it."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"sha256": kept.sha256, "size": kept.size, "media_type": media_type, "stored_at": clock.now_utc()}
    session.execute(insert(_FILE).values(row).on_conflict_do_nothing())


def read(folder: Path, sha256: str) -> bytes:
    """The content of a hash, checked. Raises `Missing` and `Damaged`."""
    try:
        content = _path(folder, sha256).read_bytes()
    except OSError as error:
        raise Missing(_("The file is not there any more.")) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Damaged(_("The file was changed after it had been stored."))
    return content


def forget(session: Session, sha256: str) -> None:
    """Delete the row of a content that no owner needs; the sweep takes the file."""
    session.execute(sa.delete(_FILE).where(_FILE.c.sha256 == sha256))


def sweep(session: Session, folder: Path) -> int:
    """Delete files that are a week old and have no row; tells how many."""
    before = (clock.now_utc() - ORPHANS_LIVE).timestamp()
    old = [path for path in _files(folder) if path.stat().st_mtime < before]
    taken = 0
    for start in range(0, len(old), 500):
        batch = {path.name.partition(".")[0]: path for path in old[start : start + 500]}
        known = set(session.scalars(sa.select(_FILE.c.sha256).where(_FILE.c.sha256.in_(list(batch)))))
        for name, path in batch.items():
            if name not in known or path.suffix:
                path.unlink(missing_ok=True)
                taken += 1
    return taken


def _files(folder: Path) -> Iterator[Path]:
    """Contents, and parts of contents that were never finished."""
    return (path for path in folder.glob("??/*") if _NAME.fullmatch(path.name.partition(".")[0]))


def _path(folder: Path, sha256: str) -> Path:
    if not _NAME.fullmatch(sha256):
        raise ValueError("a file is named by its SHA-256 in hex")
    return folder / sha256[:2] / sha256


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and on the disk when this returns: the file, then its name."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
