"""What the sub-room says to the portal; `identity.declared` gathers it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import WorkItem
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import HelpPage, Mount, Zone
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity import permissions

from . import admin, alarm, mails, views

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=views.public),
    Mount(zone=Zone.CUSTOMER, blueprint=views.own, own_account=True),
    Mount(zone=Zone.ADMIN, blueprint=views.own, permission=permissions.PANEL),
    Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.RESET),
    Mount(zone=Zone.ADMIN, blueprint=admin.everybody, permission=permissions.RESET_STAFF),
)
TEMPLATES = mails.TEMPLATES
HELP = (
    HelpPage(
        key="core.help_reset",
        zone=Zone.ADMIN,
        title=_("When somebody can't sign in"),
        template="ebok_core/identity/recovery/help.html",
        endpoints=("admin.recovery.index", "admin.recovery.person", "admin.recovery.end_sessions"),
        order=20,
    ),
)


def work_items(viewer: Viewer, session: Session) -> Iterable[WorkItem]:
    """Owners who said that a sign-in was not theirs."""
    return alarm.work_items(viewer, session) if viewer.may(permissions.RESET) else []
