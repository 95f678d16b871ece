"""The core's own declarations, made with the same hooks that modules get."""

from __future__ import annotations

from . import hookimpl
from .admin import menu as admin_menu
from .admin import permissions as admin
from .admin import views as admin_views
from .audit import jobs as audit_jobs
from .contact import settings as contact
from .contracts.admin import ConfigPage
from .contracts.module import Module
from .contracts.web import Mount, Zone
from .customer import cards
from .customer import menu as customer_menu
from .customer import views as customer
from .i18n import lazy_gettext as _
from .identity import admin as identity_admin
from .identity import jobs as identity_jobs
from .identity import menu as identity_menu
from .identity import notices, permissions
from .identity import service as identity
from .identity import views as identity_views
from .identity.schemas import PasswordPolicySchema
from .jobs import jobs as own_jobs
from .notifications import jobs as mail_jobs
from .notifications.messages import Mail
from .outbox import jobs as outbox_jobs
from .outbox import permissions as outbox
from .outbox.targets import core_targets
from .public import menu as public_menu
from .public import views as public
from .public.settings import AccessibilityConfigSchema
from .tytan import jobs as tytan_jobs
from .tytan import source as tytan
from .tytan import status as tytan_status
from .tytan.contract import CORE_VIEWS
from .tytan.settings import TytanConfigSchema
from .web import reports
from .web import views as web


@hookimpl
def ebok_module():
    return Module(title=_("Core"), description=_("Sign-in, navigation, access to TYTAN SQL, the panel"), order=0)


@hookimpl
def ebok_blueprints():
    return [
        Mount(zone=Zone.PUBLIC, blueprint=web.blueprint),
        Mount(zone=Zone.PUBLIC, blueprint=reports.blueprint),
        Mount(zone=Zone.PUBLIC, blueprint=identity_views.public),
        Mount(zone=Zone.CUSTOMER, blueprint=identity_views.customer),
        Mount(zone=Zone.ADMIN, blueprint=identity_admin.blueprint, permission=permissions.PANEL),
        Mount(zone=Zone.PUBLIC, blueprint=public.blueprint),
        Mount(zone=Zone.CUSTOMER, blueprint=customer.blueprint),
        Mount(zone=Zone.ADMIN, blueprint=admin_views.blueprint, permission=permissions.PANEL),
    ]


@hookimpl
def ebok_permissions():
    return [*admin.ALL, *outbox.ALL, *permissions.ALL]


@hookimpl
def ebok_menu_entries():
    return [*public_menu.ALL, *customer_menu.ALL, *admin_menu.ALL, *identity_menu.ALL]


@hookimpl
def ebok_dashboard_cards():
    return cards.ALL


@hookimpl
def ebok_config_pages():
    return [
        ConfigPage(
            key="core.tytan",
            title=_("Access to the database"),
            schema=TytanConfigSchema,
            check=tytan_status.check,
            order=tytan_status.ORDER,
        ),
        ConfigPage(key="core.contact", title=_("Contact data"), schema=contact.ContactConfigSchema, order=40),
        ConfigPage(key="core.passwords", title=_("Passwords"), schema=PasswordPolicySchema, order=70),
        ConfigPage(
            key="core.accessibility", title=_("Accessibility declaration"), schema=AccessibilityConfigSchema, order=55
        ),
        ConfigPage(key="core.look", title=_("Look"), schema=contact.LookConfigSchema, order=60),
    ]


@hookimpl
def ebok_config_status(session):
    return [tytan_status.database_status(session), contact.contact_status(session)]


@hookimpl
def ebok_audit_actions():
    return [*admin.ACTIONS, *outbox.ACTIONS, *permissions.ACTIONS]


@hookimpl
def ebok_copy_tables():
    return CORE_VIEWS


@hookimpl
def ebok_outbox_messages():
    return [Mail]


@hookimpl
def ebok_outbox_targets(settings):
    return core_targets(settings)


@hookimpl(trylast=True)
def ebok_tytan_source(settings):
    return tytan.of(settings)


@hookimpl
def ebok_jobs():
    return [*outbox_jobs.JOBS, *own_jobs.JOBS, *mail_jobs.JOBS, *identity_jobs.JOBS, *audit_jobs.JOBS, *tytan_jobs.JOBS]


@hookimpl
def ebok_notification_templates():
    return [*notices.ALL, *mail_jobs.TEMPLATES]


@hookimpl(trylast=True)
def ebok_authenticate(identifier, secret, session, kind):
    return identity.recognise(session, identifier, secret, kind)
