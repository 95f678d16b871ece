"""Files by their hash: whole or not at all, checked when read, swept when nobody's (R51)."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import namedtuple

import pytest
import sqlalchemy as sa

from ebok_core import files
from ebok_core.errors import StorageFull
from ebok_core.files import jobs, service
from ebok_core.files.models import StoredFile

CONTENT = "zażółć".encode()
SHA = hashlib.sha256(CONTENT).hexdigest()
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files"


def keep(runtime, content=CONTENT):
    kept = files.store(files.folder_of(runtime.settings), content)
    with runtime.database.unit_of_work() as session:
        files.record(session, kept, "text/plain")
    return kept


def test_a_content_comes_back_by_its_hash(folder):
    assert files.store(folder, CONTENT) == files.Kept(SHA, len(CONTENT))
    assert files.read(folder, SHA) == CONTENT
    path = folder / SHA[:2] / SHA
    assert path.stat().st_mode & 0o111 == 0
    assert [p.name for p in path.parent.iterdir()] == [SHA]


def test_what_was_changed_is_never_given_out(folder):
    files.store(folder, CONTENT)
    (folder / SHA[:2] / SHA).write_bytes(CONTENT + b"!")
    with pytest.raises(files.Damaged):
        files.read(folder, SHA)
    files.store(folder, CONTENT)
    assert files.read(folder, SHA) == CONTENT


@pytest.mark.parametrize("sha256", ["0" * 64])
def test_what_is_not_there_is_missing(folder, sha256):
    with pytest.raises(files.Missing):
        files.read(folder, sha256)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, SHA[:-1]])
def test_only_a_hash_names_a_file(folder, name):
    with pytest.raises(ValueError, match="SHA-256"):
        files.read(folder, name)


def test_a_full_disk_takes_nothing_in(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10, 10, service.LEAST_FREE - 1))
    with pytest.raises(StorageFull):
        files.store(folder, CONTENT)
    with pytest.raises(files.Missing):
        files.read(folder, SHA)


def test_a_write_that_breaks_off_leaves_nothing(folder, monkeypatch):
    def fail(*_args):
        raise OSError("no")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no"):
        files.store(folder, CONTENT)
    assert list((folder / SHA[:2]).iterdir()) == []


def test_nothing_is_written_inside_a_unit_of_work(runtime, folder):
    with runtime.database.unit_of_work(), pytest.raises(RuntimeError):
        files.store(folder, CONTENT)


def test_a_content_has_one_row(runtime):
    keep(runtime)
    keep(runtime)
    with runtime.database.snapshot() as session:
        assert session.execute(sa.select(StoredFile.sha256, StoredFile.size)).all() == [(SHA, len(CONTENT))]


def test_the_sweep_takes_what_is_old_and_nobodys(runtime, clock):
    folder = files.folder_of(runtime.settings)
    known = keep(runtime).sha256
    orphan = files.store(folder, b"orphan").sha256
    young = files.store(folder, b"young").sha256
    week_ago = (clock.now_utc() - service.ORPHANS_LIVE).timestamp() - 60
    for sha256 in (known, orphan):
        os.utime(folder / sha256[:2] / sha256, (week_ago, week_ago))
    part = folder / young[:2] / f"{young}.x.part"
    part.write_bytes(b"half")
    os.utime(part, (week_ago, week_ago))
    os.utime(folder / young[:2] / young, (clock.now_utc().timestamp(),) * 2)
    jobs.sweep(runtime)
    assert files.read(folder, known) == CONTENT
    assert files.read(folder, young) == b"young"
    assert not part.exists()
    with pytest.raises(files.Missing):
        files.read(folder, orphan)


def test_a_forgotten_content_goes_with_the_next_sweep(runtime, clock):
    sha256 = keep(runtime).sha256
    with runtime.database.unit_of_work() as session:
        files.forget(session, sha256)
    folder = files.folder_of(runtime.settings)
    old = (clock.now_utc() - service.ORPHANS_LIVE).timestamp() - 60
    os.utime(folder / sha256[:2] / sha256, (old, old))
    jobs.sweep(runtime)
    with pytest.raises(files.Missing):
        files.read(folder, sha256)
