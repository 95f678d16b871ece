"""ebok_basen: customers buy passes to the utility's swimming pool."""

from __future__ import annotations

from ebok_core import ConfigPage, ContactTopic, MenuEntry, Module, Mount, Zone, hookimpl
from ebok_core.i18n import lazy_gettext as _

from . import admin, cards, jobs, permissions, privacy, settings, statistics, views


@hookimpl
def ebok_module():
    return Module(title=_("Swimming pool"), description=_("Passes to the pool"), order=70, deals_in_money=True)


@hookimpl
def ebok_settings():
    return settings.BasenSettings


@hookimpl
def ebok_permissions():
    return permissions.ALL


@hookimpl
def ebok_blueprints():
    return [
        Mount(zone=Zone.CUSTOMER, blueprint=views.blueprint, permission=permissions.SWIM),
        Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.MANAGE),
    ]


@hookimpl
def ebok_menu_entries():
    return [
        MenuEntry(
            key="basen.index",
            zone=Zone.CUSTOMER,
            label=_("Swimming pool"),
            endpoint="customer.basen.index",
            permission=permissions.SWIM,
            icon="waves",
            order=70,
        )
    ]


@hookimpl
def ebok_dashboard_cards():
    return cards.ALL


@hookimpl
def ebok_contact_topics():
    return [
        ContactTopic(key="basen.remarks", topic="remarks", endpoint="customer.basen.index", permission=permissions.SWIM)
    ]


@hookimpl
def ebok_config_pages():
    return [ConfigPage(key="basen.pool", title=_("Swimming pool"), schema=settings.PoolConfigSchema, order=70)]


@hookimpl
def ebok_statistics():
    return statistics.ALL


@hookimpl
def ebok_jobs():
    return jobs.ALL


@hookimpl
def ebok_personal_data():
    return [privacy.Passes()]
