"""The portal: the frozen, validated sum of what the installed modules declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from pluggy import PluginManager

from . import plugins
from .contracts.admin import AuditAction, ConfigPage, HealthCheck, Statistic
from .contracts.background import Job
from .contracts.contact import ContactTopic
from .contracts.identity import Permission, RegistrationVerifier
from .contracts.module import MigrationSource, Module
from .contracts.notifications import NotificationTemplate
from .contracts.tytan import CopyTable, OutboxMessage
from .contracts.web import CspSource, DashboardCard, HelpPage, MenuEntry, Mount, PublicEntry, SlotFragment
from .errors import ModuleError
from .plugins import Installed

log = structlog.get_logger(__name__)

# hook -> (what its results are, the attribute that must be unique in the portal and carry the owner's short name)
STARTUP: Mapping[str, tuple[type | None, str | None]] = {
    "ebok_blueprints": (Mount, None),
    "ebok_permissions": (Permission, "key"),
    "ebok_menu_entries": (MenuEntry, "key"),
    "ebok_dashboard_cards": (DashboardCard, "key"),
    "ebok_public_entries": (PublicEntry, "key"),
    "ebok_slot_fragments": (SlotFragment, "key"),
    "ebok_help_pages": (HelpPage, "key"),
    "ebok_contact_topics": (ContactTopic, "key"),
    "ebok_api_resources": (None, None),
    "ebok_csp_sources": (CspSource, None),
    "ebok_config_pages": (ConfigPage, "key"),
    "ebok_statistics": (Statistic, "key"),
    "ebok_audit_actions": (AuditAction, "key"),
    "ebok_health_checks": (HealthCheck, "key"),
    "ebok_copy_tables": (CopyTable, None),
    "ebok_outbox_messages": (type, None),
    "ebok_jobs": (Job, "key"),
    "ebok_notification_templates": (NotificationTemplate, "key"),
    "ebok_login_methods": (None, None),
    "ebok_registration_verifiers": (RegistrationVerifier, "key"),
    "ebok_personal_data": (None, None),
    "ebok_translations": (Path, None),
    "ebok_migrations": (MigrationSource, None),
    "ebok_cli_commands": (None, None),
}


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What one module declared: its introduction, its settings class, and the results of each startup hook."""

    installed: Installed
    module: Module
    settings: type | None
    results: Mapping[str, tuple[Any, ...]]

    @property
    def name(self) -> str:
        """The module's package name."""
        return self.installed.name

    @property
    def short(self) -> str:
        """The prefix of the module's tables and keys."""
        return self.installed.short


@dataclass(frozen=True, kw_only=True)
class Portal:
    """The sum of all declarations, ordered by `(order, key)`, never by registration.

    `faults` are the modules that are off, with the reason a person can act on.
    """

    manager: PluginManager
    declarations: tuple[Declaration, ...]
    faults: tuple[Installed, ...] = ()
    _sums: dict[str, tuple[Any, ...]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, hook: str) -> tuple[Any, ...]:
        """All results of a startup hook in the portal's order, those of money only where somebody deals in it."""
        if hook not in self._sums:
            results = [r for declaration in self.declarations for r in declaration.results[hook] if self.applies(r)]
            self._sums[hook] = tuple(sorted(results, key=lambda r: (getattr(r, "order", 0), getattr(r, "key", ""))))
        return self._sums[hook]

    def owner_of(self, hook: str, result: Any) -> Declaration:
        """The declaration that a result of a startup hook came from."""
        return next(d for d in self.declarations if any(r is result for r in d.results[hook]))

    def applies(self, result: Any) -> bool:
        """Whether a result is of use here: what is declared `with_money` is not while no module deals in money."""
        return self.deals_in_money or not getattr(result, "with_money", False)

    @property
    def deals_in_money(self) -> bool:
        """Whether the core's pages show the balance: only while a module says that it deals in money."""
        return any(declaration.module.deals_in_money for declaration in self.declarations)

    @property
    def permissions(self) -> Mapping[str, Permission]:
        """Every declared permission by key."""
        return {permission.key: permission for permission in self.of("ebok_permissions")}

    @property
    def messages(self) -> Mapping[str, type[OutboxMessage]]:
        """Every declared outbox message type by kind."""
        return {message.kind: message for message in self.of("ebok_outbox_messages")}

    @property
    def copy_tables(self) -> tuple[CopyTable, ...]:
        """Every view that the copy holds: the core's and the modules'."""
        return self.of("ebok_copy_tables")

    @property
    def migrations(self) -> tuple[MigrationSource, ...]:
        """Every Alembic history: the core's first, then the modules' by short name."""
        return tuple(sorted(self.of("ebok_migrations"), key=lambda source: (source.short != "core", source.short)))

    def live(self, hook: str, **arguments: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
        """The implementations of a live hook as `(module, call)`; the caller guards each call by itself.

        `call(session=…)` replaces an argument for this one implementation, where it takes it.
        """
        for declaration in self.declarations:
            caller = getattr(self.manager.hook, hook)
            for implementation in caller.get_hookimpls():
                if implementation.plugin is declaration.installed.plugin:
                    accepted = {name: arguments[name] for name in implementation.argnames}

                    def call(f: Any = implementation.function, a: dict[str, Any] = accepted, **other: Any) -> Any:
                        return f(**{**a, **{name: value for name, value in other.items() if name in a}})

                    yield declaration.name, call

    def without(self, name: str, reason: str) -> Portal:
        """The portal with one module off: nothing of it is left but its name and the reason."""
        declaration = next(d for d in self.declarations if d.name == name)
        self.manager.unregister(name=name)
        off = Installed(
            name=name,
            distribution=declaration.installed.distribution,
            version=declaration.installed.version,
            fault=reason,
        )
        log.error("module.disabled", module=name, reason=reason)
        return Portal(
            manager=self.manager,
            declarations=tuple(d for d in self.declarations if d.name != name),
            faults=(*self.faults, off),
        )


def assemble(modules: Iterable[Installed], *, strict: bool) -> Portal:
    """Register the modules, call each startup hook once per module, validate and freeze the sum.

    A module that fails is off and named in `faults`; with `strict` its `ModuleError` stops the start instead. A fault
    of the core always stops the start.
    """
    manager = plugins.build()
    declarations: list[Declaration] = []
    faults: list[Installed] = []
    for module in (plugins.core(), *sorted(modules, key=lambda module: module.name)):
        try:
            if module.fault and strict and "EBOK_MODULES_DISABLED" not in module.fault:
                raise ModuleError(module.fault, module=module.name, distribution=module.distribution)
            if module.fault:
                faults.append(module)
                continue
            plugins.register(manager, module)
            declaration = _declare(manager, module)
            _check_against(declaration, declarations)
            declarations.append(declaration)
        except ModuleError as error:
            if strict or module.name == plugins.CORE:
                raise
            if manager.has_plugin(module.name):
                manager.unregister(name=module.name)
            log.error("module.disabled", module=module.name, reason=str(error))
            faults.append(
                Installed(name=module.name, distribution=module.distribution, version=module.version, fault=str(error))
            )
    return Portal(manager=manager, declarations=tuple(declarations), faults=tuple(faults))


def _declare(manager: PluginManager, module: Installed) -> Declaration:
    """Call the startup hooks of one module alone, so that every result and every error has an owner."""
    others = {plugin for plugin in manager.get_plugins() if plugin is not module.plugin}

    def ask(hook: str) -> list[Any]:
        try:
            return manager.subset_hook_caller(hook, remove_plugins=others)()
        except Exception as error:
            raise _fault(module, f"{hook} failed: {type(error).__name__}: {error}") from error

    introductions = ask("ebok_module")
    if len(introductions) != 1 or not isinstance(introductions[0], Module):
        raise _fault(module, "ebok_module must return one Module")
    settings = ask("ebok_settings")
    results = {hook: _collect(module, hook, ask(hook)) for hook in STARTUP}
    results["ebok_migrations"] = (*results["ebok_migrations"], *_conventional_migrations(module))
    results["ebok_translations"] = (*results["ebok_translations"], *_conventional_translations(module))
    return Declaration(
        installed=module, module=introductions[0], settings=settings[0] if settings else None, results=results
    )


def _collect(module: Installed, hook: str, answers: list[Any]) -> tuple[Any, ...]:
    expected, key = STARTUP[hook]
    collected = []
    for answer in answers:
        if not isinstance(answer, Iterable) or isinstance(answer, str | bytes | Mapping):
            raise _fault(module, f"{hook} must return a list, not {type(answer).__name__}")
        for result in answer:
            if expected is not None and not isinstance(result, expected):
                raise _fault(module, f"{hook} must return {expected.__name__}, not {type(result).__name__}")
            if key is not None and not str(getattr(result, key)).startswith(f"{module.short}."):
                raise _fault(module, f"{hook}: the key {getattr(result, key)!r} must begin with '{module.short}.'")
            collected.append(result)
    return tuple(collected)


def _check_against(new: Declaration, before: list[Declaration]) -> None:
    """Refuse a declaration that clashes with an earlier one: keys, message kinds, views, short names, permissions."""
    for other in before:
        if new.short.startswith(f"{other.short}_") or other.short.startswith(f"{new.short}_"):
            raise _fault(new.installed, f"its short name {new.short!r} and {other.short!r} share a prefix")
    unique: Mapping[str, Callable[[Any], Any]] = {
        **{hook: (lambda r, k=key: getattr(r, k)) for hook, (_, key) in STARTUP.items() if key},
        "ebok_outbox_messages": lambda r: r.kind,
        "ebok_copy_tables": lambda r: r.view,
    }
    for hook, name_of in unique.items():
        taken = {name_of(result): d for d in before for result in d.results[hook]}
        own: set[Any] = set()
        for result in new.results[hook]:
            name = name_of(result)
            if name in own or name in taken:
                whom = taken[name].installed.distribution if name in taken else "itself"
                raise _fault(new.installed, f"{hook}: {name!r} is already declared by {whom}")
            own.add(name)
    known = {p.key for d in (*before, new) for p in d.results["ebok_permissions"]}
    for hook, results in new.results.items():
        for result in results:
            permission = getattr(result, "permission", None)
            if isinstance(permission, Permission) and permission.key not in known:
                raise _fault(new.installed, f"{hook}: the permission {permission.key!r} is not declared")


def _conventional_migrations(module: Installed) -> tuple[MigrationSource, ...]:
    versions = _package_folder(module) / "migrations" / "versions"
    if module.name == plugins.CORE:
        versions = _package_folder(module) / "db" / "migrations" / "versions"
    return (MigrationSource(module=module.name, short=module.short, versions=versions),) if versions.is_dir() else ()


def _conventional_translations(module: Installed) -> tuple[Path, ...]:
    folder = _package_folder(module) / "translations"
    return (folder,) if folder.is_dir() else ()


def _package_folder(module: Installed) -> Path:
    source = inspect.getsourcefile(module.plugin) if inspect.ismodule(module.plugin) else None
    return Path(source).parent if source else Path("/nonexistent")


def _fault(module: Installed, text: str) -> ModuleError:
    return ModuleError(f"{module.distribution}: {text}", module=module.name, distribution=module.distribution)
