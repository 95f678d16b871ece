"""What the room declares to the portal, in one place; all of it is there only while a module deals in money."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import ConfigPage, StatusRow, WorkItem
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.web import MenuEntry, Mount, Zone
from ebok_core.i18n import lazy_gettext as _

from . import menu, notices, service, settings, views

MOUNTS = (Mount(zone=Zone.CUSTOMER, blueprint=views.blueprint, with_money=True),)
MENU: tuple[MenuEntry, ...] = menu.ALL
CONFIG_PAGES = (
    ConfigPage(
        key="core.balance",
        title=_("Balance and interest"),
        schema=settings.BalanceConfigSchema,
        intro=_("The statutory rates change with NBP's decisions. Interest in the portal is counted by these tables"),
        order=settings.ORDER,
        with_money=True,
    ),
)
JOBS = notices.JOBS
TEMPLATES = notices.TEMPLATES


def config_status(session: Session) -> Iterable[StatusRow]:
    """Whether the rates of interest are there for today."""
    return [settings.balance_status(session)]


def work_items(viewer: Viewer, session: Session) -> Iterable[WorkItem]:
    """Customers whose balance is withheld, for the staff who look after customers."""
    return service.work_items(session) if viewer.kind == "staff" else []
