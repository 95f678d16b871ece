"""The wish for one's own data, the building of the file, and who may fetch it (identity.md §10.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from ebok_core import audit, clock, files, i18n, runtime_settings
from ebok_core import notifications as mail
from ebok_core.contracts.identity import Viewer
from ebok_core.contracts.notifications import NotificationTemplate
from ebok_core.db import uuid7
from ebok_core.errors import NotFound, Refused
from ebok_core.i18n import gettext
from ebok_core.i18n import lazy_gettext as _
from ebok_core.identity.models import Account, CustomerAccess
from ebok_core.identity.rules import OWNER
from ebok_core.notifications import posts

from ..models import DataExport
from ..settings import RetentionConfigSchema
from . import archive

if TYPE_CHECKING:
    from ebok_core.runtime import Runtime

log = structlog.get_logger(__name__)

ASKED, READY, OVER = "asked", "ready", "over"
MOST_IN_A_DAY = 3
PAGE_PATH = "/konto/moje-dane"
READY_MAIL = "core.own_data_ready"
TEMPLATES = (
    NotificationTemplate(
        key=READY_MAIL, title=_("The file with one's own data is ready"), base="ebok_core/privacy/mail/own_data"
    ),
)
_X, _A, _C = DataExport.__table__, Account.__table__, CustomerAccess.__table__
_LATELY = (
    sa.select(_X.c.state)
    .where(
        _X.c.account_id == sa.bindparam("account_id"), _X.c.asked_at > sa.bindparam("since", type_=_X.c.asked_at.type)
    )
    .order_by(_X.c.id.desc())
)
_LAST = (
    sa.select(_X.c.id, _X.c.state, _X.c.asked_at, _X.c.built_at, _X.c.expires_at, _X.c.sha256, _X.c.size, _X.c.missing)
    .where(_X.c.account_id == sa.bindparam("account_id"))
    .order_by(_X.c.id.desc())
    .limit(1)
)
_ASKED = (
    sa.select(_X.c.id, _X.c.account_id, _A.c.display_name, _A.c.email, _A.c.locale)
    .join_from(_X, _A, _A.c.id == _X.c.account_id)
    .where(_X.c.state == ASKED)
    .order_by(_X.c.id)
    .limit(20)
)
_OWNED = (
    sa.select(_C.c.customer_code)
    .where(
        _C.c.account_id == sa.bindparam("account_id"),
        _C.c.role == OWNER,
        _C.c.source != "delegation",
        _C.c.revoked_at.is_(None),
    )
    .order_by(_C.c.customer_code)
)


class Export(NamedTuple):
    """The latest wish of a person: how it stands, and the file while it can be fetched."""

    id: str
    state: str
    asked_at: datetime
    built_at: datetime | None
    expires_at: datetime | None
    sha256: str | None
    size: int | None
    missing: str

    @property
    def can_be_fetched(self) -> bool:
        """Whether the file is there and its time is not over."""
        return self.state == READY and self.expires_at is not None and self.expires_at > clock.now_utc()


def latest(session: Session, viewer: Viewer) -> Export | None:
    """The viewer's own latest wish."""
    row = session.execute(_LAST, {"account_id": viewer.account_id}).first()
    return Export._make(row) if row else None


def ask(session: Session, viewer: Viewer) -> str:
    """Ask for the file; the job builds it. Raises `Refused` with `building` or `too_many`."""
    session.execute(sa.select(_A.c.id).where(_A.c.id == viewer.account_id).with_for_update())
    since = clock.now_utc() - timedelta(days=1)
    lately = session.scalars(_LATELY, {"account_id": viewer.account_id, "since": since}).all()
    if ASKED in lately:
        raise Refused(gettext("We are preparing the file already. We will write when it is ready"), code="building")
    if len(lately) >= MOST_IN_A_DAY:
        raise Refused(gettext("You asked for the file three times today. Ask again tomorrow"), code="too_many")
    export_id = uuid7()
    session.execute(
        sa.insert(_X),
        {"id": export_id, "account_id": viewer.account_id, "asked_at": clock.now_utc(), "state": ASKED, "missing": ""},
    )
    audit.record(session, "core.own_data.asked", actor=viewer, object_type="account", object_id=viewer.account_id)
    return export_id


def fetch(session: Session, runtime: Runtime, viewer: Viewer) -> bytes:
    """The viewer's own file. Raises `NotFound` where there is none that can be fetched."""
    found = latest(session, viewer)
    if found is None or not found.can_be_fetched or found.sha256 is None:
        raise NotFound(gettext("There is no file to fetch. Ask for a new one."))
    return files.read(files.folder_of(runtime.settings), found.sha256)


def note_fetched(session: Session, viewer: Viewer) -> None:
    """Write down that the file left the portal."""
    audit.record(session, "core.own_data.fetched", actor=viewer, object_type="account", object_id=viewer.account_id)


# The worker


def build_asked(runtime: Runtime) -> int:
    """Build every file that was asked for; returns how many."""
    with runtime.database.snapshot() as session:
        asked = session.execute(_ASKED).all()
    for row in asked:
        _build(runtime, row)
    return len(asked)


def _build(runtime: Runtime, row: Any) -> None:
    now = clock.now_utc()
    with runtime.database.snapshot() as session, i18n.use_locale(row.locale):
        codes = tuple(session.scalars(_OWNED, {"account_id": row.account_id}))
        parts = [_part(session, source, row.account_id, codes) for source in runtime.portal.of("ebok_personal_data")]
        content = archive.packed(parts, person=row.display_name, office=posts.of(session).office(session), made_at=now)
        kept_days = runtime_settings.get(session, RetentionConfigSchema).export_days
    missing = " ".join(part.key for part in parts if part.rows is None)
    kept = files.store(files.folder_of(runtime.settings), content)
    expires = now + timedelta(days=kept_days)
    with runtime.database.unit_of_work() as session:
        files.record(session, kept, archive.MEDIA_TYPE)
        done = session.execute(
            sa.update(_X)
            .where(_X.c.id == row.id, _X.c.state == ASKED)
            .values(state=READY, built_at=now, expires_at=expires, sha256=kept.sha256, size=kept.size, missing=missing)
        )
        if done.rowcount:  # type: ignore[attr-defined]
            _tell(session, row, expires)


def _part(session: Session, source: Any, account_id: str, codes: tuple[str, ...]) -> archive.Part:
    """What a source gives; one that fails is named in the file and does not take the others with it."""
    try:
        with session.begin_nested():
            rows = list(source.export(session, account_id, codes))
    except Exception:
        log.exception("own_data.source_failed", source=source.key)
        rows = None
    return archive.Part(
        key=source.key,
        title=str(source.title),
        retention=str(source.retention),
        rows=rows,
        labels=getattr(source, "labels", None) or {},
    )


def _tell(session: Session, row: Any, expires: datetime) -> None:
    with i18n.use_locale(row.locale):
        context = {"name": row.display_name, "until": i18n.instant_in_words(expires), "path": PAGE_PATH}
    mail.enqueue(
        session,
        READY_MAIL,
        recipient=row.email,
        context=context,
        subject_type="own_data",
        subject_id=row.id,
        locale=row.locale,
    )


def forget_old(session: Session) -> int:
    """Take back files whose time is over; returns how many."""
    over = sa.select(_X.c.id, _X.c.sha256).where(_X.c.state == READY, _X.c.expires_at <= clock.now_utc())
    rows = session.execute(over).all()
    for row in rows:
        files.forget(session, row.sha256)
        session.execute(sa.update(_X).where(_X.c.id == row.id).values(state=OVER, sha256=None))
    return len(rows)
