"""What happens around a unit of work: callbacks after the commit, and the guard that nothing slow runs inside one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)

_open_writes: ContextVar[int] = ContextVar("open_writes", default=0)
_CALLBACKS = "ebok.after_commit"


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Run `callback` once this unit of work is committed; best effort, lost in a crash (nudges and events only)."""
    callbacks = session.info.setdefault(_CALLBACKS, [])
    if callback not in callbacks:
        callbacks.append(callback)


def run_callbacks(session: Session) -> None:
    """Run what `after_commit` gathered; a callback that raises is logged, the committed fact stands."""
    for callback in session.info.pop(_CALLBACKS, []):
        try:
            callback()
        except Exception:
            log.exception("after_commit.failed")


@contextmanager
def open_write() -> Iterator[None]:
    """Mark that a write transaction is open in this context."""
    token = _open_writes.set(_open_writes.get() + 1)
    try:
        yield
    finally:
        _open_writes.reset(token)


def in_unit_of_work() -> bool:
    """Whether a write transaction is open in this context."""
    return _open_writes.get() > 0


def assert_no_open_write(what: str) -> None:
    """Raise `RuntimeError` when something slow (`what`) is about to run inside a unit of work (G4)."""
    if _open_writes.get():
        raise RuntimeError(f"{what} inside an open unit of work: commit first")
