"""What the room declares to the portal, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import ConfigPage, StatusRow
from ebok_core.contracts.web import HelpPage, Mount, Zone
from ebok_core.i18n import lazy_gettext as _

from . import admin, cases, directory_admin, jobs, letters, menu, permissions, privacy, settings, views

MOUNTS = (
    Mount(zone=Zone.PUBLIC, blueprint=views.public),
    Mount(zone=Zone.CUSTOMER, blueprint=views.customer, permission=permissions.WRITE),
    Mount(zone=Zone.ADMIN, blueprint=admin.blueprint, permission=permissions.SEE),
    Mount(zone=Zone.ADMIN, blueprint=directory_admin.blueprint, permission=permissions.SET_UP),
)
PERMISSIONS = permissions.ALL
MENU = menu.ALL
ACTIONS = permissions.ACTIONS
CONFIG_PAGES = (
    ConfigPage(key="core.contact", title=_("Contact data"), schema=settings.ContactConfigSchema, order=40),
    ConfigPage(key="core.cases", title=_("How long cases are kept"), schema=settings.CasesConfigSchema, order=54),
    ConfigPage(key="core.look", title=_("Look"), schema=settings.LookConfigSchema, order=60),
)
HELP = (
    HelpPage(
        key="core.help_cases",
        zone=Zone.ADMIN,
        title=_("Cases from Kontakt"),
        template="ebok_core/contact/admin/help.html",
        endpoints=("admin.contact.index", "admin.contact.case", "admin.departments.index"),
        order=20,
    ),
)
TEMPLATES = letters.TEMPLATES
JOBS = jobs.JOBS
PERSONAL_DATA = privacy.ALL
work_items = cases.work_items


def config_status(session: Session) -> Iterable[StatusRow]:
    """Whether a customer can find the utility."""
    return [settings.contact_status(session)]
