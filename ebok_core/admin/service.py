"""What the panel and `ebok doctor` show: live status rows, the modules with what they declare, the state of tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from sqlalchemy.orm import Session

from ebok_core.contracts.admin import HealthCheck, Level, StatusRow
from ebok_core.db import Base, migrate
from ebok_core.i18n import lazy_gettext as _
from ebok_core.portal import Portal
from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

# What a module adds, in the words of the page *Moduły*: what the portal shows or does, not what is only declared.
ADDITIONS = {
    "ebok_blueprints": _("groups of pages"),
    "ebok_menu_entries": _("menu entries"),
    "ebok_dashboard_cards": _("cards of the start page"),
    "ebok_public_entries": _("public blocks"),
    "ebok_slot_fragments": _("parts of other pages"),
    "ebok_help_pages": _("help pages"),
    "ebok_permissions": _("permissions"),
    "ebok_config_pages": _("configuration pages"),
    "ebok_copy_tables": _("views of TYTAN"),
    "ebok_outbox_messages": _("messages to TYTAN and by mail"),
    "ebok_notification_templates": _("notifications"),
    "ebok_jobs": _("background jobs"),
}


@dataclass(frozen=True, kw_only=True)
class ModuleLine:
    """A module on this machine: `fault` is the reason when it is off, `declares` counts what it adds.

    `paused`: its live parts failed too often and are off until the next start.
    """

    name: str
    title: str
    distribution: str
    version: str
    fault: str | None
    declares: tuple[tuple[str, int], ...] = ()
    paused: str | None = None


class HealthLine(NamedTuple):
    """What one health check found, as a row of a table."""

    title: str
    state: Any
    text: str


@dataclass(frozen=True, kw_only=True)
class ModuleDetails:
    """What a running module takes part in: hooks, tables of its own, deployment settings, configuration pages."""

    description: str
    hooks: tuple[str, ...]
    tables: tuple[str, ...]
    settings: tuple[str, ...]
    pages: tuple[tuple[str, str], ...]


def status_rows(portal: Portal, session: Session) -> list[StatusRow]:
    """Every row of "Typ konfiguracji | Status konfiguracji", computed now (L166).

    A module whose check raises gets a row that says so; the others stand. Each check sees the session behind a
    savepoint.
    """
    rows: list[StatusRow] = []
    for module, call in portal.live("ebok_config_status", session=session):
        try:
            with session.begin_nested():
                rows += [row for row in call() if portal.applies(row)]
        except Exception as error:
            log.exception("config_status.failed", module=module)
            rows.append(
                StatusRow(
                    key=f"{module}.status",
                    title=module,
                    level=Level.ERROR,
                    text="Błąd sprawdzenia",
                    hint=f"{type(error).__name__}. Szczegóły są w dzienniku serwera.",
                )
            )
    return sorted(rows, key=lambda row: (row.order, row.key))


def module_lines(portal: Portal, paused: Mapping[str, str] | None = None) -> list[ModuleLine]:
    """The installed modules, the core first, then those that are off with their reasons (P79)."""
    lines = [
        ModuleLine(
            name=d.name,
            title=str(d.module.title),
            distribution=d.installed.distribution,
            version=d.installed.version,
            fault=None,
            declares=tuple((str(what), len(d.results[hook])) for hook, what in ADDITIONS.items() if d.results[hook]),
            paused=(paused or {}).get(d.name),
        )
        for d in portal.declarations
    ]
    return lines + [
        ModuleLine(name=m.name, title=m.name, distribution=m.distribution, version=m.version, fault=m.fault)
        for m in portal.faults
    ]


def module_details(portal: Portal, name: str) -> ModuleDetails | None:
    """What a running module takes part in; None for one that is off."""
    found = next((d for d in portal.declarations if d.name == name), None)
    if found is None:
        return None
    plugin, prefix = found.installed.plugin, f"{found.short}_"
    callers = portal.manager.get_hookcallers(plugin) or []
    fields = dataclasses.fields(found.settings) if found.settings else ()
    return ModuleDetails(
        description=str(found.module.description),
        hooks=tuple(sorted(caller.name for caller in callers)),
        tables=tuple(sorted(table for table in Base.metadata.tables if table.startswith(prefix))),
        settings=tuple(f"EBOK_{found.short.upper()}__{field.name.upper()}" for field in fields),
        pages=tuple((page.key, str(page.title)) for page in found.results["ebok_config_pages"]),
    )


def health_checks(portal: Portal, name: str) -> list[HealthCheck]:
    """The health checks that a module declares."""
    hook = "ebok_health_checks"
    return [check for check in portal.of(hook) if portal.owner_of(hook, check).name == name]


def doctor(runtime: Runtime) -> list[tuple[Level, str, str]]:
    """Everything that can be checked from a terminal, as `(level, what, sentence)`. Reads only."""
    findings = [
        (Level.OK, "database", ", ".join(f"{k} {v}" for k, v in runtime.database.settings_report().items())),
    ]
    if runtime.database.is_sqlite and "wal" not in findings[0][2]:
        findings.append(
            (Level.ERROR, "database", "this SQLite is too old for WAL: writers and readers wait for each other")
        )
    for source in runtime.portal.migrations:
        status = migrate.status_of(runtime.database, source)
        text = f"{status.current or '–'}" + (
            f", newest {status.head}: run `ebok db upgrade`" if status.is_behind else ""
        )
        findings.append((Level.ERROR if status.is_behind else Level.OK, f"tables of {source.module}", text))
    for short in migrate.orphans(runtime.database, runtime.portal.migrations):
        text = "is not installed, its tables are still here: install it again or run `ebok db purge`"
        findings.append((Level.MISSING, f"ebok_{short}", text))
    for line in module_lines(runtime.portal):
        findings.append((Level.ERROR if line.fault else Level.OK, line.name, line.fault or f"version {line.version}"))
    if any(level is Level.ERROR for level, what, _ in findings if what.startswith("tables")):
        return findings
    with runtime.database.snapshot() as session:
        for row in status_rows(runtime.portal, session):
            findings.append((row.level, str(row.title), f"{row.text}. {row.hint}".strip(" .") + "."))
    return findings
