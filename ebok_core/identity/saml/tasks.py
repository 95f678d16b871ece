"""What a sign-in leaves to do: for the office (names that disagree, people asking), for administrators (outages)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ebok_core import audit, clock
from ebok_core.contracts.admin import WorkItem
from ebok_core.contracts.identity import Viewer
from ebok_core.db import uuid7
from ebok_core.errors import NotFound
from ebok_core.i18n import gettext as _
from ebok_core.i18n import lazy_gettext
from ebok_core.identity import permissions as identity_permissions

from . import permissions
from .models import ExternalTask

_T = ExternalTask.__table__
NAMES, OWNED, HELP = "names", "owned", "help"
ALERT, CERTIFICATE = "alert", "certificate"
OF_ADMINS = (ALERT, CERTIFICATE)
TITLES = {
    NAMES: lazy_gettext("A name in TYTAN does not agree with login.gov.pl"),
    OWNED: lazy_gettext("A customer of this person has another owner in the portal"),
    HELP: lazy_gettext("A person verified by login.gov.pl asks for access"),
    ALERT: lazy_gettext("Sign-in through login.gov.pl fails"),
    CERTIFICATE: lazy_gettext("A certificate of login.gov.pl ends soon"),
}
_OPEN = (
    sa.select(_T.c.id, _T.c.kind, _T.c.customer_code, _T.c.created_at)
    .where(_T.c.handled_at.is_(None))
    .order_by(_T.c.created_at)
    .limit(200)
)


def put_down(session: Session, kind: str, about: str, **told: Any) -> None:
    """Put a task down, unless the same one is open: it then keeps what is told anew."""
    row = ExternalTask(id=uuid7(), kind=kind, about=about[:100], created_at=clock.now_utc(), **told)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        known = (_T.c.kind == kind, _T.c.about == about[:100], _T.c.handled_at.is_(None))
        session.execute(sa.update(_T).where(*known).values({**told, "kind": kind}))
    else:
        audit.record(
            session,
            "core.external.task_begun",
            actor=audit.SYSTEM,
            object_type="core.external_task",
            object_id=row.id,
            after={"kind": kind, "customer": told.get("customer_code")},
        )


def handle(session: Session, viewer: Viewer, task_id: str) -> None:
    """Somebody has dealt with it. Raises `NotFound`."""
    done = session.execute(
        sa.update(_T)
        .where(_T.c.id == task_id, _T.c.handled_at.is_(None))
        .values(handled_at=clock.now_utc(), handled_by=viewer.account_id)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        raise NotFound(_("There is no such task."))
    audit.record(
        session, "core.external.task_handled", actor=viewer, object_type="core.external_task", object_id=task_id
    )


def open_for_office(session: Session) -> list[Any]:
    """Open tasks of the office, the oldest first."""
    of_office = (_T.c.handled_at.is_(None), _T.c.kind.not_in(OF_ADMINS))
    rows = sa.select(_T).where(*of_office).order_by(_T.c.created_at).limit(200)
    return list(session.execute(rows))


def work_items(viewer: Viewer, session: Session) -> list[WorkItem]:
    """Open tasks that this member of staff may deal with."""
    may = {
        **dict.fromkeys(OF_ADMINS, viewer.may(permissions.CONFIGURE)),
        **dict.fromkeys((NAMES, OWNED, HELP), viewer.may(identity_permissions.ACCOUNTS)),
    }
    if not any(may.values()):
        return []
    return [
        WorkItem(
            key=f"core.external.{row.id}",
            kind="core.external",
            title=str(TITLES[row.kind]) + (f": {row.customer_code}" if row.customer_code else ""),
            since=row.created_at,
            endpoint="admin.external.index" if row.kind not in OF_ADMINS else "admin.saml.config",
        )
        for row in session.execute(_OPEN)
        if may[row.kind]
    ]
