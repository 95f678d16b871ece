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
    ticks = 0
    for process in _family(root):
        fields = _stat(process)
        ticks += sum(int(fields[i]) for i in (11, 12, 13, 14)) if fields else 0
    return ticks / _TICKS


def memory_mib(root: int) -> float:
    """What a process and its living descendants hold, in MiB: shared pages are shared out among them (PSS)."""
    found = 0
    for process in _family(root):
        for line in Path("/proc", str(process), "smaps_rollup").read_text().splitlines():
            found += int(line.split()[1]) if line.startswith("Pss:") else 0
    return found / 1024


def _family(root: int) -> list[int]:
    """A process and its living descendants."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat(int(name))):
            children.setdefault(int(fields[1]), []).append(int(name))
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting += children.get(process, [])
    return found


def _stat(process: int) -> list[str]:
    """The fields of a process after its name; none when it has ended."""
    try:
        return Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


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
