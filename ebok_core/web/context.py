"""What a request has at hand: the runtime, one read snapshot, the unit of work, the viewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, cast

import structlog
from flask import Flask, abort, current_app, g
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from ebok_core.contracts.identity import Viewer
from ebok_core.errors import NotAllowed
from ebok_core.i18n import gettext
from ebok_core.runtime import Runtime
from ebok_core.tytan import reads

log = structlog.get_logger(__name__)


def runtime() -> Runtime:
    """The running portal of this application."""
    return cast(Runtime, current_app.extensions["ebok"])


def reading() -> Connection:
    """The request's read-only connection: everything a page reads comes from this one state (R27).

    Opened at the first call and closed with the request.
    """
    found = g.get("ebok_reading")
    if found is None:
        g.ebok_exits = ExitStack()
        found = g.ebok_reading = g.ebok_exits.enter_context(runtime().database.reading())
    return cast(Connection, found)


def snapshot() -> Session:
    """The same state as a session."""
    found = g.get("ebok_snapshot")
    if found is None:
        found = g.ebok_snapshot = runtime().database.session_over(reading())
        found.info.update({reads.KEPT: {}, **g.get("ebok_session_info", {})})
    return cast(Session, found)


def tell_sessions(**info: Any) -> None:
    """Give every session of this request, of the page and of modules' parts, something to carry in its `info`."""
    g.ebok_session_info = {**g.get("ebok_session_info", {}), **info}
    if "ebok_snapshot" in g:
        g.ebok_snapshot.info.update(info)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Write: committed at the end or rolled back whole; show the confirmation only after it (G5).

    Raises `NotAllowed` in a member of staff's preview, whatever way led here.
    """
    if g.get("ebok_preview") is not None:
        raise NotAllowed(gettext("This is a preview: you can look, and nothing is changed."))
    with _unit() as session:
        yield session


def viewer() -> Viewer:
    """The signed-in person, as the zone's guard built it; 401 where there is none."""
    found = optional_viewer()
    return found if found is not None else abort(401)


def optional_viewer() -> Viewer | None:
    """The signed-in person or None, for pages that strangers see too."""
    return cast("Viewer | None", g.get("viewer"))


def after_answer(work: Callable[[], None]) -> None:
    """Run `work` when the answer is made and the page's snapshot is closed; it may write in a unit of work of its own.

    Best effort: what it raises is logged and never costs the page. In a member of staff's preview nothing is noted.
    """
    if g.get("ebok_preview") is not None:
        return
    g.setdefault("ebok_after_answer", []).append(work)


def init_app(app: Flask, runtime: Runtime) -> None:
    """Attach the runtime and close the snapshot when the request ends."""
    app.extensions["ebok"] = runtime
    # No view of ours is a coroutine, and Flask asks at every call.
    app.ensure_sync = lambda call: call  # type: ignore[method-assign]
    app.teardown_appcontext(_close)


def _unit() -> AbstractContextManager[Session]:
    return runtime().database.unit_of_work()


def _close(_error: BaseException | None) -> None:
    exits = g.pop("ebok_exits", None)
    for name in ("ebok_reading", "ebok_snapshot"):
        g.pop(name, None)
    if exits is not None:
        exits.close()
    for work in g.pop("ebok_after_answer", []):
        try:
            work()
        except Exception:
            log.warning("after_answer.failed", exc_info=True)
