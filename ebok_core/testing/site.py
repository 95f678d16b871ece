"""The real thing for a browser: portal, worker, stand-in office and mailbox as processes, on free ports."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ebok_core.standin import demo

CUSTOMERS = 40


@dataclass
class Site:
    """A running demo: where it is, who may sign in, its processes (`portal`, `worker`, `tytan`, `poczta`)."""

    folder: Path
    ports: demo.Ports
    environ: dict[str, str]
    passwords: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The portal's address."""
        return f"http://{demo.HOST}:{self.ports.portal}"

    @property
    def mail_url(self) -> str:
        """The mailbox's address."""
        return f"http://{demo.HOST}:{self.ports.mail}"

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self.running[name]
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)

    def start_worker(self) -> None:
        """Start the worker again."""
        self.running["worker"] = demo._start(self.folder, "worker", ("ebok_core.cli", "worker"), self.environ)

    def log(self, name: str) -> str:
        """What a process has written."""
        return (self.folder / "log" / f"{name}.log").read_text(errors="replace")


@contextmanager
def running(folder: Path, database_url: str = "", customers: int = CUSTOMERS, **environ: str) -> Iterator[Site]:
    """Prepare a demo in `folder` and run it until the block is left."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = demo.Ports(**dict(zip(("portal", "mail", "smtp"), _free_ports(3), strict=True)))
    settings = {**demo.environment(folder, ports, database_url), **environ}
    passwords = demo.prepare(folder, settings, customers=customers, seed=1)
    with demo.processes(folder, ports, settings) as processes:
        site = Site(folder=folder, ports=ports, environ=settings, passwords=passwords, running=dict(processes))
        demo._wait_for(f"{site.url}/zdrowie", processes)
        try:
            yield site
        finally:
            for name, process in site.running.items():
                if process is not processes[name]:  # one that a test started in place of the first
                    process.terminate()
                    process.wait(timeout=10)


def eventually(look: Callable[[], Any], seconds: float = 30, what: str = "it") -> Any:
    """Look again until something true is seen. Raises `AssertionError` with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((demo.HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
