"""What the sub-room says to the portal; `identity.declared` gathers it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import AuditAction, ConfigPage, WorkItem
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import MenuEntry, Mount, Zone
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity import permissions

from . import admin, notices, office
from .schemas import SecondFactorPolicySchema
from .views import own, sign_in

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=sign_in.public),
    Mount(zone=Zone.CUSTOMER, blueprint=own.own, own_account=True),
    Mount(zone=Zone.ADMIN, blueprint=own.own, permission=permissions.PANEL),
    Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=office.RESET),
)
PERMISSIONS = (office.RESET, office.RESET_STAFF)
MENU = (
    MenuEntry(
        key="core.admin_lost_factor",
        zone=Zone.ADMIN,
        label=_("Lost second factor"),
        endpoint="admin.lost_factor.index",
        permission=office.RESET,
        parent="core.service",
        order=62,
    ),
)
CONFIG_PAGES = (
    ConfigPage(
        key="core.second_factor", title=_("Second factor of sign-in"), schema=SecondFactorPolicySchema, order=71
    ),
)
TEMPLATES = notices.ALL
ACTIONS = (
    AuditAction(key="core.factor.added", title=_("A second factor was added")),
    AuditAction(key="core.factor.removed", title=_("A second factor was removed")),
    AuditAction(key="core.factor.renamed", title=_("A passkey got another name")),
    AuditAction(key="core.factor.codes_made", title=_("New recovery codes were made")),
    AuditAction(key="core.factor.code_used", title=_("A recovery code was used")),
    AuditAction(key="core.factor.passkey_went_back", title=_("The counter of a passkey went back")),
    AuditAction(key="core.factor.reset_asked", title=_("The removal of a lost second factor was asked for")),
    AuditAction(key="core.factor.reset_withdrawn", title=_("The removal of a lost second factor was given up")),
    AuditAction(key="core.factor.reset", title=_("A lost second factor was removed")),
)


def work_items(viewer: Viewer, session: Session) -> Iterable[WorkItem]:
    """Lost factors that wait for this person to confirm."""
    return office.work_items(viewer, session) if viewer.may(office.RESET) else []
