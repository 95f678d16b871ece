"""Where a change came from: the web sets it for each request, workers and commands have none. No Flask here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RequestMeta:
    """The request's address, browser, id and session. `session_hash` is the hash that the session row stores."""

    ip: str | None = None
    user_agent: str = ""
    request_id: str | None = None
    session_hash: str | None = None


NOWHERE = RequestMeta()
_current: ContextVar[RequestMeta] = ContextVar("request_meta", default=NOWHERE)


def current_request() -> RequestMeta:
    """The request that this code runs for; an empty one outside the web."""
    return _current.get()


def set_request(meta: RequestMeta) -> None:
    """Say which request runs now; the web sets it at the start and `NOWHERE` at the end."""
    _current.set(meta)


@contextmanager
def use_request(meta: RequestMeta) -> Iterator[None]:
    """Run code as if for this request (tests, commands)."""
    token = _current.set(meta)
    try:
        yield
    finally:
        _current.reset(token)
