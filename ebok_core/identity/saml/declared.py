"""What the sub-room says to the portal; `identity.declared` gathers it. Nothing here needs the optional packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import StatusRow, WorkItem
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import MenuEntry, Mount, SlotFragment, Zone
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity import permissions as identity_permissions

from . import admin, checks, flow, hub_sessions, jobs, notices, permissions, privacy, service, settings, tasks
from .views import own, pending
from .views import tasks as task_pages

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=pending.public),
    Mount(zone=Zone.CUSTOMER, blueprint=own.own, own_account=True),
    Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.CONFIGURE),
    Mount(zone=Zone.ADMIN, blueprint=task_pages.work, permission=identity_permissions.ACCOUNTS),
)
PERMISSIONS = permissions.ALL
ACTIONS = permissions.ACTIONS
MENU = (
    MenuEntry(
        key=checks.KEY,
        zone=Zone.ADMIN,
        label=_("Sign-ins through ePUAP"),
        endpoint="admin.saml.config",
        permission=permissions.CONFIGURE,
        parent="core.configuration",
        order=LEAFLET[checks.KEY],
    ),
    MenuEntry(
        key=task_pages.MENU,
        zone=Zone.ADMIN,
        label=_("Tasks of login.gov.pl"),
        endpoint="admin.external.index",
        permission=identity_permissions.ACCOUNTS,
        parent="core.service",
        order=64,
    ),
)
MESSAGES = (hub_sessions.HubLogout,)
TEMPLATES = notices.TEMPLATES
JOBS = jobs.JOBS
PERSONAL_DATA = privacy.ALL
targets = hub_sessions.targets


@dataclass(frozen=True)
class LoginGov:
    """The button of the sign-in page; its text is a setting of the utility."""

    key: str = "core.login_gov"
    title: Any = settings.LABEL
    endpoint: str = "public.saml.start"
    posts: bool = True

    def is_configured(self, session: Session) -> bool:
        """Whether it was tested and is on."""
        return flow.is_offered(session)

    def title_in(self, session: Session) -> str:
        """The text as the utility wants it."""
        return settings.label_of(session)


LOGIN_METHODS = (LoginGov(),)


def _in_account(session: Session, viewer: Viewer) -> dict[str, Any] | None:
    """On "Moje konto": whether login.gov.pl is linked; nothing while it is off and nothing is linked."""
    linked = service.linked(session, viewer) if viewer.kind == "customer" else None
    if viewer.kind != "customer" or (linked is None and not flow.is_offered(session)):
        return None
    return {"linked": linked is not None}


SLOTS = (
    SlotFragment(
        key="core.login_gov",
        slot="core.account",
        template="ebok_core/identity/saml/_account.html",
        load=_in_account,
    ),
)


def config_status(session: Session) -> Iterable[StatusRow]:
    """Whether people can sign in through login.gov.pl (L169)."""
    return [checks.status_row(session)]


def work_items(viewer: Viewer, session: Session) -> Iterable[WorkItem]:
    """Tasks that sign-ins left."""
    return tasks.work_items(viewer, session)
