"""Databases for tests: built once per worker by the real migrations, then copied for each test."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ebok_core.db import migrate
from ebok_core.runtime import Runtime
from ebok_core.tytan import copy, copy_schema

from .postgres import Server

BACKENDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


class Databases:
    """Makes databases of both kinds and forgets them when told.

    `folder` is shared by the workers of a run, and with it the templates: the first worker that needs one builds it.
    """

    def __init__(self, folder: Path, server: Callable[[], Server]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ask_server = server
        self._known_server: Server | None = None
        self._prefix = prefix_of(folder)

    def empty(self, backend: str) -> str:
        """The address of a new database without any table."""
        return self._make(backend, self._name())

    def copy_of(self, backend: str, key: Any, build: Callable[[str], None]) -> str:
        """The address of a new copy of the database that `build(url)` fills; it is built once per `key`."""
        template = self._template(backend, hashlib.sha256(repr(key).encode()).hexdigest()[:12], build)
        name = self._name()
        if backend == "postgresql":
            return self._server().create(name, template=template.rpartition("/")[2])
        shutil.copytree(_folder_of(template), self._folder / name)
        return _address(self._folder / name)

    def drop(self, url: str) -> None:
        """Remove a database that a test is done with."""
        if url.startswith("sqlite"):
            shutil.rmtree(_folder_of(url), ignore_errors=True)
        else:
            self._server().drop(url.rpartition("/")[2])

    def _template(self, backend: str, digest: str, build: Callable[[str], None]) -> str:
        name = f"{self._prefix}template_{digest}"
        note = self._folder / f"{backend}-{digest}"
        with open(note.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not note.exists():
                url = self._make(backend, name)
                try:
                    build(url)
                except BaseException:
                    self.drop(url)
                    raise
                note.write_text(url)
        return note.read_text()

    def _make(self, backend: str, name: str) -> str:
        return self._server().create(name) if backend == "postgresql" else _address(self._folder / name)

    def _server(self) -> Server:
        """The server, asked for when the first PostgreSQL database is: a run without one starts none."""
        if self._known_server is None:
            self._known_server = self._ask_server()
        return self._known_server

    def _name(self) -> str:
        return f"{self._prefix}{os.getpid()}_{next(_numbers)}"


def prefix_of(folder: Path) -> str:
    """What the names of a run's databases begin with: runs side by side on one server keep apart."""
    return f"ebok_test_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}_"


def prepare(runtime: Runtime) -> None:
    """Give a runtime's database and the copy their tables, as an installation has them before the first refresh."""
    migrate.upgrade(runtime.database, runtime.portal.migrations)
    copy_schema.ensure(runtime.database, runtime.portal.copy_tables)


def insert(runtime: Runtime, view: str, rows: Sequence[dict[str, Any]]) -> None:
    """Put rows straight into the copy, past the refresh: for tests that need rows and no circle."""
    table = copy.copy_table(next(v for v in runtime.portal.copy_tables if v.view == view))
    with runtime.database.refresher.begin() as connection:
        connection.execute(table.insert(), list(rows))


def _address(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'ebok.db'}"


def _folder_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).parent
