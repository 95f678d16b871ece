"""What the room declares to the portal, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ebok_core.contracts.admin import ConfigPage, HealthCheck, StatusRow
from ebok_core.i18n import lazy_gettext as _

from . import jobs, source, status
from .contract import CORE_VIEWS
from .settings import TytanConfigSchema

CONFIG_PAGES = (
    ConfigPage(
        key="core.tytan",
        title=_("Access to the database"),
        schema=TytanConfigSchema,
        check=status.check,
        try_out=status.try_out,
        order=status.ORDER,
    ),
)
COPY_TABLES = CORE_VIEWS
JOBS = jobs.JOBS
HEALTH_CHECKS = (HealthCheck(key="core.copy", title=_("Age of the copy of TYTAN's data"), check=status.copy_health),)
source_of = source.of


def config_status(session: Session) -> Iterable[StatusRow]:
    """Whether TYTAN's database is named and answers."""
    return [status.database_status(session)]
