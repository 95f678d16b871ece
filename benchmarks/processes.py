"""Processes under measurement: the CPU seconds of a process and all its descendants, and a gunicorn to measure."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root: int) -> float:
    """User and system seconds of a process, its living descendants and those it has already buried."""
    children: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(int(fields[1]), []).append(int(name))
            spent[int(name)] = sum(int(fields[i]) for i in (11, 12, 13, 14))
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        total += spent.get(process, 0)
        waiting += children.get(process, [])
    return total / _TICKS


@contextmanager
def serving(
    command: list[str], environ: Mapping[str, str], address: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block is left."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env={**os.environ, **environ}, stdout=output, stderr=output
        )
    try:
        _wait(address, process, log)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{address} does not answer: {log.read_text(errors='replace')[-2000:]}")
