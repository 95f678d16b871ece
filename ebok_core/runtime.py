"""The running portal without its pages: settings, portal, database, far sides. Web, worker and commands share it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import structlog

from . import audit, i18n, plugins, settings
from .contracts.tytan import OutboxTarget, TytanSource
from .db.engine import Database
from .errors import ConfigurationError
from .identity import passwords
from .jobs import queue
from .notifications import posts
from .portal import Portal, assemble
from .settings import CoreSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What everything that runs needs; frozen, built once per process."""

    settings: CoreSettings
    module_settings: Mapping[str, Any]
    portal: Portal
    database: Database
    targets: dict[str, OutboxTarget] = field(default_factory=dict)

    def tytan_source(self) -> TytanSource:
        """TYTAN's side as the runtime settings say now. Raises `ConfigurationError` while none is configured."""
        source = self.portal.manager.hook.ebok_tytan_source(settings=self)
        if source is None:
            raise ConfigurationError("Dostęp do bazy danych: nie podano adresu bazy TYTAN")
        return source


def build(
    environ: Mapping[str, str] | None = None,
    modules: Iterable[ModuleType | tuple[str, Any]] | None = None,
    *,
    core_settings: CoreSettings | None = None,
) -> Runtime:
    """Read the settings, assemble the portal, open the database, connect the outbox's far sides.

    `modules` None reads the entry points; tests name modules. Raises `ConfigurationError` with one clear sentence.
    """
    environ = os.environ if environ is None else environ
    core = core_settings or settings.load_core(environ)
    found = (
        plugins.installed(core.modules_disabled) if modules is None else plugins.given(modules, core.modules_disabled)
    )
    portal = assemble(found, strict=core.strict)
    if core_settings is None:
        named = [(d.short, d.settings) for d in portal.declarations if d.name != plugins.CORE]
        complaints = settings.unknown_variables(environ, named)
        if complaints:
            raise ConfigurationError("; ".join(complaints))
    module_settings = {
        d.name: settings.load_module(d.settings, d.short, environ)
        for d in portal.declarations
        if d.settings is not None and d.name != plugins.CORE
    }
    i18n.install(translation_folders(portal))
    runtime = Runtime(settings=core, module_settings=module_settings, portal=portal, database=Database(core.portal_url))
    runtime.database.info.update(audit.keys_of(core) | passwords.for_sessions(core))
    runtime.database.info.update(posts.for_sessions(runtime))
    queue.connect(runtime)
    for targets in portal.manager.hook.ebok_outbox_targets(settings=runtime):
        runtime.targets.update({target.key: target for target in targets})
    return runtime


def translation_folders(portal: Portal) -> list[Any]:
    """Modules by name, then the core: on one id the last catalogue wins (dependencies.md §7)."""
    ordered = sorted(portal.declarations, key=lambda d: (d.name == plugins.CORE, d.name))
    return [folder for declaration in ordered for folder in declaration.results["ebok_translations"]]
