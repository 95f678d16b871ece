"""`ebok demo`: an invented utility in one command: TYTAN's stand-in, a mail catcher, the worker and the portal.

The parts are the real ones, each a process of its own, and they meet where they would meet at a utility: in two
databases and on three loopback ports.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import sqlalchemy as sa

from ebok_core import clock, runtime_settings, server
from ebok_core import runtime as runtimes
from ebok_core import settings as deployment
from ebok_core.contact.settings import ContactConfig, ContactConfigSchema
from ebok_core.db import migrate
from ebok_core.errors import ConfigurationError, EbokError
from ebok_core.identity import service as identity
from ebok_core.identity.passwords import hasher_in
from ebok_core.notifications.settings import FOLDER, SmsConfig, SmsConfigSchema
from ebok_core.runtime import Runtime
from ebok_core.tytan import copy_schema, refresh
from ebok_core.tytan.settings import TytanConfig, TytanConfigSchema
from ebok_core.tytan.state import copy_state

from . import announcements, cases
from .generator import generate

HOST = "127.0.0.1"
START_LIMIT_S = 60.0
# Words for the demo people's passphrases: easy to type from the screen, made anew for each installation (S80).
_WORDS = (
    "bursztyn czapla dolina ekran fasola gawron huragan iskra jagoda kajak latarnia malina narzuta ogryzek parasol "
    "rzodkiew sierpień tulipan uprząż wiklina zając źródło żagiel brzoza chmiel drabina gwizdek kalina lipiec mazurek"
).split()


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who can sign in to the demo. `customer_codes` are empty for staff."""

    login: str
    name: str
    who: str
    kind: str = "customer"
    roles: tuple[str, ...] = ()
    customer_codes: tuple[str, ...] = ()
    email: str | None = None


PEOPLE = (
    Person(
        login="1-01001",
        name="Maria Zielińska",
        who="A: dom i działka, zaległość 29,20 zł",
        customer_codes=("1-01001", "1-01006"),
        email="maria.zielinska@wodociagi-struga.example",
    ),
    Person(
        login="1-01002",
        name="Jan Brzozowski",
        who="B: nadpłata 40,00 zł",
        customer_codes=("1-01002",),
        email="jan.brzozowski@wodociagi-struga.example",
    ),
    Person(
        login="1-01003",
        name="Zarząd spółdzielni",
        who="C: spółdzielnia, 300 punktów",
        customer_codes=("1-01003",),
        email="zarzad@wodociagi-struga.example",
    ),
    Person(login="1-01004", name="Halina Dąb", who="D: bez adresu e-mail", customer_codes=("1-01004",)),
    Person(
        login="bok",
        name="Ewa Lis",
        who="pracownica biura obsługi",
        kind="staff",
        roles=("clerk",),
        email="bok@wodociagi-struga.example",
    ),
    Person(
        login="admin",
        name="Adam Wilk",
        who="administrator",
        kind="staff",
        roles=("admin",),
        email="admin@wodociagi-struga.example",
    ),
)

UTILITY = ContactConfig(
    name="Wodociągi Brzozowa Struga sp. z o.o.",
    short_name="Wodociągi Brzozowa Struga",
    address="ul. Źródlana 5, 62-999 Brzozowa Struga",
    hours="pon.–pt. 7:00–15:00, śr. do 17:00",
    phone="61 000 00 12",
    emergency_phone="994",
    email="bok@wodociagi-struga.example",
    website="https://www.wodociagi-struga.example",
)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The demo's loopback ports."""

    portal: int = 8080
    mail: int = 8025
    smtp: int = 1025


def run_demo(folder: Path, ports: Ports, customers: int, seed: int, database_url: str = "") -> None:
    """Prepare what is missing and serve until Ctrl-C.

    Raises `ConfigurationError` when the folder is in use by another demo, can't be written, or a port is taken.
    """
    with _alone(folder):
        environ = environment(folder, ports, database_url)
        for port, option in ((ports.portal, "--port"), (ports.mail, "--mail-port"), (ports.smtp, "--smtp-port")):
            server.check_port(HOST, port, option)
        passwords = prepare(folder, environ, customers=customers, seed=seed)
        with processes(folder, ports, environ) as running:
            _wait_for(f"http://{HOST}:{ports.portal}/zdrowie", running)
            click.echo(introduction(ports, passwords))
            _watch(running)


def environment(folder: Path, ports: Ports, database_url: str = "") -> dict[str, str]:
    """The deployment settings of the demo, for this process and for its children."""
    kept = ("EBOK_STRICT", "EBOK_MODULES_DISABLED")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EBOK_") or name in kept}
    environ.update(
        EBOK_DATA_DIR=str(folder.absolute()),
        EBOK_DEMO="1",
        EBOK_HOST=HOST,
        EBOK_PORT=str(ports.portal),
        EBOK_PUBLIC_URL=f"http://{HOST}:{ports.portal}",
        EBOK_SMTP_URL=f"smtp://{HOST}:{ports.smtp}",
        EBOK_MAIL_FROM=UTILITY.email,
        EBOK_SMS_FOLDER=str(folder.absolute() / "poczta"),
    )
    if database_url:
        environ["EBOK_DATABASE_URL"] = database_url
    return environ


def prepare(folder: Path, environ: Mapping[str, str], *, customers: int, seed: int) -> dict[str, str]:
    """Make keys, tables, TYTAN's stand-in, the settings, the accounts and the first copy, each only once.

    Returns the passwords by login.
    """
    deployment.write_secrets(folder)
    runtime = runtimes.build(environ)
    runtime.database.ping()
    migrate.upgrade(runtime.database, runtime.portal.migrations)
    copy_schema.ensure(runtime.database, runtime.portal.copy_tables)
    _make_tytan(folder, customers, seed)
    passwords = _make_accounts(folder, runtime)
    _save_settings(folder, runtime)
    with runtime.database.snapshot() as session:
        is_filled = copy_state(session).as_of is not None
    if not is_filled:
        click.echo("Kopia danych z TYTAN powstaje po raz pierwszy…")
        report = refresh.refresh(runtime)
        if report.problem:
            raise EbokError(report.problem)
    cases.write(runtime)
    announcements.write(runtime)
    runtime.database.dispose()
    return passwords


def tytan_url(folder: Path) -> str:
    """The address of the stand-in's database."""
    return f"sqlite:///{(folder / 'tytan-sql.db').absolute()}"


def _make_tytan(folder: Path, customers: int, seed: int) -> None:
    path = folder / "tytan-sql.db"
    if path.exists():
        return
    click.echo(f"Powstaje wymyślony zakład: {customers} klientów…")
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{part}")
    generate(engine, customers=customers, seed=seed, as_of=clock.today())
    engine.dispose()
    part.replace(path)


def _make_accounts(folder: Path, runtime: Runtime) -> dict[str, str]:
    """The demo people with passphrases of their own; kept in a file of owner-only rights to be shown again."""
    path = folder / "people.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    passwords = {person.login: "-".join(secrets.choice(_WORDS) for _ in range(4)) for person in PEOPLE}
    hasher = hasher_in(runtime.database.info)
    hashes = {login: hasher.hash(password) for login, password in passwords.items()}
    with runtime.database.unit_of_work() as session:
        for person in PEOPLE:
            identity.add_account(
                session,
                kind=person.kind,
                login=person.login,
                display_name=person.name,
                email=person.email,
                password_hash=hashes[person.login],
                roles=person.roles,
                customer_codes=person.customer_codes,
            )
    path.touch(mode=0o600)
    path.write_text(json.dumps(passwords, ensure_ascii=False, indent=1))
    return passwords


def _save_settings(folder: Path, runtime: Runtime) -> None:
    with runtime.database.unit_of_work() as session:
        for schema, values in (
            (TytanConfigSchema, TytanConfig(address=tytan_url(folder), refresh_seconds=5)),
            (ContactConfigSchema, UTILITY),
            (SmsConfigSchema, SmsConfig(gateway=FOLDER, sender="Wodociagi")),
        ):
            if runtime_settings.saved_at(session, schema) is None:
                runtime_settings.save(session, schema, values, keys=runtime.settings.encryption_keys)


@contextmanager
def processes(folder: Path, ports: Ports, environ: Mapping[str, str]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Start the four processes and end them, the portal first, when the block is left."""
    (folder / "log").mkdir(exist_ok=True)
    commands = {
        "poczta": ("ebok_core.standin.mailbox", str(folder / "poczta"), str(ports.smtp), str(ports.mail)),
        "tytan": ("ebok_core.standin.server", tytan_url(folder)),
        "worker": ("ebok_core.cli", "worker"),
        "portal": ("ebok_core.cli", "serve"),
    }
    running = {name: _start(folder, name, command, environ) for name, command in commands.items()}
    try:
        yield running
    finally:
        for process in reversed(running.values()):
            process.send_signal(signal.SIGTERM)
        for process in running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def introduction(ports: Ports, passwords: Mapping[str, str]) -> str:
    """What the person at the terminal reads: the address, the demo people, where their mail is."""
    width = max(len(person.login) for person in PEOPLE)
    return "\n".join(
        [
            "",
            f"  Portal klienta:  http://{HOST}:{ports.portal}/",
            f"  Panel zakładu:   http://{HOST}:{ports.portal}/panel/",
            f"  Poczta:          http://{HOST}:{ports.mail}/",
            "",
            "  Login i hasło:",
            *(f"    {p.login:<{width}}  {passwords[p.login]:<34}  {p.name}, {p.who}" for p in PEOPLE),
            "",
            "  Ctrl-C kończy.",
        ]
    )


def _start(folder: Path, name: str, command: tuple[str, ...], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with open(folder / "log" / f"{name}.log", "ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", *command],
            env=dict(environ),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _wait_for(url: str, running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    end = clock.monotonic() + START_LIMIT_S
    while clock.monotonic() < end:
        _check(running)
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
                return
        except OSError:
            time.sleep(0.1)
    raise EbokError("Portal nie odpowiada. Powód jest w katalogu log.")


def _check(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for name, process in running.items():
        if process.poll() is not None:
            raise EbokError(f"Proces „{name}” zakończył się (kod {process.returncode}). Powód: plik log/{name}.log.")


def _watch(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            _check(running)
            time.sleep(0.5)
    except KeyboardInterrupt:
        click.echo("\nKoniec.")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One demo a folder: a second start says so instead of writing over the first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / "demo.lock", "w")
    except OSError as error:
        raise ConfigurationError(
            f"{folder} can't be written ({error.strerror}): give it to this user, or choose another with --folder"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                f"A demo already runs in {folder}: use it, stop it, or choose another with --folder and other ports"
            ) from error
        yield
