"""What waits for the office: documents whose lines do not add up, notices that came back."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from ebok_core import Viewer, WorkItem, clock
from ebok_core.i18n import gettext

from ..permissions import MANAGE
from ..service import bounces, files, selects

# How far back documents are looked at: what is older was seen, and the question stays small.
LOOKED_AT = timedelta(days=60)


def work_items(viewer: Viewer, session: Session) -> list[WorkItem]:
    """Documents of the last weeks whose lines differ from their amounts, and returned notices; a hundred of each."""
    if not viewer.may(MANAGE):
        return []
    found = [*_not_adding_up(session), *_returned(session), *_wrong_files(session)]
    return sorted(found, key=lambda item: item.since)


def _wrong_files(session: Session) -> list[WorkItem]:
    """Files that are not what their hashes say: shown to nobody until TYTAN gives the right ones."""
    return [
        WorkItem(
            key=f"faktura.file.{row.document_number}.{row.kind}",
            kind=gettext("File of TYTAN with a wrong checksum"),
            title=gettext("%(number)s, file %(kind)s", number=row.document_number, kind=row.kind),
            since=row.seen_at,
            endpoint="admin.faktura.values",
        )
        for row in files.wrong_files(session)
    ]


def _returned(session: Session) -> list[WorkItem]:
    """Notices that came back and that nobody has cleared up, oldest first (L107)."""
    return [
        WorkItem(
            key=f"faktura.returned.{row.id}",
            kind=gettext("Returned e-invoice"),
            title=gettext("%(number)s, customer %(code)s", number=row.document_number, code=row.customer_code),
            since=row.bounced_at,
            endpoint="admin.faktura.notice",
            arguments=(("notice_id", row.id),),
        )
        for row in session.execute(bounces.UNHANDLED)
    ]


def _not_adding_up(session: Session) -> list[WorkItem]:
    found = session.execute(selects.NOT_ADDING_UP, {"since": clock.today() - LOOKED_AT})
    return [
        WorkItem(
            key=f"faktura.sums.{row.number}",
            kind=gettext("Document whose lines do not add up"),
            title=gettext("%(number)s, customer %(code)s", number=row.number, code=row.customer_code),
            since=datetime.combine(row.issued_on, time(), tzinfo=clock.WARSAW),
            endpoint="admin.faktura.values",
        )
        for row in found
    ]
