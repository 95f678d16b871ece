"""N1: ten thousand notices of e-invoices, announced and sent to a catcher on this machine, the worker killed meanwhile.

The worker is the real one, a process of its own, killed by SIGKILL three times and started again. Counted is what the
catcher holds: every document once, and none under a second Message-ID.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path

import sqlalchemy as sa

from ebok_core import clock, logs
from ebok_core import runtime as runtimes
from ebok_core import settings as deployment
from ebok_core.runtime import Runtime
from ebok_core.testing.databases import insert, prepare
from ebok_core.testing.postgres import free_port
from ebok_core.tytan import copy, state

from .report import Line

NOTICES, LIMIT_S, KILLS = 10_000, 300.0, 3
PATIENCE_S = 900.0


def lines(count: int = NOTICES, kills: int = KILLS) -> Iterator[Line]:
    """Measure and yield the lines; about five minutes."""
    with tempfile.TemporaryDirectory(prefix="ebok-bench-") as name:
        folder = Path(name)
        with _catcher(folder) as smtp:
            environ = _environ(folder, smtp)
            runtime = runtimes.build(environ)
            _fill(runtime, count)
            seconds, died = _run(environ, folder / "poczta", count, kills)
        ids = _ids(folder / "poczta")
        runtime.database.dispose()
    twice = sum(len(found) > 1 for found in ids.values())
    what = f"{count} notices queued and sent, the worker killed {died} times"
    yield Line("N1", what, f"{seconds:.0f} s", "", None, f"≤ {LIMIT_S:.0f} s", seconds <= LIMIT_S)
    yield Line("N1", "notices that never came", str(count - len(ids)), "", None, "0", len(ids) == count)
    yield Line("N1", "notices under a second Message-ID", str(twice), "", None, "0", twice == 0)


def _environ(folder: Path, smtp: int) -> dict[str, str]:
    deployment.write_secrets(folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EBOK_")}
    own = {"EBOK_DATA_DIR": str(folder), "EBOK_SMTP_URL": f"smtp://127.0.0.1:{smtp}", "EBOK_LOG_LEVEL": "CRITICAL"}
    return {**kept, **own}


def _fill(runtime: Runtime, count: int) -> None:
    """Customers with a consent and an address each, and after the module has begun, a document each."""
    from ebok_faktura import jobs

    logs.configure("ERROR")
    prepare(runtime)
    today = clock.today()
    insert(runtime, "ebok_customers", [_customer(n) for n in range(count + 1)])
    insert(runtime, "ebok_invoices", [_invoice(0, today)])
    with runtime.database.refresher.begin() as connection:
        connection.execute(state.state.insert().values(id=1, as_of=clock.now_utc()))
        connection.execute(state.views.insert().values(view="ebok_invoices", watermark=1, rows=1))
    jobs.notify(runtime)
    insert(runtime, "ebok_invoices", [_invoice(n, today) for n in range(1, count + 1)])
    with runtime.database.refresher.begin() as connection:
        connection.execute(sa.update(state.views).values(watermark=count + 1))


def _empty(table: sa.Table) -> dict[str, object]:
    """A row in which every text that must be there is `x`, and nothing else is."""
    texts = {c.name: "x" for c in table.c if isinstance(c.type, sa.String) and not c.nullable}
    return {**dict.fromkeys(c.name for c in table.c), **texts}


def _customer(number: int) -> dict[str, object]:
    return {
        **_empty(copy.customers),
        "code": f"9-{number:06d}",
        "email": f"odbiorca{number}@example.pl",
        "einvoice_since": date(2024, 1, 1),
        "registered_on": date(2020, 1, 1),
        "balance": Decimal(0),
        "change_no": number + 1,
    }


def _invoice(number: int, today: date) -> dict[str, object]:
    return {
        **_empty(copy.invoices),
        **{"net": Decimal(100), "vat": Decimal(8), "gross": Decimal(108), "to_pay": Decimal(108)},
        "number": f"N 2026/{number:06d}",
        "customer_code": f"9-{number:06d}",
        "kind": "invoice",
        "issued_on": today,
        "due_on": today + timedelta(days=14),
        "has_xml": False,
        "change_no": number + 1,
    }


def _run(environ: dict[str, str], mails: Path, count: int, kills: int) -> tuple[float, int]:
    """Seconds from the worker's first start until the catcher holds everything, and how often it was killed."""
    dice = random.Random(1)
    goals = sorted(dice.randint(count // 20, count * 3 // 4) for _ in range(kills))
    started, died = time.monotonic(), 0
    worker = _worker(environ)
    try:
        # A mail may be there twice under one id, at most one for each kill: near the end the documents are counted.
        while time.monotonic() - started < PATIENCE_S:
            held = _held(mails)
            if held >= count and len(_ids(mails)) >= count:
                break
            if goals and held >= goals[0]:
                goals.pop(0)
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                died += 1
                worker = _worker(environ)
            time.sleep(0.25)
        return time.monotonic() - started, died
    finally:
        worker.terminate()
        worker.wait(timeout=60)


def _worker(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", "ebok_core.cli", "worker"], env=environ, stdout=quiet, stderr=quiet)


def _held(mails: Path) -> int:
    """Mails that the catcher holds; one that a killed worker repeats under its id counts twice."""
    return sum(1 for entry in os.scandir(mails) if entry.name.endswith(".eml"))


def _ids(folder: Path) -> dict[str, set[str]]:
    """The Message-IDs under which each document was announced."""
    found: dict[str, set[str]] = {}
    for path in folder.glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        words = str(mail["Subject"]).replace("\N{NO-BREAK SPACE}", " ").split()
        found.setdefault(f"{words[1]} {words[2].rstrip(':')}", set()).add(str(mail["Message-ID"]))
    return found


@contextmanager
def _catcher(folder: Path) -> Iterator[int]:
    """The demo's mail catcher as a process of its own; gives its SMTP port."""
    smtp, web = free_port(), free_port()
    command = [sys.executable, "-m", "ebok_core.standin.mailbox", str(folder / "poczta"), str(smtp), str(web)]
    process = subprocess.Popen(command)
    try:
        end = time.monotonic() + 20
        while not (folder / "poczta").exists() and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(0.5)
        yield smtp
    finally:
        process.terminate()
        process.wait(timeout=20)
