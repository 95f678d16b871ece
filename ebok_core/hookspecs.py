"""Every hook of the core, one sentence each.

Startup hooks are called once, module by module, while the application is built; their results are validated and frozen
into the portal. Hooks marked *live* are the only ones called later: each call is guarded, timed and behind a savepoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pluggy import HookspecMarker

if TYPE_CHECKING:
    import click
    from flask import Blueprint, Flask
    from pluggy import PluginManager
    from sqlalchemy.orm import Session

    from . import (
        AuditAction,
        ConfigPage,
        ContactTopic,
        CopyTable,
        CspSource,
        DashboardCard,
        Event,
        HealthCheck,
        HelpPage,
        Job,
        LoginMethod,
        MenuEntry,
        MigrationSource,
        Module,
        Mount,
        NotificationChannel,
        NotificationTemplate,
        OutboxMessage,
        OutboxTarget,
        PendingEntry,
        Permission,
        PersonalDataSource,
        PublicEntry,
        RegistrationVerifier,
        SearchHit,
        SlotFragment,
        Statistic,
        StatusRow,
        TytanSource,
        Viewer,
        WorkItem,
    )
    from .portal import Portal

hookspec = HookspecMarker("ebok")

# Bootstrap


@hookspec(historic=True)
def ebok_add_hookspecs(pm: PluginManager) -> None:
    """Add hook specifications that this module itself calls; called when the module is registered."""


@hookspec
def ebok_module() -> Module:
    """Introduce the module: title, description, order, and whether it deals in money."""


@hookspec
def ebok_settings() -> type:
    """Name the frozen dataclass of deployment settings; its fields are read from `EBOK_<SHORT>__<FIELD>`."""


@hookspec
def ebok_app_created(app: Flask, portal: Portal) -> None:
    """Touch the finished application, as a last resort; called once, after everything is mounted."""


# Pages


@hookspec
def ebok_blueprints() -> Iterable[Mount]:
    """Mount blueprints into the public, customer or admin zone."""


@hookspec
def ebok_permissions() -> Iterable[Permission]:
    """Declare the permissions the module checks."""


@hookspec
def ebok_menu_entries() -> Iterable[MenuEntry]:
    """Add entries to the customer or admin menu."""


@hookspec
def ebok_dashboard_cards() -> Iterable[DashboardCard]:
    """Add cards to the customer's start page."""


@hookspec
def ebok_public_entries() -> Iterable[PublicEntry]:
    """Add blocks to the zone shown before login (L28)."""


@hookspec
def ebok_slot_fragments() -> Iterable[SlotFragment]:
    """Fill named slots in other modules' pages."""


@hookspec
def ebok_help_pages() -> Iterable[HelpPage]:
    """Add pages to Pomoc (L95, L163)."""


@hookspec
def ebok_contact_topics() -> Iterable[ContactTopic]:
    """Take over topics of the contact form by the page to which it leads (L137-L139)."""


@hookspec
def ebok_api_resources() -> Iterable[Blueprint]:
    """Add resources to the JSON API (P82)."""


@hookspec
def ebok_csp_sources() -> Iterable[CspSource]:
    """Name external origins the module's pages need."""


# Admin shell


@hookspec
def ebok_config_pages() -> Iterable[ConfigPage]:
    """Add configuration pages."""


@hookspec
def ebok_config_status(session: Session) -> Iterable[StatusRow]:
    """Say what is configured, missing or wrong right now (live)."""


@hookspec
def ebok_work_items(viewer: Viewer, session: Session) -> Iterable[WorkItem]:
    """List what waits for the staff (L03; live)."""


@hookspec
def ebok_search(viewer: Viewer, session: Session, text: str) -> Iterable[SearchHit]:
    """Find what a member of staff looks for by a number or a name, at most ten hits (live)."""


@hookspec
def ebok_statistics() -> Iterable[Statistic]:
    """Add figures to the statistics page."""


@hookspec
def ebok_audit_actions() -> Iterable[AuditAction]:
    """Describe the audit actions the module records."""


@hookspec
def ebok_health_checks() -> Iterable[HealthCheck]:
    """Add checks to the health page."""


# TYTAN and background


@hookspec
def ebok_copy_tables() -> Iterable[CopyTable]:
    """Declare further views of TYTAN that the copy holds."""


@hookspec
def ebok_outbox_messages() -> Iterable[type[OutboxMessage]]:
    """Declare the messages the module sends: kind, version, schema, stream."""


@hookspec
def ebok_outbox_targets(settings: object) -> Iterable[OutboxTarget]:
    """Add a far side with its capability (a payment gateway, an SMS gateway)."""


@hookspec(firstresult=True)
def ebok_tytan_source(settings: object) -> TytanSource | None:
    """Replace TYTAN's side (test, another billing system); the core answers last."""


@hookspec
def ebok_pending_entries(viewer: Viewer, session: Session) -> Iterable[PendingEntry]:
    """List ledger entries that were sent and that the copy does not carry yet (live)."""


@hookspec
def ebok_jobs() -> Iterable[Job]:
    """Declare background jobs and their schedules."""


@hookspec
def ebok_event(event: Event) -> None:
    """React, best effort, to something already committed (live)."""


# Messages to people


@hookspec
def ebok_notification_templates() -> Iterable[NotificationTemplate]:
    """Declare notifications and their default texts."""


@hookspec
def ebok_notification_channels(settings: object) -> Iterable[NotificationChannel]:
    """Add delivery channels (an SMS gateway)."""


# Identity and privacy


@hookspec
def ebok_login_methods() -> Iterable[LoginMethod]:
    """Add ways to sign in (SSO)."""


@hookspec(firstresult=True)
def ebok_authenticate(identifier: str, secret: str, session: Session, kind: str) -> str | None:
    """Recognise an account by its credentials (live) and give its id; the core answers last.

    `kind` is the entry, `customer` or `staff`. `NotAllowed` ends the question: nobody enters.
    """


@hookspec
def ebok_registration_verifiers() -> Iterable[RegistrationVerifier]:
    """Add a proof of identity for self-registration (P02); a module's stands in place of the core's."""


@hookspec
def ebok_personal_data() -> Iterable[PersonalDataSource]:
    """Export and erase the personal data the module keeps."""


# Resources, where the convention does not do


@hookspec
def ebok_translations() -> Iterable[Path]:
    """Add catalogue folders beyond `<package>/translations`."""


@hookspec
def ebok_migrations() -> Iterable[MigrationSource]:
    """Add histories beyond `<package>/migrations`."""


@hookspec
def ebok_cli_commands() -> Iterable[click.Command]:
    """Add commands under `ebok <module>`."""
