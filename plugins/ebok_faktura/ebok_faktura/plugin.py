"""e-Faktura: invoices that can be understood, checked and proved."""

from __future__ import annotations

from ebok_core import ConfigPage, Module, Mount, Zone, hookimpl
from ebok_core.i18n import lazy_gettext as _

from . import admin, cards, cli, jobs, notifications, permissions, privacy, settings, statistics, tytan, views
from .service import files


@hookimpl
def ebok_module():
    return Module(
        title=_("e-Faktura"),
        description=_("Customers read, check and fetch their invoices"),
        order=30,
        deals_in_money=True,
    )


@hookimpl
def ebok_settings():
    return settings.FakturaSettings


# Pages


@hookimpl
def ebok_blueprints():
    return [
        Mount(zone=Zone.PUBLIC, blueprint=views.public),
        Mount(zone=Zone.CUSTOMER, blueprint=views.blueprint, permission=permissions.SEE),
        Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.MANAGE),
    ]


@hookimpl
def ebok_permissions():
    return permissions.ALL


@hookimpl
def ebok_menu_entries():
    return [*views.MENU, *admin.MENU]


@hookimpl
def ebok_dashboard_cards():
    return cards.CARDS


@hookimpl
def ebok_slot_fragments():
    return cards.FRAGMENTS


@hookimpl
def ebok_help_pages():
    return cards.HELP


@hookimpl
def ebok_work_items(viewer, session):
    return admin.work_items(viewer, session)


@hookimpl
def ebok_statistics():
    return statistics.ALL


# The panel


@hookimpl
def ebok_config_pages():
    return [
        ConfigPage(
            key="faktura.distribution",
            title=_("e-Faktura: consents and notices"),
            schema=settings.FakturaConfigSchema,
            order=210,
        )
    ]


@hookimpl
def ebok_config_status(session):
    return admin.config_status(session)


@hookimpl
def ebok_audit_actions():
    return admin.ACTIONS


@hookimpl
def ebok_health_checks():
    return admin.HEALTH


# TYTAN and background


@hookimpl
def ebok_outbox_messages():
    return tytan.MESSAGES


@hookimpl
def ebok_outbox_targets(settings):
    return [files.FilesTarget(settings)]


@hookimpl
def ebok_jobs():
    return jobs.ALL


@hookimpl
def ebok_notification_templates():
    return notifications.ALL


@hookimpl
def ebok_cli_commands():
    return cli.ALL


@hookimpl
def ebok_personal_data():
    return privacy.ALL
