"""The web application: a readable list of steps over a runtime."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import ModuleType
from typing import Any

from flask import Flask

from . import runtime as runtimes
from .db import migrate
from .errors import EbokError
from .runtime import Runtime
from .settings import CoreSettings
from .web import checks, context, errors, login, rendering, security, zones


def create_app(
    settings: CoreSettings | None = None, modules: Iterable[ModuleType | tuple[str, Any]] | None = None
) -> Flask:
    """Build the portal. `settings` None reads the environment, `modules` None the entry points.

    Raises `ConfigurationError` with one clear sentence when the portal can't serve: a wrong setting, an unreachable
    database, tables that are not up to date.
    """
    runtime = runtimes.build(modules=modules, core_settings=settings)
    try:
        runtime.database.ping()
        migrate.check_current(runtime.database, runtime.portal.migrations)
        return create_app_of(runtime)
    except EbokError:
        runtime.database.dispose()
        raise


def create_app_of(runtime: Runtime) -> Flask:
    """The Flask application over a runtime that is already built."""
    runtime = replace(runtime, portal=checks.checked(runtime.portal, strict=runtime.settings.strict))
    app = Flask("ebok_core.web", static_folder="static", template_folder="templates")
    context.init_app(app, runtime)
    security.init_app(app, runtime.settings)
    login.init_app(app)
    rendering.init_app(app, runtime.portal)
    errors.init_app(app)
    zones.mount(app, runtime.portal)
    for _, call in runtime.portal.live("ebok_app_created", app=app, portal=runtime.portal):
        call()
    return app
