"""Clients that ask for one page over kept-alive connections, and what they saw."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Target:
    """A page under load: its address, the cookie of the person who asks, words that the right page contains."""

    address: str
    cookie: str
    words: str

    def fetch(self) -> str:
        """The page, once."""
        request = urllib.request.Request(self.address, headers={"Cookie": self.cookie})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())


@dataclass
class Seen:
    """The latencies of one slice, in seconds."""

    seconds: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """The latency below which this share of the requests stayed."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    @property
    def median(self) -> float:
        """The middle latency."""
        return statistics.median(self.seconds)


def ask(target: Target, seconds: float, clients: int = 1) -> Seen:
    """Let `clients` ask again and again for `seconds`. Raises `RuntimeError` for any answer that is not the page."""
    seen, faults, lock = Seen(), [], threading.Lock()
    end = time.monotonic() + seconds

    def client() -> None:
        try:
            own = _client(target, end)
        except Exception as error:  # a thread can't raise into the caller
            faults.append(error)
            return
        with lock:
            seen.seconds += own

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"{target.address}: {faults[0]}") from faults[0]
    return seen


def _client(target: Target, end: float) -> list[float]:
    parts = urlsplit(target.address)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    headers, words, latencies = {"Cookie": target.cookie}, target.words.encode(), []
    try:
        while time.monotonic() < end:
            started = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            latencies.append(time.perf_counter() - started)
            if answer.status != 200 or words not in body:
                raise RuntimeError(f"{answer.status} instead of the page: {body[:200]!r}")
    finally:
        connection.close()
    return latencies
