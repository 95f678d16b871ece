"""Deployment settings: environment variables, read once into frozen dataclasses.

`EBOK_<FIELD>` is the core's, `EBOK_<SHORT>__<FIELD>` a module's. Secrets may stand in a file of owner-only rights
(`EBOK_SECRETS_FILE`, default `<data folder>/secrets.env`), which `ebok init` writes. What an administrator edits are
runtime settings, another thing.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import secrets
import stat
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from cryptography.fernet import Fernet
from environs import Env, EnvError

from .errors import ConfigurationError

log = structlog.get_logger(__name__)

SECRETS = ("EBOK_SECRET_KEY", "EBOK_ENCRYPTION_KEYS", "EBOK_AUDIT_KEY")


def secret(**options: Any) -> Any:
    """A dataclass field that never shows in `repr`."""
    return field(repr=False, **options)


@dataclass(frozen=True, kw_only=True)
class CoreSettings:
    """The core's deployment settings, `EBOK_<FIELD>`."""

    data_dir: Path = Path("var")
    """Folder of the embedded databases, the queue, files and secrets."""
    database_url: str = secret(default="")
    """The portal's own database; empty: `ebok.db` and `tytan.db` in the data folder. PostgreSQL: `postgresql://…`."""
    queue_url: str = secret(default="")
    """The job queue's store; empty: SQLite in the data folder, or the portal's PostgreSQL. `redis://…` is the third."""
    secret_key: str = secret()
    """Signs cookies; at least 32 characters."""
    secret_key_fallbacks: list[str] = secret(default_factory=list)
    """Former secret keys that are still accepted."""
    encryption_keys: list[str] = secret()
    """Fernet keys for secrets in the database, the newest first."""
    audit_key: str = secret()
    """Key of the audit chain's hashes and of the HMAC of personal numbers."""
    audit_key_fallbacks: list[str] = secret(default_factory=list)
    """Former audit keys, with which older entries are verified."""
    public_url: str = "http://127.0.0.1:8080"
    """The address customers use: absolute links come from it, never from a request."""
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    """Web worker processes."""
    threads: int = 8
    """Threads of a web worker."""
    trusted_proxies: int = 0
    """How many proxies in front of the portal are trusted to name the client's address."""
    smtp_url: str = secret(default="smtp://127.0.0.1:1025")
    """The mail relay: `smtp://`, `smtp+starttls://` or `smtps://`, with user and password if needed."""
    mail_from: str = "ebok@localhost"
    sms_folder: str = ""
    """Where the gateway "folder" writes text messages, for demos and trials."""
    argon2_time_cost: int = 2
    argon2_memory_kib: int = 19_456
    argon2_parallelism: int = 1
    idle_minutes_customer: int = 20
    idle_minutes_staff: int = 10
    second_factor: bool = True
    """Staff must have a second factor of sign-in: administrators always, others by the utility's policy."""
    strict: bool = False
    """A module that fails stops the start, instead of being off (tests, CI)."""
    modules_disabled: list[str] = field(default_factory=list)
    demo: bool = False
    """The demonstration utility: the start is refused on a public host name."""
    log_level: str = "INFO"

    def __post_init__(self) -> None:
        check_core(self)

    @property
    def portal_url(self) -> str:
        """SQLAlchemy's address of the portal's database."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'ebok.db').absolute()}"

    @property
    def demands_second_factor(self) -> bool:
        """Whether staff must have a second factor; in the demonstration nobody must."""
        return self.second_factor and not self.demo

    @property
    def is_https(self) -> bool:
        """Whether customers reach the portal by https."""
        return urlsplit(self.public_url).scheme == "https"


def check_core(settings: CoreSettings) -> None:
    """Refuse values that would fail later; each sentence names the variable and says what to do.

    The floor of argon2id is OWASP's (identity.md §6.1): t=1 m≥47104, t=2 m≥19456, t≥3 m≥12288 KiB, p=1 and up.
    """
    if len(settings.secret_key) < 32:
        raise ConfigurationError("EBOK_SECRET_KEY is shorter than 32 characters: let `ebok init` make the keys")
    if len(settings.audit_key) < 32:
        raise ConfigurationError("EBOK_AUDIT_KEY is shorter than 32 characters: let `ebok init` make the keys")
    for key in settings.encryption_keys or [""]:
        try:
            Fernet(key)
        except ValueError as error:
            raise ConfigurationError(
                "EBOK_ENCRYPTION_KEYS holds a key that is no Fernet key: let `ebok init` make it"
            ) from error
    if urlsplit(settings.public_url).scheme not in ("http", "https") or not urlsplit(settings.public_url).hostname:
        raise ConfigurationError(
            f"EBOK_PUBLIC_URL={settings.public_url}: give a whole address, such as https://ebok.example.pl"
        )
    if not 1 <= settings.port <= 65535:
        raise ConfigurationError(f"EBOK_PORT={settings.port}: give a number from 1 to 65535")
    if settings.workers < 1 or settings.threads < 1:
        raise ConfigurationError("EBOK_WORKERS and EBOK_THREADS must be at least 1")
    floor = {1: 47_104, 2: 19_456}.get(settings.argon2_time_cost, 12_288)
    if settings.argon2_time_cost < 1 or settings.argon2_memory_kib < floor:
        raise ConfigurationError(
            f"EBOK_ARGON2_MEMORY_KIB={settings.argon2_memory_kib} is too weak for EBOK_ARGON2_TIME_COST="
            f"{settings.argon2_time_cost}: give at least {floor}"
        )
    for name in ("idle_minutes_customer", "idle_minutes_staff"):
        if not 5 <= getattr(settings, name) <= 60:
            raise ConfigurationError(f"EBOK_{name.upper()} must be from 5 to 60")
    if urlsplit(settings.smtp_url).scheme not in ("smtp", "smtps", "smtp+starttls"):
        raise ConfigurationError("EBOK_SMTP_URL must begin with smtp://, smtps:// or smtp+starttls://")
    scheme = urlsplit(settings.portal_url).scheme.split("+")[0]
    if scheme not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"EBOK_DATABASE_URL begins with {scheme}: only sqlite and postgresql are supported")
    if settings.demo and urlsplit(settings.public_url).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ConfigurationError(
            "EBOK_DEMO is on: the demo only serves 127.0.0.1 and localhost, change EBOK_PUBLIC_URL"
        )


def load_core(environ: Mapping[str, str]) -> CoreSettings:
    """Read the core's settings. Raises `ConfigurationError` with every wrong or missing variable named."""
    return typing.cast(CoreSettings, _load(CoreSettings, "EBOK_", with_secrets(environ)))


def load_module(settings: type, short: str, environ: Mapping[str, str]) -> Any:
    """Read a module's settings from `EBOK_<SHORT>__…`."""
    return _load(settings, f"EBOK_{short.upper()}__", with_secrets(environ))


def with_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment laid over the secrets file, where there is one. A file that others can read is refused."""
    folder = Path(environ.get("EBOK_DATA_DIR", str(CoreSettings.data_dir)))
    path = Path(environ.get("EBOK_SECRETS_FILE", str(folder / "secrets.env")))
    if not path.exists():
        return dict(environ)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigurationError(f"{path} can be read by others: run `chmod 600 {path}`")
    lines = (line.partition("=") for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {**{name.strip(): value.strip() for name, _, value in lines}, **environ}


def write_secrets(folder: Path) -> Path:
    """Make the keys of a new installation, once, in a file of owner-only rights; an existing file is kept."""
    path = folder / "secrets.env"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(path, "x", opener=_open_private) as file:
            file.write(f"EBOK_SECRET_KEY={secrets.token_urlsafe(48)}\n")
            file.write(f"EBOK_ENCRYPTION_KEYS={Fernet.generate_key().decode()}\n")
            file.write(f"EBOK_AUDIT_KEY={secrets.token_urlsafe(48)}\n")
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written ({error.strerror}): give the folder to this user") from error
    return path


def unknown_variables(environ: Mapping[str, str], modules: Iterable[tuple[str, type | None]]) -> list[str]:
    """Sentences about `EBOK_…` variables that nothing reads, with the nearest known name.

    A variable of a module that is not installed is only logged: the utility may have removed the module.
    """
    known = {f"EBOK_{f.name.upper()}" for f in dataclasses.fields(CoreSettings)} | {"EBOK_SECRETS_FILE"}
    prefixes = []
    for short, settings in modules:
        prefixes.append(f"EBOK_{short.upper()}__")
        known |= {prefixes[-1] + f.name.upper() for f in dataclasses.fields(settings)} if settings else set()
    complaints = []
    for name in sorted(
        n for n in environ if n.startswith("EBOK_") and n not in known and not n.startswith("EBOK_TEST_")
    ):
        if "__" in name and not any(name.startswith(prefix) for prefix in prefixes):
            log.warning("settings.module_absent", variable=name)
            continue
        near = difflib.get_close_matches(name, known, n=1)
        complaints.append(f"{name}: unknown" + (f"; did you mean {near[0]}?" if near else "; remove it"))
    return complaints


def _open_private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


_READERS: Mapping[Any, str] = {str: "str", int: "int", bool: "bool", Path: "path", list[str]: "list", float: "float"}


def _load(settings: type, prefix: str, environ: Mapping[str, str]) -> Any:
    """Fill a settings dataclass through environs, gathering every complaint before raising."""
    env = _EnvOf(environ)
    values: dict[str, Any] = {}
    complaints: list[str] = []
    hints = typing.get_type_hints(settings)
    for item in dataclasses.fields(settings):
        name = prefix + item.name.upper()
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if name not in environ:
            if required:
                complaints.append(f"{name} is missing" + (": run `ebok init` once" if name in SECRETS else ""))
            continue
        try:
            values[item.name] = getattr(env, _READERS[hints[item.name]])(name)
        except EnvError:
            complaints.append(f"{name}: {environ[name]!r} is no {_WORDS.get(hints[item.name], 'valid value')}")
    if complaints:
        raise ConfigurationError("; ".join(complaints))
    return settings(**values)


_WORDS: Mapping[Any, str] = {int: "whole number", bool: "true or false", float: "number"}


class _EnvOf(Env):
    """environs over a given mapping instead of the process environment, for tests and the secrets file."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._environ = environ

    def _get_value(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self._environ.get(key)
