"""W1, W6, W7, W8: a list page of the real portal against the raw page, on SQLite and on PostgreSQL, side by side."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from babel.messages.pofile import read_po

import ebok_core
from ebok_core import logs
from ebok_core import runtime as runtimes
from ebok_core import settings as deployment
from ebok_core.app import create_app_of
from ebok_core.db import Database
from ebok_core.identity import service as identity
from ebok_core.testing import people, postgres
from ebok_core.testing.databases import prepare
from ebok_core.testing.statements import counted
from ebok_core.tytan import copy

from .limits import page as limit_page
from .limits import raw
from .load import Seen, Target, ask
from .processes import cpu_seconds, memory_mib, serving
from .report import Line, ratio_line

ROUNDS, SLICE_S = 8, 2.0
PAGE = "/liczniki"
CUSTOMERS = 1_000
FEW = "B"
MANY = (
    "SELECT p.customer_code FROM ebok_meters m JOIN ebok_service_points p ON p.code = m.point_code GROUP BY 1 "
    "HAVING count(DISTINCT p.code) <= 3 ORDER BY abs(count(*) - 20), 1"
)
"""Whose list fills a page: a customer with some 20 meters at a few points, not C with 300 points to filter by."""
MOST_QUERIES = 6
MOST_MEMORY_MIB = 160


@dataclass(frozen=True)
class Side:
    """One of the two: the page, the server's process, the database server's process (None: it is inside)."""

    target: Target
    server: int
    database: int | None

    def cpu(self) -> float:
        """CPU seconds spent so far."""
        return cpu_seconds(self.server) + (cpu_seconds(self.database) if self.database else 0.0)


def lines(rounds: int = ROUNDS) -> Iterator[Line]:
    """Measure and yield the lines; about two minutes."""
    for backend in ("sqlite", "postgresql"):
        with pair(backend, workers=1) as (portal, limit):
            yield from _cpu(backend, portal, limit, rounds)
            yield from _one_client(backend, portal, limit)
        with pair(backend, workers=2) as (portal, limit):
            yield from _eight_clients(backend, portal, limit)
            yield _memory(backend, portal)
    yield from queries()


class Settled(NamedTuple):
    """Who asks for the list: the cookie for the portal, the customer's code, the token of their session."""

    cookie: str
    customer: str
    token: str


@contextmanager
def pair(backend: str, workers: int) -> Iterator[tuple[Side, Side]]:
    """The portal and the raw page on the same database, both behind gunicorn with the same numbers."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ebok-bench-")))
        url = ""
        if backend == "postgresql":
            # A server as a utility runs it: everything durable, nothing switched off.
            real = {name: "on" for name in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")}
            url = stack.enter_context(postgres.cluster(**real)).create("ebok")
        environ = _environment(folder, url, workers)
        settled = _settle(environ, folder)
        if url:
            with Database(url).refresher.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
        portal = stack.enter_context(
            serving(["ebok_core.cli", "serve"], environ, f"{environ['EBOK_PUBLIC_URL']}/zdrowie", folder / "portal.log")
        )
        port = postgres.free_port()
        command = ["gunicorn", "-b", f"127.0.0.1:{port}", "-w", str(workers), "--threads", environ["EBOK_THREADS"]]
        command += ["-k", "gthread", "--no-control-socket", "benchmarks.limits.raw:app"]
        source = {"RAW_DATABASE": url or str(folder), "RAW_TEMPLATES": str(folder)}
        limit = stack.enter_context(serving(command, source, f"http://127.0.0.1:{port}/zdrowie", folder / "raw.log"))
        server = _postmaster(url) if url else None
        ours = Target(environ["EBOK_PUBLIC_URL"] + PAGE, settled.cookie, "</table>")
        theirs = Target(f"http://127.0.0.1:{port}{PAGE}", _raw_cookie(settled.token), "</table>")
        _must_be_the_same_page(ours.fetch(), theirs.fetch())
        yield Side(ours, portal.pid, server), Side(theirs, limit.pid, server)


def queries() -> Iterator[Line]:
    """W8: how many statements the page sends, for one row and for twenty."""
    with tempfile.TemporaryDirectory(prefix="ebok-bench-") as folder:
        environ = _environment(Path(folder), "", 1)
        many = _settle(environ, Path(folder)).customer
        runtime = runtimes.build(environ)
        app = create_app_of(runtime)
        seen = {}
        for person in (FEW, many):
            browser = people.sign_in(app, person)
            browser.get(PAGE)  # the first request compiles templates and statements
            with counted() as statements:
                assert browser.get(PAGE).status_code == 200
            seen[person] = len(statements)
        runtime.database.dispose()
    few, twenty = seen[FEW], seen[many]
    is_kept = few == twenty and twenty <= MOST_QUERIES
    target = f"≤ {MOST_QUERIES}, the same"
    yield Line("W8", "queries of a list, few and 20 rows", f"{few}, {twenty}", target=target, is_kept=is_kept)


def _cpu(backend: str, portal: Side, limit: Side, rounds: int) -> Iterator[Line]:
    spent: dict[Side, list[float]] = {portal: [], limit: []}
    for side in (portal, limit):
        ask(side.target, 0.5)
    for _ in range(rounds):
        for side in (portal, limit):
            before = side.cpu()
            seen = ask(side.target, SLICE_S)
            spent[side].append((side.cpu() - before) / len(seen.seconds) * 1000)
    for name, of in (("least", min), ("median", statistics.median)):
        what = f"CPU of a 20-row list, {backend}, {name}"
        yield ratio_line("W1", what, of(spent[portal]), of(spent[limit]), "ms", most=2.0)


def _one_client(backend: str, portal: Side, limit: Side) -> Iterator[Line]:
    ours, theirs = _alternate(portal, limit, clients=1)
    yield ratio_line("W6", f"p50, one client, {backend}", ours.median * 1000, theirs.median * 1000, "ms", most=2.5)


def _eight_clients(backend: str, portal: Side, limit: Side) -> Iterator[Line]:
    ours, theirs = _alternate(portal, limit, clients=8)
    what = f"p99, 8 clients on 2 workers, {backend}"
    yield ratio_line("W6", what, ours.percentile(0.99) * 1000, theirs.percentile(0.99) * 1000, "ms", most=2.5)


def _memory(backend: str, portal: Side) -> Line:
    """W7: the portal with its modules, two workers and what starts them, after the load."""
    held = memory_mib(portal.server)
    what, target = f"memory of 2 workers, {backend}", f"≤ {MOST_MEMORY_MIB} MiB"
    return Line("W7", what, f"{held:.0f} MiB", target=target, is_kept=held <= MOST_MEMORY_MIB)


def _alternate(portal: Side, limit: Side, clients: int) -> tuple[Seen, Seen]:
    gathered = {portal: Seen(), limit: Seen()}
    for side in (portal, limit):
        ask(side.target, 0.5, clients)
    for _ in range(4):
        for side, seen in gathered.items():
            seen.seconds += ask(side.target, SLICE_S, clients).seconds
    return gathered[portal], gathered[limit]


def _environment(folder: Path, url: str, workers: int) -> dict[str, str]:
    deployment.write_secrets(folder)
    port = postgres.free_port()
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("EBOK_")},
        "EBOK_DATA_DIR": str(folder),
        "EBOK_PORT": str(port),
        "EBOK_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "EBOK_WORKERS": str(workers),
        "EBOK_THREADS": "2",
        "EBOK_LOG_LEVEL": "ERROR",
        **({"EBOK_DATABASE_URL": url} if url else {}),
    }


def _settle(environ: dict[str, str], folder: Path) -> Settled:
    """Fill the database with the invented utility, sign somebody in, and write the limit's template beside it."""
    logs.configure("WARNING")
    runtime = runtimes.build(environ)
    prepare(runtime)
    tytan = folder / "tytan-sql.db"
    people.settle(runtime, people.make_tytan(tytan, CUSTOMERS))
    with closing(sqlite3.connect(tytan)) as connection:
        customer = str(connection.execute(MANY).fetchone()[0])
    with runtime.database.unit_of_work() as session:
        identity.add_account(
            session, kind="customer", login=customer, display_name="Wspólnota", customer_codes=[customer]
        )
    browser: Any = people.sign_in(create_app_of(runtime), customer)
    browser.get(PAGE)  # the first page gives the session its form token, as in every real browser
    page = browser.get(PAGE).get_data(as_text=True)
    with browser.session_transaction() as kept:
        token = str(kept["_user_id"])
    with runtime.database.snapshot() as session:
        name = str(session.execute(sa.select(copy.customers.c.name).filter_by(code=customer)).scalar_one())
    (folder / "meters.html").write_text(limit_page.template_of(page, customer, name, _messages()))
    cookie = next(iter(browser._cookies.values()))
    runtime.database.dispose()
    return Settled(f"{cookie.key}={cookie.value}", customer, token)


def _messages() -> dict[str, str]:
    """The core's messages by their Polish text."""
    found: dict[str, str] = {}
    for path in sorted(Path(ebok_core.__file__).parent.glob("translations/pl/LC_MESSAGES/*.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale="pl"):
                if isinstance(message.id, str) and message.id and not message.context and "%(" not in message.id:
                    found.setdefault(str(message.string), message.id)
    return found


def _raw_cookie(token: str) -> str:
    with raw.app.test_request_context():
        signed = raw.app.session_interface.get_signing_serializer(raw.app)  # type: ignore[attr-defined]
        own = {"token": token, "csrf_token": hashlib.sha256(token.encode()).hexdigest()[:40]}
        return f"{raw.app.config['SESSION_COOKIE_NAME']}={signed.dumps(own)}"


def _must_be_the_same_page(ours: str, theirs: str) -> None:
    """The limit answers with what the portal answers with, word by word. Raises `RuntimeError` for the first other."""
    pairs = zip_longest(limit_page.words_of(ours), limit_page.words_of(theirs))
    other = next((pair for pair in pairs if pair[0] != pair[1]), None)
    if other or abs(len(theirs) / len(ours) - 1) > 0.03:
        raise RuntimeError(f"the limit is another page: {other}, {len(ours)} and {len(theirs)} characters")


def _postmaster(url: str) -> int:
    """The process of the server behind an address: the parent of our own backend."""
    import psycopg

    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        return int(Path("/proc", str(backend), "stat").read_text().rpartition(")")[2].split()[1])
