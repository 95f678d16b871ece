"""The core's own declarations, made with the same hooks that modules get."""

from __future__ import annotations

from . import hookimpl
from .admin import menu as admin_menu
from .admin import permissions as admin
from .admin import views as admin_views
from .audit import jobs as audit_jobs
from .balance import declared as balance
from .contact import settings as contact
from .contracts.admin import ConfigPage
from .contracts.module import Module
from .contracts.web import Mount, Zone
from .customer import cards
from .customer import menu as customer_menu
from .customer import views as customer
from .files import jobs as file_jobs
from .i18n import lazy_gettext as _
from .identity import declared as identity
from .jobs import jobs as own_jobs
from .notifications import jobs as mail_jobs
from .notifications import settings as sms
from .notifications.messages import Mail, Sms
from .notifications.sms import SmsTarget
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
        *identity.MOUNTS,
        Mount(zone=Zone.PUBLIC, blueprint=public.blueprint),
        Mount(zone=Zone.CUSTOMER, blueprint=customer.blueprint),
        *balance.MOUNTS,
        Mount(zone=Zone.ADMIN, blueprint=admin_views.blueprint, permission=identity.PANEL),
    ]


@hookimpl
def ebok_permissions():
    return [*admin.ALL, *outbox.ALL, *identity.PERMISSIONS]


@hookimpl
def ebok_menu_entries():
    return [*public_menu.ALL, *customer_menu.ALL, *balance.MENU, *admin_menu.ALL, *identity.MENU]


@hookimpl
def ebok_dashboard_cards():
    return [*cards.ALL, *identity.CARDS]


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
        ConfigPage(key="core.sms", title=_("Text messages (SMS)"), schema=sms.SmsConfigSchema, order=sms.ORDER),
        *identity.CONFIG_PAGES,
        *balance.CONFIG_PAGES,
        ConfigPage(
            key="core.accessibility", title=_("Accessibility declaration"), schema=AccessibilityConfigSchema, order=55
        ),
        ConfigPage(key="core.look", title=_("Look"), schema=contact.LookConfigSchema, order=60),
    ]


@hookimpl
def ebok_config_status(session):
    checks = (tytan_status.database_status, contact.contact_status, sms.sms_status, balance.balance_status)
    return [check(session) for check in checks]


@hookimpl
def ebok_audit_actions():
    return [*admin.ACTIONS, *outbox.ACTIONS, *identity.ACTIONS]


@hookimpl
def ebok_copy_tables():
    return CORE_VIEWS


@hookimpl
def ebok_outbox_messages():
    return [Mail, Sms, *identity.MESSAGES]


@hookimpl
def ebok_outbox_targets(settings):
    return [*core_targets(settings), SmsTarget(settings), *identity.targets(settings)]


@hookimpl(trylast=True)
def ebok_tytan_source(settings):
    return tytan.of(settings)


@hookimpl
def ebok_jobs():
    rooms = (outbox_jobs, own_jobs, mail_jobs, identity, audit_jobs, tytan_jobs, file_jobs, balance)
    return [job for room in rooms for job in room.JOBS]


@hookimpl
def ebok_notification_templates():
    return [*identity.TEMPLATES, *mail_jobs.TEMPLATES, *balance.TEMPLATES]


@hookimpl(trylast=True)
def ebok_authenticate(identifier, secret, session, kind):
    return identity.recognise(session, identifier, secret, kind)


@hookimpl
def ebok_registration_verifiers():
    return identity.VERIFIERS


@hookimpl
def ebok_work_items(viewer, session):
    return [*identity.work_items(viewer, session), *balance.work_items(viewer, session)]
