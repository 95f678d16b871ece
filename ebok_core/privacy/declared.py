"""What the room declares to the portal, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import ConfigPage, Level, StatusRow
from ebok_core.contracts.panel import LEAFLET
from ebok_core.contracts.web import Mount, Zone
from ebok_core.i18n import gettext, pgettext
from ebok_core.i18n import lazy_gettext as _

from . import jobs, menu, permissions, sources
from .consents import views as consents
from .deletion import admin as deletion_admin
from .deletion import notices
from .deletion import views as deletion
from .diary import views as diary
from .documents import admin as documents_admin
from .documents import rules as documents_rules
from .documents import service as documents_service
from .documents import views as documents
from .own_data import service as own_data_service
from .own_data import views as own_data
from .settings import ConsentsConfigSchema, RetentionConfigSchema

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=documents.public),
    Mount(zone=Zone.PUBLIC, blueprint=deletion.public),
    Mount(zone=Zone.CUSTOMER, blueprint=documents.customer, own_account=True),
    Mount(zone=Zone.CUSTOMER, blueprint=consents.blueprint, own_account=True),
    Mount(zone=Zone.CUSTOMER, blueprint=own_data.blueprint, own_account=True),
    Mount(zone=Zone.CUSTOMER, blueprint=deletion.customer, own_account=True),
    Mount(zone=Zone.CUSTOMER, blueprint=diary.blueprint, own_account=True),
    Mount(zone=Zone.ADMIN, blueprint=documents_admin.blueprint, permission=permissions.PUBLISH),
    Mount(zone=Zone.ADMIN, blueprint=deletion_admin.blueprint, permission=permissions.DELETE),
)
PERMISSIONS = permissions.ALL
ACTIONS = permissions.ACTIONS
MENU = menu.ALL
CONFIG_PAGES = (
    ConfigPage(key="core.consents", title=_("Customers' consents"), schema=ConsentsConfigSchema, order=56),
    ConfigPage(
        key="core.retention",
        title=_("Personal data: how long"),
        schema=RetentionConfigSchema,
        order=57,
        intro=_("Other times are fixed by law or by safety and stand in the privacy policy."),
    ),
)
JOBS = jobs.JOBS
TEMPLATES = (*own_data_service.TEMPLATES, *notices.TEMPLATES)
PERSONAL_DATA = sources.ALL


def config_status(session: Session) -> Iterable[StatusRow]:
    """Whether the privacy policy is the utility's own text (L171)."""
    policy = documents_service.current(session, documents_rules.PRIVACY)
    own = gettext("Own, version %(version)s", version=policy.version)
    yield StatusRow(
        key="core.privacy_policy",
        title=gettext("Privacy policy"),
        level=Level.DEFAULT if policy.is_default else Level.OK,
        text=pgettext("document", "Default") if policy.is_default else own,
        hint=gettext("Read the text that e-BOK ships, and publish your own") if policy.is_default else "",
        endpoint="admin.documents.index",
        order=LEAFLET["core.privacy_policy"],
    )
