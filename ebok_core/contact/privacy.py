"""The personal data of this room: cases that a person sent; export and erasure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ebok_core.i18n import lazy_gettext as _
from ebok_core.i18n import lazy_pgettext
from ebok_core.privacy.rows import CORE, plain

from . import keeping, rules
from .models import Case, CaseFile, CaseMessage

_C, _M, _F = Case.__table__, CaseMessage.__table__, CaseFile.__table__
_GIVEN = (
    sa.select(_C.c.number, _C.c.customer_code, _C.c.sender_name, _C.c.sender_email, _C.c.sender_phone, _C.c.state)
    .add_columns(_C.c.received_at, _C.c.due_on, _M.c.id.label("message_id"), _M.c.kind, _M.c.text, _M.c.written_at)
    .join_from(_C, _M, _M.c.case_id == _C.c.id)
    .where(_C.c.account_id == sa.bindparam("account_id"), _M.c.kind != rules.NOTE)
    .order_by(_C.c.received_at, _M.c.written_at, _M.c.id)
)
_FILES = (
    sa.select(_F.c.message_id, _F.c.name)
    .join_from(_F, _M, _M.c.id == _F.c.message_id)
    .join(_C, _C.c.id == _M.c.case_id)
    .where(_C.c.account_id == sa.bindparam("account_id"), _M.c.kind != rules.NOTE)
    .order_by(_F.c.sent_at, _F.c.id)
)


class Cases:
    """Cases that the account sent. Erasing takes the person out of them: the matter belongs to the customer's files."""

    key = "core.cases"
    title = _("Cases from Kontakt")
    order = CORE
    labels: ClassVar[Mapping[str, Any]] = {
        "due_on": _("Answer due by"),
        "files": _("Attachments"),
        "number": _("Case number"),
        "received_at": lazy_pgettext("case", "Received"),
        "sender_email": _("E-mail address"),
        "sender_name": lazy_pgettext("person", "Name"),
        "sender_phone": _("Phone"),
        "written_at": lazy_pgettext("case", "Written"),
    }
    tables = (Case.__tablename__, CaseMessage.__tablename__, CaseFile.__tablename__)
    retention = _("Customers' cases five years after closing; strangers' contact data 90 days, their cases 12 months")

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """Every message of the account's cases with the names of its files, oldest first; the office's notes stay."""
        named: dict[str, list[str]] = {}
        for row in session.execute(_FILES, {"account_id": account_id}):
            named.setdefault(row.message_id, []).append(row.name)
        for row in session.execute(_GIVEN, {"account_id": account_id}):
            given = plain(row._mapping)
            files = named.get(str(given.pop("message_id")), [])
            yield {**given, "files": files}

    def erase(self, session: Session, account_id: str) -> int:
        """Forget who sent the cases; the texts stay with the customer until their own time ends."""
        ids = session.scalars(sa.select(_C.c.id).where(_C.c.account_id == account_id)).all()
        keeping.blank(session, ids)
        return len(ids)


class Directory:
    """Contact persons are the utility's own public word; clerks are staff. Nothing of a customer's account is here."""

    key = "core.contact_directory"
    title = _("Departments and contact persons")
    order = CORE
    tables = ("core_contact_person", "core_department_clerk")
    retention = _("Until the utility changes them")

    def export(self, session: Session, account_id: str, customer_codes: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
        """Nothing that belongs to an account."""
        return []

    def erase(self, session: Session, account_id: str) -> int:
        """Nothing to erase: a clerk's row goes with the account."""
        return 0


ALL = (Cases(), Directory())
