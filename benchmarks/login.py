"""L1: what a sign-in costs beside the one password verification that nobody can do without; sign-ins a second."""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import argon2

from ebok_core import logs
from ebok_core import runtime as runtimes
from ebok_core import settings as deployment
from ebok_core.app import create_app_of
from ebok_core.identity import passwords
from ebok_core.identity import service as identity
from ebok_core.runtime import Runtime
from ebok_core.testing.databases import prepare
from ebok_core.testing.people import Visitor

from .report import Line, ratio_line

ROUNDS, BURST_S = 60, 4.0
PASSWORD = "Krople-stukaja-w-parapet-7"
LOGIN = {"login": "anna", "password": PASSWORD}


def lines(rounds: int = ROUNDS) -> Iterator[Line]:
    """Measure and yield the lines; about fifteen seconds."""
    with _portal() as runtime:
        hasher = passwords.hasher_in(runtime.database.info)
        encoded = hasher.hash(PASSWORD)
        bare = argon2.PasswordHasher()
        app = create_app_of(runtime)
        page = Visitor(app, app.response_class)
        page.submit("/logowanie", LOGIN)  # a first time compiles templates and statements, and knows the device
        counted = max(rounds // 3, 5)
        verify, service, posted = [], [], []
        for _ in range(counted):  # alternating, so that a busy machine weighs on all alike
            verify += _times(3, lambda: bare.verify(encoded, PASSWORD))
            service += _times(3, lambda: identity.sign_in(runtime, "anna", PASSWORD, kind="customer", device="d"))
            posted += [_post(page)]
        for name, of in (("least", min), ("median", statistics.median)):
            limit = of(verify) * 1000
            yield ratio_line("L1", f"CPU of a sign-in, {name}", of(service) * 1000, limit, "ms", most=1.3)
            yield ratio_line("L1", f"CPU of the POST around it, {name}", of(posted) * 1000, limit, "ms")
        yield _burst(runtime, of_verify=statistics.median(verify))


def _post(page: Visitor) -> float:
    """CPU seconds of one POST of the sign-in form; its page was opened before."""
    text = page.get("/kontakt").get_data(as_text=True)
    token = text.partition('name="csrf_token" value="')[2].partition('"')[0]
    started = time.process_time()
    answer = page.post("/logowanie", data={"csrf_token": token, **LOGIN})
    if answer.status_code != 303:
        raise RuntimeError(f"{answer.status_code} instead of a sign-in")
    return time.process_time() - started


def _times(count: int, act: Callable[[], object]) -> list[float]:
    """CPU seconds of this process for each of `count` calls."""
    found = []
    for _ in range(count):
        started = time.process_time()
        act()
        found.append(time.process_time() - started)
    return found


def _burst(runtime: Runtime, of_verify: float) -> Line:
    """Sign-ins a second with more threads than cores, against the most that the bare verification allows."""
    cores = len(os.sched_getaffinity(0))
    end, done, lock = time.monotonic() + BURST_S, [0], threading.Lock()

    def work(login: str) -> None:
        while time.monotonic() < end:
            identity.sign_in(runtime, login, PASSWORD, kind="customer", device=login)
            with lock:
                done[0] += 1

    threads = [threading.Thread(target=work, args=(f"burza{n}",)) for n in range(cores * 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ours, limit = done[0] / BURST_S, cores / of_verify
    return Line("L1", f"sign-ins a second, {cores} cores", f"{ours:.0f} /s", f"{limit:.0f} /s", ours / limit)


@contextmanager
def _portal() -> Iterator[Runtime]:
    """A portal on SQLite with real hashing costs and a few accounts."""
    with tempfile.TemporaryDirectory(prefix="ebok-bench-") as folder:
        deployment.write_secrets(Path(folder))
        logs.configure("WARNING")
        runtime = runtimes.build({"EBOK_DATA_DIR": folder}, modules=[])
        prepare(runtime)
        hashed = passwords.hasher_in(runtime.database.info).hash(PASSWORD)
        with runtime.database.unit_of_work() as session:
            for login in ("anna", *(f"burza{n}" for n in range(64))):
                identity.add_account(
                    session,
                    kind="customer",
                    login=login,
                    display_name="X",
                    password_hash=hashed,
                    customer_codes=["1-01001"],
                )
        yield runtime
        runtime.database.dispose()
