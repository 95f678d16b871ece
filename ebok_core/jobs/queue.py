"""The queue: huey carries "look at this target" and "look at this run", never data; the rows are the truth.

Delivery by huey is at most once (dependencies.md §9): a task that is lost is found again by the worker's tick.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import structlog
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey import exceptions as huey_exceptions
from huey.serializer import SignedSerializer

from ebok_core.errors import ConfigurationError
from ebok_core.outbox import nudges

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime
    from ebok_core.settings import CoreSettings

log = structlog.get_logger(__name__)

_KEY = "ebok.jobs.queues"
OUTBOX, JOBS = "ebok_outbox", "ebok_jobs"
MOST_WAITING = 200
"""Above this many tasks in a queue a nudge adds nothing: those that wait will find the same rows."""

Work = Callable[[str], object]


class Queue:
    """One named queue of the portal. Tasks carry one text, the key of what to look at."""

    def __init__(self, huey: Huey) -> None:
        self.huey = huey
        self._work: Work = _nothing
        self._task = huey.task(name="look")(self._look)

    def serve(self, work: Work) -> None:
        """Name what a worker does with a key."""
        self._work = work

    def put(self, key: str) -> bool:
        """Ask the workers to look at `key`. False where the queue fails; that is logged and nothing is lost."""
        try:
            if self.huey.pending_count() < MOST_WAITING:
                self._task(key)
        except Exception as error:
            log.warning("queue.failed", queue=self.huey.name, error=type(error).__name__)
            return False
        return True

    def waiting(self) -> int | None:
        """How many tasks wait, or None where the queue can't be asked."""
        try:
            return int(self.huey.pending_count())
        except Exception as error:
            log.warning("queue.failed", queue=self.huey.name, error=type(error).__name__)
            return None

    def _look(self, key: str) -> None:
        self._work(key)


class Queues:
    """A runtime's queues, opened at their first use in each process and closed with the database."""

    def __init__(self, settings: CoreSettings) -> None:
        self._settings = settings
        self._open: dict[tuple[str, int], Queue] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Queue:
        """The queue of this name, where the settings say."""
        # One connection a process: a forked child opens its own, its parent's would break both.
        key = (name, os.getpid())
        with self._lock:
            if key not in self._open:
                self._open[key] = _open(self._settings, name)
            return self._open[key]

    def close(self) -> None:
        """Close this process's connections; the next use opens new ones."""
        with self._lock:
            for name, process in list(self._open):
                queue = self._open.pop((name, process))
                if process == os.getpid():
                    queue.huey.storage.close()


def connect(runtime: Runtime) -> None:
    """Let every commit on this runtime's database that writes into the outbox nudge the workers."""
    queues = Queues(runtime.settings)
    runtime.database.closers.append(queues.close)
    runtime.database.info |= {_KEY: queues, **nudges.for_sessions(lambda target: queues.get(OUTBOX).put(target))}


def of(runtime: Runtime) -> Queues:
    """The runtime's queues."""
    return cast(Queues, runtime.database.info[_KEY])


def _default_url(settings: CoreSettings) -> str:
    if urlsplit(settings.portal_url).scheme.startswith("postgresql"):
        return settings.portal_url
    return f"sqlite:///{(settings.data_dir / 'queue.db').absolute()}"


def _open(settings: CoreSettings, name: str) -> Queue:
    url = settings.queue_url or _default_url(settings)
    # huey speaks of every task by the standard logger; ours say what matters.
    logging.getLogger("huey").setLevel(logging.WARNING)
    # The store may be shared with others (Redis): a task that is not signed with our key is never unpickled.
    options: dict[str, Any] = {"results": False, "serializer": SignedSerializer(secret=settings.secret_key, salt=name)}
    scheme = urlsplit(url).scheme.split("+")[0]
    if scheme == "sqlite":
        return Queue(_sqlite(Path(url.removeprefix("sqlite:///")), name, options))
    if scheme == "postgresql":
        # Its tables come with our migrations: the web's database role may create nothing (security.md S74).
        dsn = f"postgresql{url[url.index(':') :]}"
        return Queue(PostgresHuey(name, dsn=dsn, create_tables=False, read_timeout=1, **options))
    if scheme in ("redis", "rediss", "unix"):
        try:
            return Queue(RedisHuey(name, url=url, **options))
        except huey_exceptions.ConfigurationError as error:
            raise ConfigurationError("EBOK_QUEUE_URL names Redis: install the package redis") from error
    raise ConfigurationError("EBOK_QUEUE_URL must begin with sqlite://, postgresql:// or redis://")


def _sqlite(path: Path, name: str, options: dict[str, Any]) -> Huey:
    """The embedded queue: a file of its own, disposable, not synced to the disk; a broken one is set aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        huey = SqliteHuey(name, filename=str(path), timeout=20, fsync=False, **options)
        huey.pending_count()
    except Exception as error:
        if "locked" in str(error) or not path.exists():
            raise
        log.error("queue.set_aside", error=type(error).__name__)
        path.replace(path.with_suffix(".broken"))
        huey = SqliteHuey(name, filename=str(path), timeout=20, fsync=False, **options)
    path.chmod(0o600)
    return huey


def _nothing(key: str) -> None:
    log.warning("queue.unserved", key=key)
