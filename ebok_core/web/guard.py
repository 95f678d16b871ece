"""Calls into modules that may fail: each behind a savepoint, timed and counted; the page survives (R35, rule 3).

Everything is caught but the interpreter's own stop signal. Five failures or slow calls within ten minutes switch the
module's live parts off until the next start, with an alarm in the log.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import structlog
from flask import current_app, has_app_context
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ebok_core import clock, plugins
from ebok_core.errors import DatabaseUnavailable, StorageFull
from ebok_core.portal import Portal

from .context import reading, runtime, snapshot

log = structlog.get_logger(__name__)

FAILURES, WINDOW_S, SLOW_S = 5, 600.0, 2.0


class Failed:
    """What a guarded call gives instead of a result: the module it belongs to."""

    def __init__(self, module: str) -> None:
        self.module = module


@dataclass
class Breaker:
    """Failures of each module in this process; the core itself is never switched off."""

    failures: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    off: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def is_off(self, module: str) -> bool:
        """Whether the module's live parts are switched off."""
        return module in self.off

    def failed(self, module: str, what: str) -> None:
        """Count a failure; the fifth in ten minutes switches the module off."""
        with self._lock:
            now = clock.monotonic()
            times = self.failures[module]
            times.append(now)
            while times and now - times[0] > WINDOW_S:
                times.popleft()
            if len(times) < FAILURES or module == plugins.CORE or module in self.off:
                return
            self.off[module] = what
        log.critical("module.switched_off", module=module, what=what, failures=FAILURES, minutes=int(WINDOW_S / 60))


def breaker() -> Breaker:
    """This application's breaker."""
    found: Breaker = current_app.extensions.setdefault("ebok_breaker", Breaker())
    return found


def guarded(module: str, what: str, call: Callable[[Session], Any]) -> Any:
    """The result of `call(session)`, or `Failed`. `session` reads the page's snapshot behind a savepoint.

    `call` validates what the module gave it: whatever it raises counts as the module's failure. A database that is away
    is nobody's failure and passes through.
    """
    started = clock.monotonic()
    try:
        with own_session() as session:
            result = call(session)
    except (DatabaseUnavailable, StorageFull, KeyboardInterrupt):
        raise
    except BaseException as error:  # a module may raise SystemExit, or worse: R35
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        log.exception("module.failed", module=module, what=what, kind=type(error).__name__)
        breaker().failed(module, what)
        return Failed(module)
    took = clock.monotonic() - started
    if took > SLOW_S:
        log.error("module.slow", module=module, what=what, seconds=round(took, 1))
        breaker().failed(module, what)
    return result


def live(hook: str, **arguments: Any) -> Iterator[tuple[str, Any]]:
    """Ask a live hook: `(module, result or Failed)` for each module that answers; `session` is given by the guard.

    Results of a list hook are lists. A module that is switched off is left out.
    """
    for module, call in runtime().portal.live(hook, session=None, **arguments):
        if not breaker().is_off(module):
            yield module, guarded(module, hook, lambda session, ask=call: _listed(ask(session=session)))


def owner(portal: Portal, hook: str, declared: Any) -> str:
    """The module that a card, a fragment or an entry belongs to."""
    return portal.owner_of(hook, declared).name


def title_of(module: str) -> str:
    """The module's title for a person, its package name while it has none."""
    declared = next((d for d in runtime().portal.declarations if d.name == module), None)
    return str(declared.module.title) if declared else module


@contextmanager
def own_session() -> Iterator[Session]:
    """A session of its own on the page's snapshot: whatever happens to it, the page reads on in the same state."""
    if not has_app_context():
        raise RuntimeError("a guarded call needs a request")
    page = snapshot()
    session = Session(bind=reading(), join_transaction_mode="create_savepoint", expire_on_commit=False, info=page.info)
    try:
        yield session
    finally:
        session.close()


def _listed(result: Any) -> list[Any]:
    """A list hook's answer; everything but a list or a tuple of things is junk."""
    if result is None:
        return []
    if isinstance(result, str | bytes | dict) or not hasattr(result, "__iter__"):
        raise TypeError(f"a list was expected, not {type(result).__name__}")
    return list(result)
