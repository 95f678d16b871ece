"""What the room declares to the portal, in one place: pages, rights, menu, messages, mails, work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import AuditAction, ConfigPage, WorkItem
from ebok_core.contracts.identity import Permission, Viewer
from ebok_core.contracts.web import MenuEntry, Mount, Zone
from ebok_core.i18n import lazy_gettext as _

from . import admin, jobs, menu, notices, permissions, privacy, service, views
from .access import declared as access
from .factor import declared as factor
from .recovery import declared as recovery
from .registration import admin as registration_admin
from .registration import cards, finish, letters, verifier, worker
from .registration import service as registration
from .registration import views as registration_views
from .registration.schemas import RegistrationConfigSchema
from .saml import declared as saml
from .schemas import PasswordPolicySchema

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=views.public),
    Mount(zone=Zone.PUBLIC, blueprint=registration_views.blueprint),
    Mount(zone=Zone.CUSTOMER, blueprint=views.customer, own_account=True),
    Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.PANEL),
    Mount(zone=Zone.ADMIN, blueprint=registration_admin.blueprint, permission=permissions.ACCOUNTS),
    *access.MOUNTS,
    *recovery.MOUNTS,
    *factor.MOUNTS,
    *saml.MOUNTS,
)
PANEL = permissions.PANEL
PERMISSIONS: tuple[Permission, ...] = (*permissions.ALL, *access.PERMISSIONS, *factor.PERMISSIONS, *saml.PERMISSIONS)
MENU: tuple[MenuEntry, ...] = (*menu.ALL, *access.MENU, *factor.MENU, *saml.MENU)
ACTIONS: tuple[AuditAction, ...] = (*permissions.ACTIONS, *access.ACTIONS, *factor.ACTIONS, *saml.ACTIONS)
CARDS = cards.ALL
CONFIG_PAGES = (
    ConfigPage(key="core.passwords", title=_("Passwords"), schema=PasswordPolicySchema, order=70),
    ConfigPage(key="core.registration", title=_("Making accounts"), schema=RegistrationConfigSchema, order=68),
    *factor.CONFIG_PAGES,
)
MESSAGES = (*finish.MESSAGES, *access.MESSAGES, *saml.MESSAGES)
TEMPLATES = (
    *notices.ALL,
    *letters.templates(registration.mail_came_back),
    *access.TEMPLATES,
    *recovery.TEMPLATES,
    *factor.TEMPLATES,
    *saml.TEMPLATES,
)
VERIFIERS = verifier.ALL
PERSONAL_DATA = (*privacy.ALL, *saml.PERSONAL_DATA)
JOBS = (*jobs.JOBS, *access.JOBS, *saml.JOBS)
LOGIN_METHODS = saml.LOGIN_METHODS
SLOTS = saml.SLOTS
HELP = recovery.HELP
config_status = saml.config_status
recognise = service.recognise


def work_items(viewer: Viewer, session: Session) -> Iterable[WorkItem]:
    """What waits in this room for who may do it."""
    registrations = finish.work_items(session) if viewer.may(permissions.ACCOUNTS) else []
    of_rooms = (recovery, factor, saml)
    return [*registrations, *(item for room in of_rooms for item in room.work_items(viewer, session))]


def targets(runtime: Any) -> list[Any]:
    """Far sides: the worker that answers strangers, and the hub that hears of a sign-out."""
    return [*worker.targets(runtime), *saml.targets(runtime)]
