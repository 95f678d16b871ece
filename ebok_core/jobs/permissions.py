"""Who may look at background work and start some of it by hand, and how the audit trail names that."""

from __future__ import annotations

from ebok_core.contracts.admin import AuditAction
from ebok_core.contracts.identity import Permission
from ebok_core.i18n import lazy_gettext as _

SEE = Permission(
    key="core.processes",
    title=_("See background processes and stuck messages"),
    roles=frozenset({"clerk", "observer", "accountant", "admin"}),
)
RUN = Permission(key="core.run_jobs", title=_("Start a background process by hand"), roles=frozenset({"admin"}))

ALL = (SEE, RUN)
ACTIONS = (
    AuditAction(
        key="core.job.started",
        title=_("A background process was started by hand"),
        endpoint="admin.jobs.job",
        argument="key",
    ),
)
