"""e-Odczyt: customers give the readings of their meters; TYTAN accepts or rejects them."""

from __future__ import annotations

from ebok_core import ConfigPage, MenuEntry, Module, Mount, Zone, hookimpl
from ebok_core.i18n import lazy_gettext as _

from . import admin, cards, jobs, notifications, permissions, privacy, settings, statistics, tytan, views


@hookimpl
def ebok_module():
    return Module(title=_("e-Odczyt"), description=_("Customers give the readings of their meters"), order=20)


@hookimpl
def ebok_settings():
    return settings.OdczytSettings


# Pages


@hookimpl
def ebok_blueprints():
    return [
        Mount(zone=Zone.CUSTOMER, blueprint=views.blueprint, permission=permissions.SEE),
        Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.MANAGE),
    ]


@hookimpl
def ebok_permissions():
    return permissions.ALL


@hookimpl
def ebok_menu_entries():
    return [
        MenuEntry(
            key="odczyt.menu",
            zone=Zone.CUSTOMER,
            label=_("Readings"),
            permission=permissions.SEE,
            order=20,
        ),
        MenuEntry(
            key="odczyt.index",
            zone=Zone.CUSTOMER,
            label=_("Give the state"),
            endpoint="customer.odczyt.index",
            permission=permissions.SUBMIT,
            parent="odczyt.menu",
            order=10,
        ),
        MenuEntry(
            key="odczyt.history",
            zone=Zone.CUSTOMER,
            label=_("All readings"),
            endpoint="customer.odczyt.history",
            permission=permissions.SEE,
            parent="odczyt.menu",
            order=20,
        ),
        MenuEntry(
            key="odczyt.readings",
            zone=Zone.ADMIN,
            label=_("Readings"),
            endpoint="admin.odczyt.readings",
            permission=permissions.MANAGE,
            parent="core.service",
            order=20,
        ),
    ]


@hookimpl
def ebok_dashboard_cards():
    return cards.CARDS


@hookimpl
def ebok_slot_fragments():
    return cards.FRAGMENTS


@hookimpl
def ebok_help_pages():
    return cards.HELP


# The panel


@hookimpl
def ebok_config_pages():
    return [ConfigPage(key="odczyt.rules", title=_("Reading rules"), schema=settings.OdczytConfigSchema, order=200)]


@hookimpl
def ebok_config_status(session):
    return admin.config_status(session)


@hookimpl
def ebok_work_items(viewer, session):
    return admin.work_items(viewer, session)


@hookimpl
def ebok_statistics():
    return statistics.ALL


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
def ebok_jobs():
    return jobs.ALL


@hookimpl
def ebok_notification_templates():
    return notifications.ALL


@hookimpl
def ebok_personal_data():
    return privacy.ALL
