"""Find the installed modules and build the plugin manager. It belongs to the application, never to the process."""

from __future__ import annotations

import importlib
import traceback
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import structlog
from pluggy import PluginManager

from . import __version__, hookspecs
from .errors import ModuleError

ENTRY_POINT_GROUP = "ebok.plugins"
CORE = "ebok_core"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A module on this machine: `plugin` is its `plugin.py`, or None with the `fault` that keeps it off."""

    name: str
    distribution: str
    version: str
    plugin: Any = None
    fault: str | None = None

    @property
    def short(self) -> str:
        """The owner's short name: the prefix of tables and keys (`odczyt`; the core's is `core`)."""
        return self.name.removeprefix("ebok_")


def installed(disabled: Iterable[str] = ()) -> list[Installed]:
    """Read the entry points `ebok.plugins` and import each module, by name; a fault keeps only that module off.

    Two distributions that claim one name are both off: pluggy alone would silently ignore the second.
    """
    claims: dict[str, list[EntryPoint]] = defaultdict(list)
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        claims[entry.name].append(entry)
    found = []
    for name, entries in sorted(claims.items()):
        distributions = ", ".join(sorted({_distribution(entry) for entry in entries}))
        if name in disabled:
            found.append(_off(name, entries[0], f"switched off by EBOK_MODULES_DISABLED ({distributions})"))
        elif len(entries) > 1:
            found.append(_off(name, entries[0], f"claimed by several distributions: {distributions}; keep one"))
        else:
            found.append(_load(name, entries[0]))
    return found


def given(modules: Iterable[ModuleType | tuple[str, Any]], disabled: Iterable[str] = ()) -> list[Installed]:
    """Modules named by the caller (tests): `plugin.py` modules, or pairs of a name and any object with hooks."""
    found = []
    for module in modules:
        name, plugin = module if isinstance(module, tuple) else (module.__name__.split(".")[0], module)
        fault = "switched off by EBOK_MODULES_DISABLED" if name in disabled else None
        found.append(
            Installed(
                name=name,
                distribution=name.replace("_", "-"),
                version="0",
                plugin=None if fault else plugin,
                fault=fault,
            )
        )
    return sorted(found, key=lambda module: module.name)


def core() -> Installed:
    """The core itself, declared by the same hooks as any module."""
    return Installed(
        name=CORE, distribution="ebok-core", version=__version__, plugin=importlib.import_module("ebok_core.plugin")
    )


def build() -> PluginManager:
    """A plugin manager with the core's hook specifications and no plugin."""
    manager = PluginManager("ebok")
    manager.add_hookspecs(hookspecs)
    return manager


def register(manager: PluginManager, module: Installed) -> None:
    """Register a module; an implementation with a wrong argument or an unknown hook is refused here.

    Raises `ModuleError` that names the distribution; the manager is left without the module.
    """
    try:
        manager.register(module.plugin, name=module.name)
        manager.check_pending()
    except Exception as error:
        if manager.has_plugin(module.name):
            manager.unregister(name=module.name)
        raise ModuleError(
            f"{module.distribution}: {error}", module=module.name, distribution=module.distribution
        ) from error


def _load(name: str, entry: EntryPoint) -> Installed:
    try:
        plugin = entry.load()
    except Exception as error:
        log.error("module.import_failed", module=name, trace=traceback.format_exc())
        return _off(name, entry, f"{_distribution(entry)}: import failed: {type(error).__name__}: {error}")
    return Installed(name=name, distribution=_distribution(entry), version=_version(entry), plugin=plugin)


def _off(name: str, entry: EntryPoint, fault: str) -> Installed:
    return Installed(name=name, distribution=_distribution(entry), version=_version(entry), fault=fault)


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


def _version(entry: EntryPoint) -> str:
    return entry.dist.version if entry.dist else "?"
