"""What the room declares to the portal, in one place: pages, rights, menu, messages, mails, work."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import AuditAction, ConfigPage, WorkItem
from ebok_core.contracts.identity import Permission, Viewer
from ebok_core.contracts.web import MenuEntry, Mount, Zone
from ebok_core.i18n import lazy_gettext as _

from . import admin, jobs, menu, notices, permissions, service, views
from .registration import admin as registration_admin
from .registration import cards, finish, letters, verifier, worker
from .registration import service as registration
from .registration import views as registration_views
from .registration.schemas import RegistrationConfigSchema
from .schemas import PasswordPolicySchema

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=views.public),
    Mount(zone=Zone.PUBLIC, blueprint=registration_views.blueprint),
    Mount(zone=Zone.CUSTOMER, blueprint=views.customer),
    Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.PANEL),
    Mount(zone=Zone.ADMIN, blueprint=registration_admin.blueprint, permission=permissions.ACCOUNTS),
)
PANEL = permissions.PANEL
PERMISSIONS: tuple[Permission, ...] = permissions.ALL
MENU: tuple[MenuEntry, ...] = menu.ALL
ACTIONS: tuple[AuditAction, ...] = permissions.ACTIONS
CARDS = cards.ALL
CONFIG_PAGES = (
    ConfigPage(key="core.passwords", title=_("Passwords"), schema=PasswordPolicySchema, order=70),
    ConfigPage(key="core.registration", title=_("Making accounts"), schema=RegistrationConfigSchema, order=68),
)
MESSAGES = finish.MESSAGES
TEMPLATES = (*notices.ALL, *letters.templates(registration.mail_came_back))
VERIFIERS = verifier.ALL
JOBS = jobs.JOBS
targets = worker.targets
recognise = service.recognise


def work_items(viewer: Viewer, session: Session) -> Iterable[WorkItem]:
    """What waits in this room for who may do it."""
    return finish.work_items(session) if viewer.may(permissions.ACCOUNTS) else []
