"""What a request has at hand: the runtime, one read snapshot, the unit of work, the viewer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import cast

from flask import Flask, abort, current_app, g
from sqlalchemy.orm import Session

from ebok_core.contracts.identity import Viewer
from ebok_core.runtime import Runtime


def runtime() -> Runtime:
    """The running portal of this application."""
    return cast(Runtime, current_app.extensions["ebok"])


def snapshot() -> Session:
    """The request's read-only session: everything a page reads comes from this one state (R27).

    Opened at the first call and closed with the request.
    """
    if "ebok_snapshot" not in g:
        g.ebok_exits = ExitStack()
        g.ebok_snapshot = g.ebok_exits.enter_context(runtime().database.snapshot())
    return cast(Session, g.ebok_snapshot)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Write: committed at the end or rolled back whole; show the confirmation only after it (G5)."""
    with _unit() as session:
        yield session


def viewer() -> Viewer:
    """The signed-in person, as the zone's guard built it; 401 where there is none."""
    found = optional_viewer()
    return found if found is not None else abort(401)


def optional_viewer() -> Viewer | None:
    """The signed-in person or None, for pages that strangers see too."""
    return cast("Viewer | None", g.get("viewer"))


def init_app(app: Flask, runtime: Runtime) -> None:
    """Attach the runtime and close the snapshot when the request ends."""
    app.extensions["ebok"] = runtime
    app.teardown_appcontext(_close)


def _unit() -> AbstractContextManager[Session]:
    return runtime().database.unit_of_work()


def _close(_error: BaseException | None) -> None:
    exits = g.pop("ebok_exits", None)
    g.pop("ebok_snapshot", None)
    if exits is not None:
        exits.close()
