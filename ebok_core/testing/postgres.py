"""A temporary PostgreSQL cluster for tests: Debian's server, started on first need and gone with the run.

One cluster serves all pytest-xdist workers of a run. A guard process stops it when the run dies without saying goodbye.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

USER = "ebok"
INIT_OPTIONS = ("-U", USER, "-A", "trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
SERVER_OPTIONS = {
    # Nothing here outlives the run, so nothing is flushed to the disk.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "listen_addresses": "127.0.0.1",
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A PostgreSQL server that tests may create databases on; `url` is its address without a database."""

    url: str

    def url_of(self, database: str) -> str:
        """The address of one database, as `EBOK_DATABASE_URL` wants it."""
        return f"{self.url}/{database}"

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction, on the maintenance database."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def create(self, database: str, template: str | None = None) -> str:
        """Create a database, empty or as a copy of another one that nobody is connected to; returns its address."""
        source = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""
        self.execute(f'CREATE DATABASE "{database}"{source}')
        return self.url_of(database)

    def names(self, prefix: str) -> list[str]:
        """The databases whose names begin with `prefix`."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (prefix,))
            return sorted(name for (name,) in found)

    def drop(self, database: str) -> None:
        """Drop a database and whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def start(folder: Path, **options: str) -> Server:
    """Make a cluster in `folder` and start it on a free loopback port. Raises `RuntimeError` with the server's words.

    `options` are laid over `SERVER_OPTIONS`. The server refuses to run as root, so root starts it as `postgres`.
    """
    data = folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    who = _server_user()
    if who:
        shutil.chown(folder, "postgres", "postgres")
    _run(
        "initdb", "-D", str(data), "-U", USER, "-A", "trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", **who
    )
    port = free_port()
    chosen = {**SERVER_OPTIONS, "port": str(port), "unix_socket_directories": str(folder), **options}
    switches = " ".join(f"-c {name}={value}" for name, value in chosen.items())
    _run("pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-w", "-t", "30", "-o", switches, "start", **who)
    return Server(url=f"postgresql://{USER}@127.0.0.1:{port}")


def stop(folder: Path, mode: str = "immediate") -> None:
    """Stop the cluster in `folder`, if it runs; `immediate` is how a crash looks to the server."""
    if (folder / "data" / "postmaster.pid").exists():
        _run("pg_ctl", "-D", str(folder / "data"), "-m", mode, "-w", "stop", check=False, **_server_user())


@contextmanager
def cluster(**options: str) -> Iterator[Server]:
    """A cluster of one's own, for tests that kill the server or fill its disk."""
    folder = Path(tempfile.mkdtemp(prefix="ebok-pg-"))
    try:
        yield start(folder, **options)
    finally:
        stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def shared(folder: Path, owner: int) -> Server:
    """The run's one cluster: the first worker that asks starts it; a guard watches the process `owner`."""
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "address"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not address.exists():
            _guard(folder, owner)
            address.write_text(start(folder).url)
    return Server(url=address.read_text())


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _guard(folder: Path, owner: int) -> None:
    """Stop the cluster once the owner is gone, even if it was killed."""
    command = [sys.executable, "-m", "ebok_core.testing.postgres", str(folder), str(owner)]
    # Nobody here waits for it, so it is no Popen, which would complain when it is forgotten.
    silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    os.posix_spawn(sys.executable, command, os.environ, file_actions=silent, setsid=True)


def _watch(folder: Path, owner: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while _is_alive(owner) and folder.exists():
        time.sleep(0.5)
    stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _server_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _program(name: str) -> str:
    """The newest installed server's program: Debian keeps them off the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if not found:
        raise RuntimeError(f"{name} is missing: apt-get install -y postgresql, or set EBOK_TEST_DATABASE_URL")
    return found


def _run(program: str, *arguments: str, check: bool = True, **who: Any) -> None:
    with tempfile.TemporaryFile("w+") as output:  # a pipe would be kept open by the server for ever
        command = [_program(program), *arguments]
        environment = {"PATH": os.environ["PATH"]}
        done = subprocess.run(command, stdout=output, stderr=output, cwd="/", env=environment, **who)
        if check and done.returncode:
            output.seek(0)
            raise RuntimeError(f"{program} failed: {output.read().strip()}")


if __name__ == "__main__":
    _watch(Path(sys.argv[1]), int(sys.argv[2]))
